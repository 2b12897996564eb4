// SPDX-License-Identifier: Apache-2.0
// NextHops: keeps the tables that follow the node's network true: where packets to each member go (elb_hops), which
// interfaces they may leave by (elb_tx_ports), MAC and MTU of the attached interfaces (elb_links). A thread of its own
// listens to the kernel's notifications about links, routes and neighbours, so a changed MAC or route is written within
// milliseconds; flows hold the index of a hop and follow. Thread rule: every call is safe from any thread and is
// carried out by that thread; the caller waits.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"
#include "dataplane/map_port.h"
#include "model/sink.h"

namespace elb::dataplane {

class NextHops {
 public:
  /// The port outlives the object.
  static Result<std::unique_ptr<NextHops>> start(MapPort& port, const Clock& clock);
  virtual ~NextHops() = default;

  /// The interfaces the program is attached to.
  virtual Status attach(std::set<uint32_t> ifindexes) = 0;
  /// The member addresses to serve, with the index of each. New ones are waited for a moment, so that a member enters a
  /// ring with its neighbour resolved; one that does not answer is tried again every second.
  virtual Status want(const std::map<IpAddress, uint32_t>& hops) = 0;
  /// Compares the three tables with what they should hold, repairs, tells.
  virtual Status audit(model::Audit& audit) = 0;
  /// Member addresses without a next hop, and why.
  virtual std::map<IpAddress, std::string> problems() = 0;
  /// Map writes so far.
  virtual uint64_t writes() const = 0;
};

}  // namespace elb::dataplane
