// SPDX-License-Identifier: Apache-2.0
// The means under test, by which a member learns its clients: toa.ko, the BPF twin, or none. The command line says how
// to load and unload it; nothing else in the harness knows which it is. Set up by main(), read-only afterwards; load()
// and unload() are for one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace elb::test {

struct Means {
  std::string expect = "none";  // module | twin | none
  std::string load;             // shell commands
  std::string unload;
  std::string stats;           // prints lines "NAME VALUE", the names of /proc/net/toa_stats
  unsigned connections = 200;  // of the stress test
  unsigned strangers = 100;    // connections from untrusted sources, with the option
  unsigned cycles = 2;         // of loading and unloading

  /// A wrong command line ends the process.
  static Means from(int argc, char** argv);
  bool honours() const { return expect != "none"; }
};
const Means& means();
void set_means(Means means);

/// 0, or a test failure with the command's output. Both do nothing when it is so already.
int load();
int unload();
bool loaded();

/// The counters; a name that the means does not have is 0.
std::map<std::string, uint64_t> stats();

struct Outcome {
  int status;
  std::string output;
};
Outcome shell(const std::string& command);

}  // namespace elb::test
