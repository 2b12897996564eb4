// SPDX-License-Identifier: Apache-2.0
// TlsChannel: the tests' own TLS client over a blocking socket. Thread rule: one thread.
#pragma once

#include <memory>

#include "unit/proxy/engine/peer.h"
#include "unit/tls/client.h"

namespace elb::test {

class TlsChannel final : public Channel {
 public:
  /// Shakes hands at once; done() says whether that went well.
  TlsChannel(Fd fd, const ClientOptions& options);
  ~TlsChannel() override;
  bool done() const { return client_->done(); }
  const TestClient& client() const { return *client_; }
  /// To resume: after something was read.
  std::shared_ptr<void> session() { return client_->session(); }
  bool send(std::string_view bytes) override;
  std::string receive() override;

 private:
  bool flush();
  bool feed();
  Fd fd_;
  std::unique_ptr<TestClient> client_;
};

}  // namespace elb::test
