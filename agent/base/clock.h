// SPDX-License-Identifier: Apache-2.0
// Clock: the only source of time. Whoever needs time is given one; tests give a ManualClock (tests/harness).
// steady() never steps and drives every timeout; wall() is for what people read (created_at, logs).
// Thread rule: implementations are safe to call from any thread.
#pragma once

#include <chrono>
#include <string>

namespace elb {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

/// "2026-11-23T23:07:52" in UTC, 19 characters: the form of created_at and updated_at in the API.
std::string format_utc(WallTime time);

}  // namespace elb
