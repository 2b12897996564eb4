// SPDX-License-Identifier: Apache-2.0
// The name that a client asks for: the input is the body of a ClientHello's server_name extension. The handshake goes
// on exactly for a list of one host name in letters, digits, '-' and '_', as a second, plainer reading of RFC 6066
// section 3 has it; then the name is kept in lower case and without its final dot, and a Host that says the same agrees
// with it.
#include <array>
#include <optional>

#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "tls/connection.h"
#include "tls/names.h"
#include "unit/tls/forge.h"

namespace elb::fuzz {
namespace {

constexpr size_t kNameMax = 1000;  // so that the ClientHello is one record

/// A listener with a certificate for www.example.com and one for *.example.com.
class Listener {
 public:
  Listener() {
    auto secrets = tls::TicketSecrets::rotate(nullptr, clock_.wall(), random_);
    auto worker = tls::Worker::create(clock_, std::move(secrets));
    claim(worker.has_value(), "a worker", {});
    worker_ = std::make_unique<tls::Worker>(std::move(*worker));
    tls::ServerSettings settings;
    settings.listener_id = "listener";
    settings.certificates = {test::credential("default", test::issue_for("www.example.com"))};
    settings.sni = {{"*.example.com", test::credential("wildcard", test::issue_for("*.example.com"))}};
    auto table = tls::ServerTable::make(std::move(settings));
    claim(table.has_value(), "a table", {});
    auto context = worker_->make_context(*table);
    claim(context.has_value(), "a context", {});
    context_ = std::move(*context);
  }
  std::unique_ptr<tls::Connection> accept() const {
    auto connection = tls::Connection::accept(context_);
    claim(connection.has_value(), "a connection", {});
    return std::move(*connection);
  }

 private:
  test::ManualClock clock_;
  test::SeededRandom random_{1};
  std::unique_ptr<tls::Worker> worker_;
  tls::ServerContextPtr context_;
};

std::string sized(size_t bytes, std::string_view text) {
  std::string out;
  for (size_t i = bytes; i > 0; --i) out += static_cast<char>(text.size() >> (8 * (i - 1)) & 0xff);
  return out.append(text);
}

std::string extension(uint16_t type, std::string_view body) {
  return std::string{static_cast<char>(type >> 8), static_cast<char>(type & 0xff)} + sized(2, body);
}

/// A ClientHello of TLS 1.3 (RFC 8446 section 4.1.2) without a key share: the server asks for one, which costs no key.
std::string client_hello(std::string_view server_name) {
  std::string extensions = extension(0, server_name);
  extensions += extension(43, {"\x02\x03\x04", 3});                        // supported_versions: 1.3
  extensions += extension(10, sized(2, {"\x00\x1d\x00\x17", 4}));          // supported_groups: X25519, P-256
  extensions += extension(13, sized(2, {"\x04\x03\x08\x04\x04\x01", 6}));  // signature_algorithms: ECDSA, RSA
  extensions += extension(51, sized(2, {}));                               // key_share
  const std::string body = std::string("\x03\x03") + std::string(32, 'r') + sized(1, {}) +
                           sized(2, {"\x13\x01\x13\x02", 4}) + sized(1, {"\0", 1}) + sized(2, extensions);
  return "\x16\x03\x01" + sized(2, "\x01" + sized(3, body));
}

/// What the name has to become; nothing: it is refused.
std::optional<std::string> expected_name(std::string_view body) {
  const auto number = [&](size_t at) {
    return static_cast<size_t>(static_cast<unsigned char>(body[at])) << 8 | static_cast<unsigned char>(body[at + 1]);
  };
  if (body.size() < 6 || number(0) + 2 != body.size() || body[2] != 0 || number(3) + 5 != body.size())
    return std::nullopt;
  std::string name;
  for (const char c : body.substr(5)) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (name.back() == '.') name.pop_back();
  if (name.empty() || name.size() > 253) return std::nullopt;
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('.', at), name.size());
    if (end == at || end - at > 63) return std::nullopt;
    at = end + 1;
  }
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  return name.find_first_not_of(kLetters) == std::string::npos ? std::optional(name) : std::nullopt;
}

}  // namespace

void sni(std::string_view input) {
  static const Listener kListener;
  input = input.substr(0, kNameMax);
  const auto connection = kListener.accept();
  const std::string hello = client_hello(input);
  const Exactly bytes(hello);
  std::array<char, 4096> room;
  tls::Wire wire{bytes.view(), room, 0};
  const tls::Step step = connection->handshake(wire);
  const auto name = expected_name(input);
  claim(step.progress == (name ? tls::Progress::kWantRead : tls::Progress::kFailed), "refused unless it is a name",
        input);
  claim(wire.produced > 0, "a retry or an alert", input);
  if (!name) {
    claim(connection->error() == "malformed server name", "the reason", input);
    return;
  }
  claim(connection->facts().sni == *name, "in canonical form", input);
  const std::string_view told = input.substr(5);
  claim(tls::host_agrees(*name, told) && tls::host_agrees(*name, std::string(told) + ":443"), "agrees with the Host",
        input);
  claim(!tls::host_agrees(*name, "x" + std::string(told)), "and with no other", input);
  claim(tls::canonical_host(*name) == name, "there is no other form", input);
}

}  // namespace elb::fuzz
