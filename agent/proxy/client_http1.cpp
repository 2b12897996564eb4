// SPDX-License-Identifier: Apache-2.0
// What a client of HTTP/1 is told, as bytes among those of the body.
#include "proxy/client_connection.h"

namespace elb::proxy {

bool ClientConnection::put_head(const http::ResponseHead& head, const http::ResponseRewrite& rewrite,
                                const http::Framing& body, Gather& out) {
  http::OutBuffer text(out.room());
  if (!http::write_response(head, rewrite, body, text)) return false;
  out.claim(text.written().size());
  return true;
}

bool ClientConnection::put_own(const http::OwnResponse& response, Gather& out) {
  http::OutBuffer text(out.room());
  if (!http::write_own_response(response, text)) return false;
  out.claim(text.written().size());
  return true;
}

void ClientConnection::put_end(const http::Framing& body, const http::HeaderTable* trailers, Gather& out) {
  if (body.kind != http::Framing::Kind::kChunked) return;
  http::OutBuffer text(out.room());
  http::write_last_chunk(trailers, text);
  out.claim(text.written().size());
}

}  // namespace elb::proxy
