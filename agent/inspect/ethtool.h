// SPDX-License-Identifier: Apache-2.0
// The few questions of ethtool(8) that inspect asks, by SIOCETHTOOL. What a driver does not answer is empty.
// Private to inspect. Thread rule: one thread for each object.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/fd.h"

namespace elb::inspect {

class Ethtool {
 public:
  Ethtool();

  /// IFF_*; -1 if there is no such interface.
  int flags(const std::string& name) const;
  std::string driver(const std::string& name) const;
  std::map<std::string, bool> features(const std::string& name) const;
  uint32_t rx_queues(const std::string& name) const;
  std::vector<uint32_t> indirection(const std::string& name) const;

 private:
  bool ask(const std::string& name, void* command) const;
  std::vector<std::string> strings(const std::string& name, uint32_t set) const;

  Fd socket_;
};

}  // namespace elb::inspect
