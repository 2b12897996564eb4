// SPDX-License-Identifier: Apache-2.0
// What TLS costs the server: CPU of a handshake, the client's half left out, and the memory of an idle connection.
// Both ends run in memory in one thread; only the server's calls are timed.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "tls/connection.h"
#include "tls/worker.h"
#include "unit/tls/client.h"
#include "unit/tls/forge.h"

namespace elb {
namespace {

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Server {
  explicit Server(test::KeyKind kind) {
    tls::ServerSettings settings;
    settings.listener_id = "bench";
    settings.certificates = {test::credential("bench", test::issue_for("www.example.com", kind))};
    context = *worker->make_context(*tls::ServerTable::make(std::move(settings)));
  }

  SystemClock clock;
  SystemRandom random;
  Result<tls::Worker> worker = tls::Worker::create(clock, tls::TicketSecrets::rotate(nullptr, clock.wall(), random));
  tls::ServerContextPtr context;
};

/// One handshake and an exchange; the seconds that the server spent until the handshake was done.
double handshake(const tls::ServerContextPtr& context, test::TestClient& client,
                 std::unique_ptr<tls::Connection>& server) {
  static std::vector<char> room(65536);
  double spent = -cpu_seconds();
  server = *tls::Connection::accept(context);
  spent += cpu_seconds();
  bool done = false;
  while (!done) {
    client.advance();
    const std::string flight = client.take_output();
    tls::Wire wire{flight, room};
    spent -= cpu_seconds();
    const auto step = server->handshake(wire);
    spent += cpu_seconds();
    client.feed(wire.output());
    if (step.progress == tls::Progress::kFailed) throw std::runtime_error(server->error());
    done = step.progress == tls::Progress::kDone;
  }
  client.advance();
  client.read();  // the ticket
  return spent;
}

void measure(benchmark::State& state, test::KeyKind kind, const char* protocol, bool resumed) {
  const Server bench(kind);
  test::ClientOptions options{.sni = "www.example.com", .alpn = "h2,http/1.1", .max_protocol = protocol};
  std::unique_ptr<tls::Connection> server;
  if (resumed) {
    test::TestClient first(options);
    handshake(bench.context, first, server);
    options.session = first.session();
  }
  for (auto _ : state) {
    test::TestClient client(options);
    state.SetIterationTime(handshake(bench.context, client, server));
    if (client.resumed() != resumed) state.SkipWithError("not the handshake that was meant");
  }
  state.SetItemsProcessed(state.iterations());
}

void idle_connection(benchmark::State& state) {
  const Server bench(test::KeyKind::kEc);
  std::vector<std::unique_ptr<tls::Connection>> idle;
  const auto open = [&] {
    test::TestClient client({.sni = "www.example.com", .alpn = "h2,http/1.1"});
    std::unique_ptr<tls::Connection> server;
    handshake(bench.context, client, server);
    client.write("GET / HTTP/1.1\r\n\r\n");
    test::exchange(client, *server, "HTTP/1.1 204 No Content\r\n\r\n");
    idle.push_back(std::move(server));
  };
  open();
  const auto used = [] { return static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd) / 1024; };
  const double before = used();
  const size_t first = idle.size();
  for (auto _ : state) open();
  state.counters["KB"] = (used() - before) / static_cast<double>(idle.size() - first);
}

BENCHMARK_CAPTURE(measure, ec_tls13_full, test::KeyKind::kEc, "TLSv1.3", false)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(measure, ec_tls13_resumed, test::KeyKind::kEc, "TLSv1.3", true)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(measure, ec_tls12_full, test::KeyKind::kEc, "TLSv1.2", false)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(measure, ec_tls12_resumed, test::KeyKind::kEc, "TLSv1.2", true)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(measure, rsa_tls13_full, test::KeyKind::kRsa, "TLSv1.3", false)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(measure, rsa_tls12_full, test::KeyKind::kRsa, "TLSv1.2", false)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(idle_connection)->Iterations(500);

}  // namespace
}  // namespace elb

BENCHMARK_MAIN();
