// SPDX-License-Identifier: Apache-2.0
// A write load whose every transaction follows from a seed and the revision it starts from, and the history that must
// come of it. So a test can tell, field by field, what a store may hold after a crash.
// Thread rule: one thread.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "control/config_service.h"
#include "harness/manual_clock.h"
#include "harness/seeded_random.h"

namespace elb::control {

/// ConfigService holds on to one Random; this one is wound to each revision before its transaction, ids included.
class RewindableRandom final : public Random {
 public:
  uint64_t next() override { return current_.next(); }
  void wind(uint64_t seed, uint64_t revision) { current_ = test::SeededRandom(seed * 1'000'003 + revision); }

 private:
  test::SeededRandom current_{0};
};

const model::Node& write_load_node();

/// The edit that leads from `revision` to the next; always changes something, mostly many rows.
Status write_load_step(Draft& draft, uint64_t revision, Random& random);

/// What the store must hold, revision by revision, computed without any store.
class History {
 public:
  explicit History(uint64_t seed) : seed_(seed) {}
  uint64_t seed() const { return seed_; }
  const model::Model& model() const { return model_; }
  Status advance();

 private:
  uint64_t seed_;
  test::ManualClock clock_;
  model::Model model_;
};

/// Same revision, same resources, same fields.
bool same(const model::Model& a, const model::Model& b);

}  // namespace elb::control
