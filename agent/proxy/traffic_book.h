// SPDX-License-Identifier: Apache-2.0
// TrafficBook: the agent's sums of what its workers counted, one after the other. A worker that is replaced takes
// nothing away, and a worker that lies can only add: sums never go back, what it tells of things that it was never
// given is not kept, and so the book stays as small as the configuration. Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "model/http_traffic.h"
#include "model/snapshot.h"
#include "proxy/count_report.h"

namespace elb::proxy {

class TrafficBook {
 public:
  /// What workers may tell of from now on. What was counted for others stays for as long as there is room for it.
  void expect(const model::Snapshot& snapshot);
  /// In bytes; a longer report is none, not even of a worker that still has an earlier, larger snapshot.
  size_t longest_report() const { return proxy::longest_report(most_listeners_, most_members_); }

  void take(const CountReport& report);
  /// The next report is of another worker, which starts at zero.
  void worker_ended();

  /// Nothing for what no worker has told of.
  std::optional<model::HttpListenerTraffic> listener(const model::Id& id) const;
  std::optional<model::HttpMemberTraffic> member(const model::Id& id) const;

 private:
  template <class Sums>
  struct Entry {
    Sums carried{};  // of workers that ended
    Sums told{};     // by the one that runs
    bool wanted = false;
    bool counted = false;
  };
  template <class Sums>
  using Entries = std::map<model::Id, Entry<Sums>, std::less<>>;

  Entries<ListenerSums> listeners_;
  Entries<MemberSums> members_;
  size_t most_listeners_ = 0;  // of any snapshot
  size_t most_members_ = 0;
};

}  // namespace elb::proxy
