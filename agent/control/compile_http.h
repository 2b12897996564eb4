// SPDX-License-Identifier: Apache-2.0
// The part of a snapshot that HTTP and HTTPS listeners have: policies, TLS, certificates, timeouts. Private to
// control/. Thread rule: pure; keeps references to the model that it was made of.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/resources.h"
#include "model/snapshot.h"

namespace elb::control {

/// Position of each pool in Snapshot::pools; a view of ids that the model owns.
using PoolIndex = std::unordered_map<std::string_view, size_t>;

class HttpCompiler {
 public:
  explicit HttpCompiler(const model::Model& model);

  /// The pools that the listener's policies lead to.
  std::vector<std::string_view> pools_of(const model::Listener& listener) const;

  /// Fills Snapshot::certificates with what these listeners use; before any compile().
  void add_certificates(const std::vector<const model::Listener*>& listeners, model::Snapshot& snapshot);

  model::SnapshotHttp compile(const model::Listener& listener, const PoolIndex& pools) const;

  static model::SnapshotCookie cookie_of(const model::Pool& pool);

 private:
  model::SnapshotPolicy compile(const model::L7Policy& policy, const PoolIndex& pools) const;
  model::SnapshotTls compile(const model::ListenerTls& tls) const;
  const std::vector<const model::L7Policy*>& policies_of(const model::Listener& listener) const;

  const model::Model& model_;
  std::unordered_map<std::string_view, std::vector<const model::L7Policy*>> policies_;  // by listener, in order
  std::unordered_map<std::string_view, std::vector<const model::L7Rule*>> rules_;       // by policy
  std::unordered_map<std::string_view, size_t> certificates_;  // position in Snapshot::certificates
};

}  // namespace elb::control
