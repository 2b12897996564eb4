// SPDX-License-Identifier: Apache-2.0
// Http2Fixture: the engine with an HTTPS listener that offers HTTP/2. Thread rule: one thread.
#pragma once

#include "unit/proxy/engine/http2_peer.h"
#include "unit/proxy/engine/tls_fixture.h"

namespace elb::test {

class Http2Fixture : public TlsFixture {
 protected:
  model::Snapshot http2_snapshot(const std::vector<Endpoint>& members) {
    model::Snapshot value = secure_snapshot(members);
    tls_of(value).http2 = true;
    return value;
  }
  void serve_http2(const std::vector<Endpoint>& members) {
    if (!engine_) start();
    apply(http2_snapshot(members));
  }
  Http2Peer connect_http2(bool windows = true) {
    Peer peer = connect_tls({.sni = "www.example.com", .alpn = "h2,http/1.1"});
    EXPECT_EQ(last_client().alpn(), "h2");
    return Http2Peer(std::move(peer), windows);
  }
};

}  // namespace elb::test
