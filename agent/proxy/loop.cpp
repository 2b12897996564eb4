// SPDX-License-Identifier: Apache-2.0
#include "proxy/loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "proxy/address_list.h"
#include "proxy/socket_address.h"

namespace elb::proxy {
namespace {

constexpr size_t kTasksMax = 16384;
constexpr size_t kEvents = 1024;
constexpr size_t kClients = 32;                        // that a turn works on before it looks what members say
constexpr std::chrono::milliseconds kLongest{10'000};  // without an event
constexpr uint32_t kFew = 16;                          // connections that are never worth giving away

}  // namespace

void Loop::Inlet::on_events(uint32_t) {
  for (Task& task : loop.mailbox_.take_all()) task(loop);
}

void Loop::Minute::on_timer() {
  loop.worker_.set_ticket_secrets(loop.tickets_.current(loop.clock.wall()));
  loop.wheel.arm(*this, loop.now + std::chrono::minutes(1));
}

Loop::Loop(const EngineOptions& given, const Clock& a_clock, size_t index, Counters& counters, TicketKeeper& tickets,
           tls::Worker worker)
    : LoopContext(given, a_clock, index),
      counters_(counters),
      tickets_(tickets),
      worker_(std::move(worker)),
      mailbox_(kTasksMax),
      inlet_(*this),
      minute_(*this) {
  static_cast<void>(poller.add_level(mailbox_.event_fd(), inlet_));
  wheel.arm(minute_, now + std::chrono::minutes(1));
  serve(Served::build(std::make_shared<const model::Snapshot>(), nullptr, {}));
}

Loop::~Loop() {
  while (!connections_.empty()) connections_.back()->close();
  graveyard.clear();
  members.keep_only([](const Endpoint&) { return false; });
  graveyard.clear();
}

void Loop::run() {
  while (!stopping_.load()) turn();
}

void Loop::turn() {
  std::array<epoll_event, kEvents> events;
  const bool waits = !again_.empty() || !handshakes_.empty() || links.busy();
  const auto most = !waits ? wheel.wait(clock.steady(), kLongest) : std::chrono::milliseconds(0);
  const size_t count = poller.wait(events, most);
  set_now(clock.steady());
  // Half of a turn's handshakes are for those that wait already, if any do.
  handshakes_left_ = handshakes_.empty() ? options.handshakes_per_turn : options.handshakes_per_turn / 2;
  // What members said comes first; clients and new connections only line up. So what has begun is finished before more
  // is begun, and few requests are open at a time: their memory and their members' connections stay warm.
  for (size_t i = 0; i < count; ++i) static_cast<Pollable*>(events[i].data.ptr)->on_events(events[i].events);
  if (count < kEvents) members.vouch();
  for (Acceptor* acceptor : inlets_) acceptor->accept_some();
  inlets_.clear();
  run_again();
  run_handshakes();
  wheel.advance(now);
  links.flush();
  graveyard.clear();
}

void Loop::run_again() {
  // One that comes again goes to the end of the line.
  for (size_t left = std::min(again_.size(), kClients); left > 0; --left)
    if (ClientConnection* connection = again_.take(); connection != nullptr) connection->run();
}

void Loop::run_handshakes() {
  handshakes_left_ = std::max(handshakes_left_, (options.handshakes_per_turn + 1) / 2);
  for (size_t left = handshakes_.size(); left > 0 && handshakes_left_ > 0 && !handshakes_.empty(); --left) {
    ClientConnection* connection = handshakes_.front();
    handshakes_.pop_front();
    connection->waits_for_handshake = false;
    connection->run();
  }
}

void Loop::queue_handshake(ClientConnection& connection) {
  if (std::exchange(connection.waits_for_handshake, true)) return;
  handshakes_.push_back(&connection);
}

io::TcpAttempt LoopContext::connect(const Endpoint& endpoint) const {
  const bool v4 = endpoint.address.is_v4();
  const auto& source = v4 ? options.source_v4 : options.source_v6;
  const IpAddress any = v4 ? IpAddress() : IpAddress::from_v6({});
  io::TcpAttempt made = io::tcp_connect(source.value_or(any), endpoint);
  const int on = 1;
  if (made.fd) setsockopt(made.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return made;
}

void Loop::stop() {
  stopping_.store(true);
  mailbox_.wake();
}

void Loop::serve(std::shared_ptr<const Served> next) {
  std::unordered_set<Endpoint, EndpointHash> wanted;
  for (const model::SnapshotPool& pool : next->snapshot().pools)
    for (const model::SnapshotMember& member : pool.members) wanted.insert(member.endpoint);
  members.keep_only([&](const Endpoint& endpoint) { return wanted.contains(endpoint); });
  links.keep_only([&](const Endpoint& endpoint) { return wanted.contains(endpoint); });
  served = std::make_shared<LoopServed>(std::move(next), counters_, loop_index, worker_, served.get());
}

Status Loop::listen_on(int fd) {
  auto acceptor = std::make_unique<Acceptor>(*this, fd);
  if (auto status = acceptor->open(); !status) return status;
  acceptors_.push_back(std::move(acceptor));
  return {};
}

void Loop::drain() {
  draining = true;
  inlets_.clear();
  for (const auto& acceptor : acceptors_) acceptor->close();
  for (const auto& connection : connections_) connection->drain();
}

Loop* Loop::less_loaded() {
  const uint32_t mine = connections();
  if (mine <= kFew || peers_.size() < 2) return nullptr;
  uint64_t total = 0;
  Loop* least = peers_.front();
  for (Loop* peer : peers_) {
    total += peer->connections();
    if (peer->connections() < least->connections()) least = peer;
  }
  // More than 1.25 times the mean.
  return least != this && uint64_t{mine} * peers_.size() * 4 > total * 5 ? least : nullptr;
}

void Loop::accept(Fd fd, const Endpoint& client) {
  if (Loop* peer = less_loaded(); peer != nullptr) {
    // A function that can be copied is asked for; the descriptor is not copied.
    auto shared = std::make_shared<Fd>(std::move(fd));
    peer->load_.fetch_add(1, std::memory_order_relaxed);
    const bool posted = peer->post([shared, client](Loop& loop) {
      loop.load_.fetch_sub(1, std::memory_order_relaxed);
      loop.take(std::move(*shared), client);
    });
    if (posted) return;
    peer->load_.fetch_sub(1, std::memory_order_relaxed);
    fd = std::move(*shared);
  }
  take(std::move(fd), client);
}

// Null: the client is refused. Else it is counted.
const ServedListener* Loop::admit(const ConnectionFacts& facts) {
  const ServedListener* listener = served->find(facts.local);
  if (listener == nullptr) return nullptr;
  const model::SnapshotListener& settings = *listener->listener;
  const uint32_t before = listener->open->fetch_add(1, std::memory_order_relaxed);
  const bool full = settings.connection_limit && before >= *settings.connection_limit;
  if (!full && (!settings.whitelist || any_contains(*settings.whitelist, facts.client.address))) return listener;
  listener->open->fetch_sub(1, std::memory_order_relaxed);
  served->counts(*listener).refused_connections.add();
  return nullptr;
}

void Loop::take(Fd fd, const Endpoint& client) {
  ConnectionFacts facts;
  facts.local = local_endpoint(fd.get());
  facts.set_client(client);
  const ServedListener* listener = admit(facts);
  if (listener == nullptr) return Stream(std::move(fd)).abort();
  ListenerBlock& counts = served->counts(*listener);
  std::unique_ptr<tls::Connection> tls;
  if (listener->secure()) {
    const tls::ServerContextPtr context = served->context(*listener);
    if (context)
      if (auto made = tls::Connection::accept(context)) tls = std::move(*made);
    if (!tls) {
      counts.failed_handshakes.add();
      listener->open->fetch_sub(1, std::memory_order_relaxed);
      return;
    }
  }
  counts.connections.add();
  counts.open_connections.add();
  load_.fetch_add(1, std::memory_order_relaxed);
  auto made = std::make_unique<ClientConnection>(*this, Transport(std::move(fd), std::move(tls), work), facts,
                                                 listener->open, counts);
  ClientConnection& connection = *made;
  connection.slot = connections_.size();
  connections_.push_back(std::move(made));
  connection.run();  // mostly the request is there already
  if (!connection.closed() && !poller.add(connection.transport().fd(), connection)) connection.close();
}

void Loop::remove(ClientConnection& connection) {
  again_.remove(connection);
  if (connection.waits_for_handshake) std::erase(handshakes_, &connection);
  const size_t slot = connection.slot;
  std::unique_ptr<ClientConnection> gone = std::move(connections_[slot]);
  if (slot + 1 < connections_.size()) {
    connections_[slot] = std::move(connections_.back());
    connections_[slot]->slot = slot;
  }
  connections_.pop_back();
  load_.fetch_sub(1, std::memory_order_relaxed);
  graveyard.bury(std::move(gone));
}

void Loop::again(ClientConnection& connection) {
  if (!connection.closed()) again_.add(connection);  // an event may come behind the one that closed it
}

}  // namespace elb::proxy
