// SPDX-License-Identifier: Apache-2.0
// Steer: the executor that gives connections to HTTP and HTTPS listeners to the proxy's sockets (bpf/sk_steer.bpf.c):
// one map entry for each address and port, one local route for each address. Program, maps and link are pinned in a
// directory of their own; a new agent takes them over, so that listeners stay while it restarts.
// Thread rule: one thread (the reconciler's), start() and set_sockets() before it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/sink.h"

namespace elb::steer {

inline constexpr const char* kPinDir = "/sys/fs/bpf/elb-steer";

/// The listening sockets of one loop, which the caller owns. -1: no IPv6 here.
struct LoopSockets {
  int v4 = -1;
  int v6 = -1;
};

class Steer final : public model::Sink {
 public:
  /// Loads and attaches to the network namespace of this thread, or takes over what is pinned. kConflict when pins are
  /// of another version.
  static Result<std::unique_ptr<Steer>> start(const std::string& pin_dir, Random& random);
  ~Steer() override;
  Steer(const Steer&) = delete;
  Steer& operator=(const Steer&) = delete;

  /// Connections go to these from now on, spread evenly. Replaces earlier ones one by one: none is refused meanwhile.
  /// kInvalid for none or too many.
  Status set_sockets(const std::vector<LoopSockets>& loops);

  std::string_view name() const override { return "steer"; }
  Result<model::Applied> apply(model::SnapshotPtr snapshot) override;
  /// Map entries, local routes, the link.
  Result<model::Audit> audit() override;

  struct Counts {
    uint64_t given = 0;
    uint64_t no_socket = 0;
  };
  Result<Counts> counts() const;

 private:
  struct Parts;
  explicit Steer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Detaches, removes pins and local routes. Nothing there is success.
Status teardown(const std::string& pin_dir);

}  // namespace elb::steer
