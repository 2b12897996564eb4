// SPDX-License-Identifier: Apache-2.0
// CountReport: what a worker has counted, on its way to the agent: written by the worker from its counters, read by the
// agent, who believes nothing of it. Thread rule: pure functions; the writer reads counters that loops go on counting.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/snapshot.h"
#include "proxy/counters.h"

namespace elb::proxy {

struct CountReport {
  std::map<std::string, ListenerSums> listeners;
  std::map<std::string, MemberSums> members;
};

/// Larger than any sum of an honest worker, small enough that sums over workers do not overflow.
inline constexpr uint64_t kMostCounted = uint64_t{1} << 56;

/// Of the HTTP listeners of the snapshot and of the members of its pools: what a configuration once had does not make
/// reports longer.
std::string encode_counts(const Counters& counters, const model::Snapshot& snapshot);

/// No honest report about so many is longer.
size_t longest_report(size_t listeners, size_t members);

/// kInvalid: not whole, an id twice, or a number beyond kMostCounted.
Result<CountReport> decode_counts(std::string_view bytes);

}  // namespace elb::proxy
