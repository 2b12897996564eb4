// SPDX-License-Identifier: Apache-2.0
// Lab: the test's own piece of network. The calling thread moves into a new network namespace (the balancer node) and a
// new mount namespace with a bpffs on /sys/fs/bpf; hosts are further namespaces, each behind a veth. All of it ends
// with the object and the process; nothing of the machine is touched.
//
//   host "client" 10.1.1.2/24 --- elb-client 10.1.1.1  [node]  elb-member 10.1.2.1 --- 10.1.2.2/24 host "member"
//
// Thread rule: one thread; threads started by it afterwards live in the same namespaces.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"

namespace elb::test {

class Lab {
 public:
  Lab();
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  /// A namespace with eth0 at 10.1.<number>.2/24 behind elb-<name> at 10.1.<number>.1, default route to the node;
  /// offloads set as XDP needs them.
  void add_host(const std::string& name, int number);
  /// Gives the host fd00:<number>::2/64 and its interface on the node fd00:<number>::1, default route likewise.
  void add_ipv6(const std::string& name, int number);
  /// Gives the host an interface of the node's.
  void move_to(const std::string& host, const std::string& interface) const;
  /// The IPv4 address of a host.
  IpAddress address(const std::string& name) const;
  static std::string interface(const std::string& name) { return "elb-" + name; }

  /// Runs a shell command on the node or in a host; fails the test if it fails. Gives what it printed.
  std::string run(const std::string& command) const;
  std::string run_in(const std::string& host, const std::string& command) const;
  /// Runs the function with sockets belonging to the host.
  void in_host(const std::string& host, const std::function<void()>& what) const;

  /// A TCP socket of the host that listens.
  Fd listen(const std::string& host, uint16_t port) const;
  /// Connected within a second, or nothing.
  Fd connect(const std::string& host, const Endpoint& to) const;
  Fd udp(const std::string& host, uint16_t port) const;

 private:
  struct Host {
    pid_t pid = -1;
    Fd netns;
    IpAddress address;
  };
  std::map<std::string, Host> hosts_;
};

/// The next connection of a listening socket, within a second.
Fd accept_one(const Fd& listener);
/// What arrives within the time, at most 64 KiB; empty: nothing.
std::string receive(const Fd& socket, int timeout_ms = 1000);
bool send_text(const Fd& socket, const std::string& text);

}  // namespace elb::test
