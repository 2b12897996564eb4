// SPDX-License-Identifier: Apache-2.0
// Served: a snapshot as the proxy serves it: each HTTP and HTTPS listener by the address and port that clients come
// to, with its routes, its certificates, and the balancers of all pools. What did not change is taken over from the one
// before. Thread rule: immutable but for the connection counts, which are atomic; shared by all loops.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/snapshot.h"
#include "proxy/balancer.h"
#include "proxy/member_pool.h"
#include "proxy/rate_gate.h"
#include "proxy/router.h"
#include "proxy/sticky.h"
#include "tls/server_table.h"

namespace elb::proxy {

using OpenCount = std::shared_ptr<std::atomic<uint32_t>>;

struct ServedListener {
  size_t index = 0;                                   // into Served's listeners
  const model::SnapshotListener* listener = nullptr;  // of Served::snapshot; has `http`
  std::shared_ptr<const Router> router;
  std::shared_ptr<const tls::ServerTable> tls;  // HTTPS; null there too if its certificates cannot be used
  OpenCount open;                               // connections of all loops, carried over to the next snapshot
  std::shared_ptr<RateGate> gate;               // of its requests, carried over too

  bool secure() const { return listener->http->tls.has_value(); }
  const model::SnapshotHttp& http() const { return *listener->http; }
};

struct StickyParts {
  StickyKey key{};
  std::shared_ptr<LearnedCookies> learned;
};

class Served {
 public:
  /// `old` may be null.
  static std::shared_ptr<const Served> build(model::SnapshotPtr snapshot, const Served* old, const StickyParts& sticky,
                                             SteadyTime now = {});

  /// Who is served at this address and port of ours; null: nobody.
  const ServedListener* find(const Endpoint& local) const;
  const std::vector<ServedListener>& listeners() const { return listeners_; }
  const model::Snapshot& snapshot() const { return *snapshot_; }
  const Balancer& balancer() const { return *balancer_; }
  const Sticky& sticky() const { return *sticky_; }

  /// What could not be made ready, one line for each listener: its connections are refused until it can.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  using Credentials = std::vector<tls::CredentialPtr>;  // by index into Snapshot::certificates; null: unusable
  Served() = default;
  Credentials read_credentials(const Served* old);
  std::shared_ptr<const tls::ServerTable> make_table(const model::SnapshotListener& listener, const Served* old);

  model::SnapshotPtr snapshot_;
  std::shared_ptr<const Balancer> balancer_;
  std::shared_ptr<const Sticky> sticky_;
  Credentials credentials_;
  std::vector<ServedListener> listeners_;
  std::unordered_map<Endpoint, size_t, EndpointHash> by_endpoint_;
  std::unordered_map<std::string, size_t> by_id_;
  std::vector<std::string> problems_;
};

}  // namespace elb::proxy
