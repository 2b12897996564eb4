// SPDX-License-Identifier: Apache-2.0
// A worker without an engine: it answers each connection with its process number and the generation that it serves.
// A snapshot's first listener tells it how to behave: "crash", "hang", "refuse", "unasked" (counts that nobody wants).
// It counts each snapshot as a request to the first listener.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/channel.h"
#include "proxy/worker_link.h"
#include "proxy/worker_process.h"

namespace {

using namespace elb;

class Worker final : public proxy::WorkerHandler {
 public:
  Status begin(size_t, const proxy::StickyKey&, Fd) override { return {}; }
  Status adopt(Fd listening) override {
    std::thread([this, fd = std::move(listening)] { serve(fd); }).detach();
    return {};
  }
  Status apply(model::SnapshotPtr snapshot) override {
    const std::string wish = snapshot->listeners.empty() ? "" : snapshot->listeners[0].id;
    if (wish == "crash") std::abort();
    if (wish == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
    if (wish == "refuse") return fail(ErrorCode::kInvalid, "no such thing");
    if (wish == "unasked") (void)proxy::send_message(proxy::kWorkerChannelFd, {.type = proxy::MessageType::kCounts});
    if (!wish.empty()) counters_.listener(0, wish).count_status(200);
    generation_ = snapshot->generation;
    return {};
  }

  const proxy::Counters* counters() const override { return &counters_; }

 private:
  void serve(const Fd& listening) {
    for (;;) {
      pollfd waiting{listening.get(), POLLIN, 0};
      ::poll(&waiting, 1, -1);
      const Fd connection(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) continue;
      const std::string text = std::to_string(::getpid()) + " " + std::to_string(generation_);
      [[maybe_unused]] const ssize_t n = ::write(connection.get(), text.data(), text.size());
    }
  }
  std::atomic<uint64_t> generation_{0};
  proxy::Counters counters_{1};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return std::atoi(argv[1]);  // a worker that ends at once
  Worker worker;
  proxy::WorkerLink link(Fd(proxy::kWorkerChannelFd), worker);
  const auto end = link.run(-1, std::chrono::milliseconds(0));
  ::_exit(end ? 0 : 1);
}
