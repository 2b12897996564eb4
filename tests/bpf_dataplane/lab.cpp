// SPDX-License-Identifier: Apache-2.0
#include "bpf_dataplane/lab.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace elb::test {

namespace {

void must(bool ok, const char* what) {
  if (!ok) {
    std::fprintf(stderr, "lab: %s: %s\n", what, std::strerror(errno));
    std::abort();
  }
}

struct SocketAddress {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  bool is_v4;
  explicit SocketAddress(const Endpoint& endpoint) : is_v4(endpoint.address.is_v4()) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    if (is_v4)
      v4.sin_addr.s_addr = endpoint.address.v4_be();
    else
      std::memcpy(&v6.sin6_addr, endpoint.address.bytes().data(), 16);
  }
  const sockaddr* get() const {
    return is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  }
  socklen_t size() const { return is_v4 ? sizeof v4 : sizeof v6; }
};

/// A socket bound to a port on every address of both families.
Fd bound(int type, uint16_t port) {
  Fd fd(socket(AF_INET6, type | SOCK_CLOEXEC, 0));
  const int one = 1, zero = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  const SocketAddress any({IpAddress::from_v6({}), port});
  must(bind(fd.get(), any.get(), any.size()) == 0, "bind");
  return fd;
}

/// A process in a network namespace of its own that waits until its parent ends.
pid_t start_namespace() {
  int ready[2];
  must(pipe(ready) == 0, "pipe");
  const pid_t pid = fork();
  must(pid >= 0, "fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    must(unshare(CLONE_NEWNET) == 0, "unshare");
    must(write(ready[1], "x", 1) == 1, "write");
    for (;;) pause();
  }
  char byte;
  must(read(ready[0], &byte, 1) == 1, "namespace");
  close(ready[0]);
  close(ready[1]);
  return pid;
}

}  // namespace

Lab::Lab() {
  must(unshare(CLONE_NEWNET | CLONE_NEWNS) == 0, "unshare (the test needs root)");
  must(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
  must(mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") == 0, "mount of bpffs");
  run("ip link set lo up; sysctl -qw net.ipv4.ip_forward=1");
}

Lab::~Lab() {
  for (auto& [name, host] : hosts_) {
    kill(host.pid, SIGKILL);
    waitpid(host.pid, nullptr, 0);
  }
}

void Lab::add_host(const std::string& name, int number) {
  Host& host = hosts_[name];
  host.pid = start_namespace();
  host.netns = Fd(open(fmt::format("/proc/{}/ns/net", host.pid).c_str(), O_RDONLY | O_CLOEXEC));
  host.address = *IpAddress::parse(fmt::format("10.1.{}.2", number));
  run(fmt::format(
      "ip link add {0} type veth peer name eth0 netns {1} && ip addr add 10.1.{2}.1/24 dev {0} && ip link set {0} up",
      interface(name), host.pid, number));
  run_in(name, fmt::format("ip link set lo up && ip addr add 10.1.{0}.2/24 dev eth0 && ip link set eth0 up && "
                           "ip route add default via 10.1.{0}.1 && ethtool -K eth0 tx off",
                           number));
  // Only while the link is up does this make the other end a redirect target.
  run_in(name, "ethtool -K eth0 gro on");
}

void Lab::add_ipv6(const std::string& name, int number) {
  run(fmt::format("sysctl -qw net.ipv6.conf.all.forwarding=1; ip -6 addr add fd00:{}::1/64 dev {} nodad", number,
                  interface(name)));
  run_in(name, fmt::format("ip -6 addr add fd00:{0}::2/64 dev eth0 nodad && ip -6 route add default via fd00:{0}::1",
                           number));
  // Without a link-local address of its own the node can not ask for neighbours.
  run("while ip -6 addr show tentative | grep -q inet6; do sleep 0.1; done");
}

void Lab::move_to(const std::string& host, const std::string& interface) const {
  run(fmt::format("ip link set {} netns {}", interface, hosts_.at(host).pid));
}

IpAddress Lab::address(const std::string& name) const { return hosts_.at(name).address; }

std::string Lab::run(const std::string& command) const {
  FILE* pipe = popen(("set -e; " + command + " 2>&1").c_str(), "r");
  must(pipe != nullptr, "popen");
  std::string output;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
  EXPECT_EQ(pclose(pipe), 0) << command << "\n" << output;
  return output;
}

std::string Lab::run_in(const std::string& host, const std::string& command) const {
  return run(fmt::format("nsenter -t {} -n -- sh -ec '{}'", hosts_.at(host).pid, command));
}

void Lab::in_host(const std::string& host, const std::function<void()>& what) const {
  std::thread([&] {
    must(setns(hosts_.at(host).netns.get(), CLONE_NEWNET) == 0, "setns");
    what();
  }).join();
}

Fd Lab::listen(const std::string& host, uint16_t port) const {
  Fd result;
  in_host(host, [&] {
    Fd fd = bound(SOCK_STREAM, port);
    must(::listen(fd.get(), 64) == 0, "listen");
    result = std::move(fd);
  });
  return result;
}

Fd Lab::connect(const std::string& host, const Endpoint& to) const {
  Fd result;
  in_host(host, [&] {
    const SocketAddress address(to);
    Fd fd(socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(fd.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS) return;
    pollfd waiting{fd.get(), POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    if (poll(&waiting, 1, 1000) == 1 && getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
      result = std::move(fd);
  });
  return result;
}

Fd Lab::udp(const std::string& host, uint16_t port) const {
  Fd result;
  in_host(host, [&] {
    Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress address({IpAddress(), port});
    must(bind(fd.get(), address.get(), address.size()) == 0, "bind");
    result = std::move(fd);
  });
  return result;
}

Fd accept_one(const Fd& listener) {
  pollfd waiting{listener.get(), POLLIN, 0};
  if (poll(&waiting, 1, 1000) != 1) return {};
  return Fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

std::string receive(const Fd& socket, int timeout_ms) {
  pollfd waiting{socket.get(), POLLIN, 0};
  if (poll(&waiting, 1, timeout_ms) != 1) return {};
  std::string text(65536, '\0');
  const ssize_t n = recv(socket.get(), text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

bool send_text(const Fd& socket, const std::string& text) {
  return send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

}  // namespace elb::test
