// SPDX-License-Identifier: Apache-2.0
// What both serialisers, that of HTTP/1 and that of HTTP/2, leave out and what they tell of a body. Private to the
// room. Thread rule: pure functions.
#pragma once

#include "http/framing.h"
#include "http/list.h"

namespace elb::http {

// Of one hop, and written anew for the next where it needs them. "Proxy" is here because CGI programs take it for the
// variable HTTP_PROXY.
inline constexpr HeaderSet kHopByHop = {
    HeaderId::kConnection,         HeaderId::kHttp2Settings,   HeaderId::kKeepAlive,    HeaderId::kProxyAuthenticate,
    HeaderId::kProxyAuthorization, HeaderId::kProxyConnection, HeaderId::kTe,           HeaderId::kTrailer,
    HeaderId::kTransferEncoding,   HeaderId::kUpgrade,         HeaderId::kContentLength};

/// Of a client's request; what stands for them is written by the proxy itself.
inline constexpr HeaderSet kNotFromClients = {HeaderId::kProxy, HeaderId::kHost, HeaderId::kXForwardedFor};

inline bool named_by_connection(const HeaderTable& headers, const Header& header) {
  bool named = false;
  for (const Header& connection : headers) {
    if (connection.id != HeaderId::kConnection) continue;
    for_each_element(connection.value,
                     [&](std::string_view name) { named |= equals_ignoring_case(name, header.name); });
  }
  return named;
}

/// True for a field that does not go on.
inline bool stays(const MessageHead& head, const Header& header, HeaderSet drop) {
  return drop.has(header.id) || (head.connection_names && named_by_connection(head.headers, header));
}

/// Of a response without body the length that it would have, RFC 9110 8.6; of a 204 there is none.
inline Framing told_framing(const ResponseHead& head, Method asked, const Framing& body) {
  const bool tells = (asked == Method::kHead && head.status != 204) || head.status == 304;
  if (body.kind == Framing::Kind::kNone && tells && head.content_length && !head.is_interim())
    return {Framing::Kind::kLength, *head.content_length};
  return body;
}

}  // namespace elb::http
