// SPDX-License-Identifier: Apache-2.0
// elb-api-testserver [PORT [STORE]]: the API alone, over a real store and stubbed views, for the conformance scripts.
// Prints its endpoint and serves until standard input or SIGTERM ends it.
#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "api/api_server.h"
#include "unit/api/stub_views.h"

namespace {

using namespace elb;

int run(uint16_t port, const std::string& store_path) {
  auto store = store::open_sqlite(store_path);
  if (!store) return fmt::print(stderr, "{}\n", store.error().to_string()), 1;
  const SystemClock clock;
  SystemRandom random;
  const auto cidr = [](std::string_view text) { return *Cidr::parse(text); };
  const auto address = [](std::string_view text) { return *IpAddress::parse(text); };
  model::Node node;
  node.subnets = {{"11111111-1111-4111-8111-111111111111", "21111111-1111-4111-8111-111111111111", "vips",
                   cidr("192.0.2.0/24"), address("192.0.2.1")},
                  {"12222222-2222-4222-8222-222222222222", "22222222-2222-4222-8222-222222222222", "members",
                   cidr("198.51.100.0/24"), address("198.51.100.1")}};
  node.eip_pools = {cidr("203.0.113.0/24")};
  auto service = control::ConfigService::open(**store, clock, random, std::move(node), nullptr);
  if (!service) return fmt::print(stderr, "{}\n", service.error().to_string()), 1;
  const test::StubViews views;
  auto rows = store::open_identities(store_path);
  if (!rows) return fmt::print(stderr, "{}\n", rows.error().to_string()), 1;
  auto identities = identity::Directory::open(std::move(*rows), identity::default_quotas(), clock, random);
  if (!identities) return fmt::print(stderr, "{}\n", identities.error().to_string()), 1;
  auto audit = store::open_audit(store_path + ".audit");
  if (!audit) return fmt::print(stderr, "{}\n", audit.error().to_string()), 1;
  auto history = store::open_history(store_path);
  if (!history) return fmt::print(stderr, "{}\n", history.error().to_string()), 1;
  api::ApiOptions options;
  options.listen.port = port;
  options.open_loopback = true;
  api::Views shown{views, views};
  shown.identities = identities->get();
  shown.audit = audit->get();
  shown.history = history->get();
  auto server = api::ApiServer::start(options, **service, shown, clock, random);
  if (!server) return fmt::print(stderr, "{}\n", server.error().to_string()), 1;
  fmt::print("http://127.0.0.1:{}\n", (*server)->port());
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  std::string store = argc > 2 ? argv[2] : "";
  std::string made;
  if (store.empty()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "elb-api-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return 1;
    made = pattern;
    store = made + "/store.db";
  }
  const int result = run(static_cast<uint16_t>(port), store);
  if (!made.empty()) std::filesystem::remove_all(made);
  return result;
}
