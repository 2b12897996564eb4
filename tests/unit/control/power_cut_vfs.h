// SPDX-License-Identifier: Apache-2.0
// PowerCutVfs: SQLite's file layer that remembers which writes have been synced. image() is what a disk may hold if the
// power went now: everything synced, and of the rest any sectors in any order. Installed as SQLite's default, so the
// store under test needs no seam. Shared memory is not on the disk and not in the image.
// Thread rule: one thread; one instance at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/random.h"

namespace elb::test {

class PowerCutVfs {
 public:
  /// `before_write` is called before each write, truncation and sync of a database or log.
  explicit PowerCutVfs(std::function<void()> before_write);
  ~PowerCutVfs();
  PowerCutVfs(const PowerCutVfs&) = delete;
  PowerCutVfs& operator=(const PowerCutVfs&) = delete;

  /// Path -> contents.
  std::map<std::string, std::string> image(Random& random) const;
  uint64_t syncs() const;
};

}  // namespace elb::test
