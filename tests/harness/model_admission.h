// SPDX-License-Identifier: Apache-2.0
// ModelAdmission: who gets a new connection, written a second time for clarity alone: whitelist, connection limit,
// stickiness, algorithms, and how many connections each member and listener has. Part of ModelBalancer. Not modelled:
// ticks (what is sticky stays so), shares of the table, the rate guard, rings of least connections that are drawn from.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "elb/abi.h"
#include "harness/model_address.h"

namespace elb::test {

struct ModelPolicy {
  elb_algorithm algorithm = ELB_ROUND_ROBIN;
  bool whitelist = false;
  std::vector<std::pair<ModelAddress, uint32_t>> allowed = {};  // address, bits of its family
  uint32_t sticky_ticks = 0;
  uint32_t connection_limit = 0;
  uint32_t hash_seed = 0;
};

/// What a member may be given to as far as its own state says.
enum class ModelFitness { kFit, kNoHop, kUnusable };

class ModelAdmission {
 public:
  struct Question {
    uint32_t listener = 0;
    ModelAddress client;
    const ModelPolicy& policy;
    const std::vector<uint32_t>* ring = nullptr;
    std::function<ModelFitness(uint32_t)> fitness;
    std::function<uint32_t(uint32_t)> weight;
  };
  struct Answer {
    uint32_t reason = ELB_REASON_COUNT;  // ELB_REASON_COUNT: `member` gets it
    uint32_t member = 0;
  };
  Answer ask(const Question& question);
  static bool allows(const ModelPolicy& policy, const ModelAddress& client);

  void opened(uint32_t member, uint32_t listener) { change(member, listener, 1); }
  void closed(uint32_t member, uint32_t listener) { change(member, listener, -1); }
  int64_t load(uint32_t member) const { return at(loads_, member); }
  int64_t active(uint32_t listener) const { return at(active_, listener); }

 private:
  Answer from(const Question& question, uint64_t start) const;
  Answer least(const Question& question);
  void change(uint32_t member, uint32_t listener, int step) {
    loads_[member] += step;
    active_[listener] += step;
  }
  static int64_t at(const std::map<uint32_t, int64_t>& counts, uint32_t index) {
    const auto found = counts.find(index);
    return found == counts.end() ? 0 : found->second;
  }

  std::map<uint32_t, uint64_t> turns_;                            // by listener
  std::map<std::pair<uint32_t, ModelAddress>, uint32_t> sticky_;  // listener, client -> member
  std::map<uint32_t, int64_t> loads_, active_;                    // by member, by listener
};

}  // namespace elb::test
