// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol in both directions: the beginning of a client's connection to a listener with trusted senders,
// and of a connection to a member that wants to be told.
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "http/proxy_protocol.h"
#include "proxy/address_list.h"
#include "proxy/client_connection.h"
#include "proxy/exchange.h"

namespace elb::proxy {

bool ClientConnection::expects_proxy_header(const ServedListener* listener) const {
  return listener != nullptr && !listener->http().proxy_trusted.empty();
}

// The header is looked at where it lies, before anything is read: what follows belongs to TLS, or to the parser. A
// trusted sender has to send one; from anybody else one is a lie, and everything but one is a client of its own.
bool ClientConnection::read_proxy_header() {
  if (!transport_.readable()) return false;
  const ServedListener* listener = loop_.served->find(facts_.local);
  if (!expects_proxy_header(listener)) return judge_client(listener);
  std::array<char, http::kProxyV2Max> bytes;
  const ssize_t got = ::recv(transport_.fd(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) {
    close();
    return false;
  }
  const bool trusted = any_contains(listener->http().proxy_trusted, facts_.client.address);
  http::ProxyHeader header;
  switch (http::parse_proxy_header({bytes.data(), static_cast<size_t>(got)}, header)) {
    case http::ProxyOutcome::kNeedMore:
      return false;
    case http::ProxyOutcome::kNone:
      return trusted ? bad_proxy_header() : judge_client(listener);
    case http::ProxyOutcome::kFault:
      return bad_proxy_header();
    case http::ProxyOutcome::kDone:
      break;
  }
  if (!trusted) return bad_proxy_header();
  if (::recv(transport_.fd(), bytes.data(), header.size, MSG_DONTWAIT) != static_cast<ssize_t>(header.size)) {
    close();
    return false;
  }
  if (header.client) facts_.set_client(*header.client);
  return judge_client(listener);
}

bool ClientConnection::bad_proxy_header() {
  counts_.bad_proxy_headers.add();
  transport_.abort();
  close();
  return false;
}

// The whitelist of such a listener is about clients, not about who tells of them (AC-02).
bool ClientConnection::judge_client(const ServedListener* listener) {
  if (listener != nullptr && listener->http().whitelist &&
      !any_contains(*listener->http().whitelist, facts_.client.address)) {
    counts_.refused_connections.add();
    transport_.abort();
    close();
    return false;
  }
  state_ = State::kHead;
  since_ = loop_.now;
  return true;
}

bool Exchange::tells_client() const {
  return pool_ != Route::kNone && (*served_)->snapshot().pools[pool_].proxy_protocol != model::ProxyProtocol::kNone;
}

// Before the request: such a connection is this client's alone, and is not kept.
void Exchange::put_proxy_header(Gather& out) const {
  if (!tells_client()) return;
  const bool second = (*served_)->snapshot().pools[pool_].proxy_protocol == model::ProxyProtocol::kV2;
  const ConnectionFacts& facts = client_.facts();
  out.copy(http::write_proxy_header(second, facts.client, facts.local));
}

}  // namespace elb::proxy
