// SPDX-License-Identifier: Apache-2.0
// TestClient: a TLS client without a socket, written straight on OpenSSL, so that tests judge agent/tls from outside.
// Thread rule: one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tls/connection.h"
#include "unit/tls/forge.h"

namespace elb::test {

struct ClientOptions {
  std::string sni;
  std::string alpn;          // "h2,http/1.1"
  std::string min_protocol;  // "TLSv1.2"; empty: OpenSSL's oldest
  std::string max_protocol;
  std::string ciphers;  // of TLS 1.2 and older
  std::string groups;
  std::string signatures;
  const Issued* certificate = nullptr;
  std::shared_ptr<void> session;  // of an earlier client: resumes it
};

class TestClient {
 public:
  explicit TestClient(const ClientOptions& options = {});
  ~TestClient();

  /// One step of the handshake. False: it failed.
  bool advance();
  bool done() const;
  bool write(std::string_view plain);
  std::string read();   // all that is there
  bool renegotiate();   // asks for it (TLS 1.2); the next advance() sends it
  void close();         // close_notify
  bool closed() const;  // the server's close_notify was read

  std::string take_output();  // ciphertext for the server
  void feed(std::string_view ciphertext);

  std::string protocol() const;
  std::string cipher() const;
  std::string group() const;
  std::string alpn() const;
  bool resumed() const;
  long server_serial() const;  // of the certificate that was shown
  int server_chain_length() const;
  std::string server_key() const;   // "RSA" or "EC"
  std::shared_ptr<void> session();  // to resume; with TLS 1.3 only after the ticket was read
  int tickets() const;              // that were received
  const std::string& error() const { return error_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string error_;
};

struct Outcome {
  bool ok = false;
  std::string server_error;
};

/// Carries bytes between the two until both are done or one has failed. `room` is what the server may write in one
/// call.
Outcome shake_hands(TestClient& client, tls::Connection& server, size_t room = 65536);

/// Carries what the server has to say at once (tickets, answers) to the client, and the client's bytes to the server's
/// read(); returns what the server read.
std::string exchange(TestClient& client, tls::Connection& server, std::string_view answer = {});

}  // namespace elb::test
