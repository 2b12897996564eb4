// SPDX-License-Identifier: Apache-2.0
#include "tls/connection.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include "tls/handshake_callbacks.h"
#include "tls/server_context.h"
#include "tls/wire_bio.h"
#include "tls/x509_facts.h"

namespace elb::tls {
namespace {

/// The wire of a call, which must not be touched after it. OpenSSL judges a call by the thread's error queue, which
/// another connection may have left something in.
class Call {
 public:
  Call(Wire** slot, Wire& wire) : slot_(slot) {
    *slot_ = &wire;
    ERR_clear_error();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { *slot_ = nullptr; }

 private:
  Wire** slot_;
};

}  // namespace

void Connection::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Connection::Connection() : handshake_(std::make_unique<Handshake>()) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::accept(ServerContextPtr context) {
  std::unique_ptr<Connection> connection(new Connection());
  connection->ssl_.reset(SSL_new(context->ssl_ctx()));
  BioPtr bio = make_wire_bio(&connection->wire_);
  if (!connection->ssl_ || !bio) return fail(ErrorCode::kInternal, take_error("no SSL object"));
  connection->handshake_->context = std::move(context);
  SSL* ssl = connection->ssl_.get();
  SSL_set_app_data(ssl, connection->handshake_.get());
  SSL_set_bio(ssl, bio.get(), bio.get());  // one reference serves both directions
  static_cast<void>(bio.release());
  SSL_set_accept_state(ssl);
  return connection;
}

Step Connection::finish(int result, size_t bytes) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return {Progress::kDone, bytes};
    case SSL_ERROR_WANT_READ:
      return {Progress::kWantRead, bytes};
    case SSL_ERROR_WANT_WRITE:
      return {Progress::kWantWrite, bytes};
    case SSL_ERROR_ZERO_RETURN:
      return {Progress::kClosed, bytes};
    default:
      break;
  }
  if (error_.empty()) {
    error_ = take_error("connection broken");
    if (!handshake_->failure.empty()) error_ = handshake_->failure;
    if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
      error_ += fmt::format(": {}", X509_verify_cert_error_string(verdict));
  }
  return {Progress::kFailed, bytes};
}

Step Connection::handshake(Wire& wire) {
  const Call call(&wire_, wire);
  return finish(SSL_do_handshake(ssl_.get()), 0);
}

Step Connection::read(Wire& wire, std::span<char> plain) {
  const Call call(&wire_, wire);
  size_t total = 0;
  while (total < plain.size()) {
    size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), plain.data() + total, plain.size() - total, &count);
    if (result != 1) return finish(result, total);
    total += count;
  }
  return {Progress::kDone, total};
}

Step Connection::write(Wire& wire, std::string_view plain) {
  const Call call(&wire_, wire);
  size_t total = 0;
  while (total < plain.size()) {
    size_t count = 0;
    const int result = SSL_write_ex(ssl_.get(), plain.data() + total, plain.size() - total, &count);
    if (result != 1) return finish(result, total);
    total += count;
  }
  return {Progress::kDone, total};
}

Step Connection::close(Wire& wire) {
  const Call call(&wire_, wire);
  const int result = SSL_shutdown(ssl_.get());
  if (result >= 0) return {Progress::kDone, 0};  // 0: the peer has not said it yet
  return finish(result, 0);
}

bool Connection::handshake_done() const { return SSL_is_init_finished(ssl_.get()) == 1; }

size_t Connection::pending() const { return static_cast<size_t>(SSL_pending(ssl_.get())); }

ConnectionFacts Connection::facts() const {
  ConnectionFacts facts;
  const SSL* ssl = ssl_.get();
  facts.protocol = SSL_get_version(ssl);
  facts.cipher = SSL_get_cipher_name(ssl);
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  facts.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  facts.sni = handshake_->sni;
  facts.resumed = SSL_session_reused(ssl) == 1;
  if (handshake_->identity != nullptr)
    if (const Credential* shown = handshake_->context->shown(*handshake_->identity, ssl))
      facts.certificate_id = shown->id;
  if (X509* client = SSL_get0_peer_certificate(ssl)) {
    const CertificateFacts certificate = facts_of(client);
    facts.client_subject = certificate.subject;
    facts.client_serial = certificate.serial;
    facts.client_fingerprint = certificate.fingerprint;
  }
  return facts;
}

}  // namespace elb::tls
