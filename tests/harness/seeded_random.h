// SPDX-License-Identifier: Apache-2.0
// SeededRandom: repeatable randomness for tests. Thread rule: one thread.
#pragma once

#include <random>

#include "base/random.h"

namespace elb::test {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace elb::test
