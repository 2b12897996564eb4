// SPDX-License-Identifier: Apache-2.0
// PinDir: the directory below a bpffs that keeps maps, program and links alive while no agent runs. Owned by one agent
// at a time (flock). Nothing is ever mounted here: an agent in a mount namespace of its own (a unit with PrivateMounts,
// 'ip netns exec') would lose such a mount together with all pins when it ends, and with them the traffic that they are
// to keep. Layout: elb_* maps, programs/xdp_balancer, links/if<ifindex>. Thread rule: one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace elb::dataplane {

class PinDir {
 public:
  /// Makes the directories (mode 0700) and takes the lock. kSystem with the remedy where no bpffs is mounted, kConflict
  /// when another agent holds it.
  static Result<PinDir> open(const std::string& path);
  /// The same for an existing one; kNotFound if there is none.
  static Result<PinDir> open_existing(const std::string& path);

  /// To look at only: makes nothing, takes no lock. kNotFound if there is none.
  static Result<PinDir> look(const std::string& path);
  /// Does an agent hold it?
  bool in_use() const;

  std::string map_path(std::string_view map) const { return path_ + "/" + std::string(map); }
  std::string program_path() const { return path_ + "/programs/xdp_balancer"; }
  std::string link_path(uint32_t ifindex) const;
  /// Interface indexes that have a pinned link.
  std::vector<uint32_t> links() const;

  /// Pins, replacing what has that name.
  Status pin(int fd, const std::string& path) const;
  /// Nothing pinned there: an empty Fd.
  Result<Fd> get(const std::string& path) const;
  Status unpin(const std::string& path) const;
  bool exists(const std::string& path) const;

  /// Removes links, then program, then maps: from here on the kernel has nothing of ours unless somebody holds it open.
  Status remove_pins() const;
  /// remove_pins() and the directories themselves.
  Status remove();

 private:
  PinDir(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  static Result<PinDir> lock(const std::string& path);

  std::string path_;
  Fd lock_;
};

}  // namespace elb::dataplane
