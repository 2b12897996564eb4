// SPDX-License-Identifier: Apache-2.0
// What OpenSSL asks during a handshake: certificates for a name, ALPN, ticket keys. Private to the room.
// Thread rule: the worker's thread.
#pragma once

#include <memory>
#include <string>

#include "tls/openssl.h"
#include "tls/server_table.h"
#include "tls/worker.h"

namespace elb::tls {

/// What a connection and the callbacks of its handshake share; the SSL object's application data.
struct Handshake {
  ServerContextPtr context;
  std::string sni;                     // canonical; empty: the client named no host
  const Identity* identity = nullptr;  // of the context's table; chosen by the first ClientHello, kept in a second one
  std::string failure;                 // why a callback refused; empty: it did not
};

void set_callbacks(SSL_CTX* context, bool client_auth);

}  // namespace elb::tls
