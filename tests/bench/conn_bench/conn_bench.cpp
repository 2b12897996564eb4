// SPDX-License-Identifier: Apache-2.0
// Both ends of the benchmark of new connections: each is opened, carries a byte there and one back, and is closed by
// the server first, so that no port of the client's is kept back. One thread, epoll.
//   conn_bench serve PORT                            until it is killed; says {"event":"ready"}
//   conn_bench load IP PORT AT_ONCE SECONDS          so many connections at a time; a JSON report
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/fd.h"

namespace elb::bench {
namespace {

using std::chrono::steady_clock;

constexpr int kEvents = 256;

sockaddr_in address_of(const char* ip, const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  if (inet_pton(AF_INET, ip, &address.sin_addr) != 1) {
    fmt::print(stderr, "conn_bench: '{}' is no IPv4 address\n", ip);
    std::exit(2);
  }
  return address;
}

void watch(const Fd& poll, int fd, uint32_t events, int operation = EPOLL_CTL_ADD) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(poll.get(), operation, fd, &event);
}

int serve(const char* port) {
  const Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int one = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const sockaddr_in any = address_of("0.0.0.0", port);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
      listen(listener.get(), 4096) != 0) {
    fmt::print(stderr, "conn_bench: port {}: {}\n", port, std::strerror(errno));
    return 1;
  }
  const Fd poll(epoll_create1(EPOLL_CLOEXEC));
  watch(poll, listener.get(), EPOLLIN);
  fmt::print("{{\"event\":\"ready\"}}\n");
  std::fflush(stdout);
  std::array<epoll_event, kEvents> events;
  for (;;) {
    const int count = epoll_wait(poll.get(), events.data(), kEvents, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == listener.get()) {
        for (int taken; (taken = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
          watch(poll, taken, EPOLLIN);
        continue;
      }
      char byte = 0;
      if (recv(fd, &byte, 1, 0) == 1) send(fd, &byte, 1, MSG_NOSIGNAL);
      close(fd);
    }
  }
}

class Load {
 public:
  explicit Load(const sockaddr_in& to) : to_(to), poll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void run(int at_once, double seconds) {
    const auto begun = steady_clock::now();
    const auto end = begun + std::chrono::duration<double>(seconds);
    for (int i = 0; i < at_once; ++i) open();
    std::array<epoll_event, kEvents> events;
    while (open_ > 0) {
      const int count = epoll_wait(poll_.get(), events.data(), kEvents, 2000);
      if (count <= 0) break;  // what hangs has failed
      for (int i = 0; i < count; ++i) handle(events[static_cast<size_t>(i)], steady_clock::now() < end);
    }
    const double took = std::chrono::duration<double>(steady_clock::now() - begun).count();
    fmt::print(R"({{"done":{},"failed":{},"seconds":{:.3f}}})"
               "\n",
               done_, failed_ + static_cast<uint64_t>(open_), took);
  }

 private:
  void open() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (connect(fd, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0 && errno != EINPROGRESS)) {
      if (fd >= 0) close(fd);
      ++failed_;
      return;
    }
    ++open_;
    watch(poll_, fd, EPOLLOUT);
  }

  void handle(const epoll_event& event, bool go_on) {
    const int fd = event.data.fd;
    char byte = 'x';
    if ((event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == EPOLLOUT) {
      if (send(fd, &byte, 1, MSG_NOSIGNAL) == 1) {
        watch(poll_, fd, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_MOD);
        return;
      }
    } else if (recv(fd, &byte, 1, 0) == 1) {
      // The server's end follows its byte; if it is not there yet, it is waited for.
      const ssize_t more = recv(fd, &byte, 1, 0);
      if (more < 0 && errno == EAGAIN) return;
      finish(fd, more == 0, go_on);
      return;
    } else if (event.events & EPOLLRDHUP && !(event.events & EPOLLERR)) {
      finish(fd, true, go_on);
      return;
    }
    finish(fd, false, go_on);
  }

  void finish(int fd, bool well, bool go_on) {
    close(fd);
    --open_;
    ++(well ? done_ : failed_);
    if (go_on) open();
  }

  const sockaddr_in to_;
  const Fd poll_;
  int open_ = 0;
  uint64_t done_ = 0, failed_ = 0;
};

}  // namespace
}  // namespace elb::bench

int main(int argc, char** argv) {
  using namespace elb::bench;
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "serve" && argc == 3) return serve(argv[2]);
  if (what == "load" && argc == 6) {
    Load(address_of(argv[2], argv[3])).run(std::atoi(argv[4]), std::atof(argv[5]));
    return 0;
  }
  fmt::print(stderr, "usage: conn_bench serve PORT | conn_bench load IP PORT AT_ONCE SECONDS\n");
  return 2;
}
