// SPDX-License-Identifier: Apache-2.0
#include "proxy/engine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <future>

#include "proxy/loop.h"

namespace elb::proxy {

Engine::Engine(const EngineOptions& options, const Clock& clock, Random& random)
    : options_(options),
      clock_(clock),
      counters_(options.loops),
      tickets_(random),
      sticky_{options.sticky_key, std::make_shared<LearnedCookies>(options.learned_cookies)} {}

Result<std::unique_ptr<Engine>> Engine::start(const EngineOptions& options, const Clock& clock, Random& random) {
  std::unique_ptr<Engine> engine(new Engine(options, clock, random));
  std::vector<Loop*> peers;
  for (size_t i = 0; i < options.loops; ++i) {
    auto worker = tls::Worker::create(clock, engine->tickets_.current(clock.wall()));
    if (!worker) return pass_on(worker.error());
    engine->loops_.push_back(
        std::make_unique<Loop>(engine->options_, clock, i, engine->counters_, engine->tickets_, std::move(*worker)));
    peers.push_back(engine->loops_.back().get());
  }
  for (const auto& loop : engine->loops_) loop->set_peers(peers);
  for (const auto& loop : engine->loops_) engine->threads_.emplace_back([&each = *loop] { each.run(); });
  return engine;
}

Engine::~Engine() { stop(); }

Status Engine::everywhere(const std::function<Status(Loop&)>& task) {
  std::vector<std::future<Status>> results;
  for (const auto& loop : loops_) {
    auto promise = std::make_shared<std::promise<Status>>();
    auto result = promise->get_future();
    if (!loop->post([promise, task](Loop& each) { promise->set_value(task(each)); }))
      return fail(ErrorCode::kUnavailable, "a loop of the proxy has too much to do");
    results.push_back(std::move(result));
  }
  Status first;
  for (auto& result : results)
    if (Status status = result.get(); !status && first) first = std::move(status);
  return first;
}

Status Engine::apply(model::SnapshotPtr snapshot) {
  auto next = Served::build(std::move(snapshot), served_.get(), sticky_, clock_.steady());
  const auto status = everywhere([next](Loop& loop) -> Status {
    loop.serve(next);
    return {};
  });
  if (!status) return status;
  served_ = std::move(next);
  if (!served_->problems().empty()) return fail(ErrorCode::kInvalid, served_->problems().front());
  return {};
}

Status Engine::adopt_listening_socket(Fd fd) {
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return fail_errno(errno, "cannot set up a listening socket");
  // Connections inherit both.
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options_.defer_accept_s > 0)
    setsockopt(fd.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &options_.defer_accept_s, sizeof options_.defer_accept_s);
  sockets_.push_back(std::move(fd));
  return everywhere([socket = sockets_.back().get()](Loop& loop) { return loop.listen_on(socket); });
}

bool Engine::drain(std::chrono::milliseconds limit) {
  static_cast<void>(everywhere([](Loop& loop) -> Status {
    loop.drain();
    return {};
  }));
  const SteadyTime end = clock_.steady() + limit;
  while (connections() > 0 && clock_.steady() < end) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return connections() == 0;
}

void Engine::stop() {
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  loops_.clear();
}

size_t Engine::connections() const {
  size_t total = 0;
  for (const auto& loop : loops_) total += loop->connections();
  return total;
}

size_t Engine::connections(size_t loop) const { return loops_[loop]->connections(); }

}  // namespace elb::proxy
