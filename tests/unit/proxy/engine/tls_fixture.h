// SPDX-License-Identifier: Apache-2.0
// TlsFixture: the engine with an HTTPS listener. Thread rule: one thread.
#pragma once

#include "unit/proxy/engine/engine_fixture.h"
#include "unit/proxy/engine/tls_channel.h"

namespace elb::test {

class TlsFixture : public EngineFixture {
 protected:
  /// One certificate, "cert-default", for www.example.com.
  model::Snapshot secure_snapshot(const std::vector<Endpoint>& members) {
    model::Snapshot value = snapshot(members);
    value.listeners[0].protocol = model::Protocol::kHttps;
    value.certificates.push_back(certificate("cert-default", default_));
    http_of(value).tls.emplace();
    return value;
  }
  static model::SnapshotCertificate certificate(const std::string& id, const Issued& issued) {
    return {id, issued.certificate, issued.private_key};
  }
  model::SnapshotTls& tls_of(model::Snapshot& value) const { return *http_of(value).tls; }

  /// After the handshake; its channel is there for as long as the peer.
  Peer connect_tls(const ClientOptions& options) {
    auto channel = std::make_unique<TlsChannel>(connect_to(front()), options);
    channel_ = channel.get();
    return Peer(std::move(channel));
  }
  const TestClient& last_client() const { return channel_->client(); }
  bool shaken() const { return channel_->done(); }

  Issued default_ = issue_for("www.example.com");
  TlsChannel* channel_ = nullptr;  // of the peer that connect_tls() made last
};

}  // namespace elb::test
