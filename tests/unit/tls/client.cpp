// SPDX-License-Identifier: Apache-2.0
#include "unit/tls/client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <vector>

namespace elb::test {
namespace {

int protocol_number(const std::string& name) {
  if (name == "TLSv1") return TLS1_VERSION;
  if (name == "TLSv1.1") return TLS1_1_VERSION;
  if (name == "TLSv1.2") return TLS1_2_VERSION;
  if (name == "TLSv1.3") return TLS1_3_VERSION;
  return 0;
}

/// "h2,http/1.1" with a length before each name.
std::vector<unsigned char> alpn_list(const std::string& text) {
  std::vector<unsigned char> list;
  size_t begin = 0;
  while (begin <= text.size() && !text.empty()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    list.push_back(static_cast<unsigned char>(end - begin));
    list.insert(list.end(), text.begin() + static_cast<long>(begin), text.begin() + static_cast<long>(end));
    begin = end + 1;
  }
  return list;
}

}  // namespace

struct TestClient::Impl {
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
  BIO* in = nullptr;
  BIO* out = nullptr;
  std::shared_ptr<void> session;
  int tickets = 0;

  ~Impl() {
    // Without this, OpenSSL takes the connection for a broken one and its session for one not to be resumed.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

TestClient::TestClient(const ClientOptions& options) : impl_(std::make_unique<Impl>()) {
  SSL_CTX* context = impl_->context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, protocol_number(options.min_protocol));
  SSL_CTX_set_max_proto_version(context, protocol_number(options.max_protocol));
  if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context, options.ciphers.c_str());
  if (!options.groups.empty()) SSL_CTX_set1_groups_list(context, options.groups.c_str());
  if (!options.signatures.empty()) SSL_CTX_set1_sigalgs_list(context, options.signatures.c_str());
  if (options.certificate != nullptr) {
    SSL_CTX_use_certificate(context, static_cast<X509*>(options.certificate->x509.get()));
    SSL_CTX_use_PrivateKey(context, static_cast<EVP_PKEY*>(options.certificate->key.get()));
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
    auto* impl = static_cast<Impl*>(SSL_get_app_data(ssl));
    ++impl->tickets;
    impl->session = std::shared_ptr<void>(session, [](void* s) { SSL_SESSION_free(static_cast<SSL_SESSION*>(s)); });
    return 1;
  });
  SSL* ssl = impl_->ssl = SSL_new(context);
  SSL_set_app_data(ssl, impl_.get());
  if (!options.sni.empty())  // SSL_set_tlsext_host_name() without its look at the characters
    SSL_set_tlsext_host_name(ssl, options.sni.c_str());
  const auto alpn = alpn_list(options.alpn);
  if (!alpn.empty()) SSL_set_alpn_protos(ssl, alpn.data(), static_cast<unsigned int>(alpn.size()));
  if (options.session) {
    // A session is used once (RFC 8446 appendix C.4): OpenSSL marks it. Tests resume from the same one again and again.
    SSL_SESSION* copy = SSL_SESSION_dup(static_cast<SSL_SESSION*>(options.session.get()));
    SSL_set_session(ssl, copy);
    SSL_SESSION_free(copy);
  }
  impl_->in = BIO_new(BIO_s_mem());
  impl_->out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, impl_->in, impl_->out);
  SSL_set_connect_state(ssl);
}

TestClient::~TestClient() = default;

bool TestClient::advance() {
  ERR_clear_error();
  const int result = SSL_do_handshake(impl_->ssl);
  if (result == 1) return true;
  const int why = SSL_get_error(impl_->ssl, result);
  if (why == SSL_ERROR_WANT_READ) return true;
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  error_ = reason != nullptr ? reason : "failed";
  return false;
}

bool TestClient::done() const { return SSL_is_init_finished(impl_->ssl) == 1; }

bool TestClient::write(std::string_view plain) {
  size_t count = 0;
  return SSL_write_ex(impl_->ssl, plain.data(), plain.size(), &count) == 1 && count == plain.size();
}

std::string TestClient::read() {
  std::string all;
  std::array<char, 16384> buffer{};
  size_t count = 0;
  ERR_clear_error();
  while (SSL_read_ex(impl_->ssl, buffer.data(), buffer.size(), &count) == 1) all.append(buffer.data(), count);
  if (SSL_get_error(impl_->ssl, 0) == SSL_ERROR_SSL && error_.empty()) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    error_ = reason != nullptr ? reason : "failed";
  }
  return all;
}

bool TestClient::renegotiate() { return SSL_renegotiate(impl_->ssl) == 1; }
void TestClient::close() { SSL_shutdown(impl_->ssl); }
bool TestClient::closed() const { return (SSL_get_shutdown(impl_->ssl) & SSL_RECEIVED_SHUTDOWN) != 0; }

std::string TestClient::take_output() {
  std::string bytes(BIO_ctrl_pending(impl_->out), '\0');
  if (!bytes.empty()) BIO_read(impl_->out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

void TestClient::feed(std::string_view ciphertext) {
  if (!ciphertext.empty()) BIO_write(impl_->in, ciphertext.data(), static_cast<int>(ciphertext.size()));
}

std::string TestClient::protocol() const { return SSL_get_version(impl_->ssl); }
std::string TestClient::cipher() const { return SSL_get_cipher_name(impl_->ssl); }

std::string TestClient::group() const {
  const char* name = OBJ_nid2sn(static_cast<int>(SSL_get_negotiated_group(impl_->ssl)));
  return name != nullptr ? name : "";
}

std::string TestClient::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(impl_->ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool TestClient::resumed() const { return SSL_session_reused(impl_->ssl) == 1; }

long TestClient::server_serial() const {
  const X509* certificate = SSL_get0_peer_certificate(impl_->ssl);
  return certificate == nullptr ? -1 : ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
}

int TestClient::server_chain_length() const { return sk_X509_num(SSL_get_peer_cert_chain(impl_->ssl)); }

std::string TestClient::server_key() const {
  X509* certificate = SSL_get0_peer_certificate(impl_->ssl);
  return certificate == nullptr ? "" : EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate));
}

std::shared_ptr<void> TestClient::session() {
  if (SSL_version(impl_->ssl) == TLS1_3_VERSION) return impl_->session;
  // TLS 1.2: also a ticket that was renewed, of which OpenSSL tells nobody
  return {SSL_get1_session(impl_->ssl), [](void* s) { SSL_SESSION_free(static_cast<SSL_SESSION*>(s)); }};
}
int TestClient::tickets() const { return impl_->tickets; }

Outcome shake_hands(TestClient& client, tls::Connection& server, size_t room) {
  std::vector<char> buffer(room);
  std::string waiting;
  for (int round = 0; round < 10000; ++round) {
    const bool client_ok = client.advance();
    waiting += client.take_output();
    tls::Wire wire{waiting, buffer};
    const tls::Step step = server.handshake_done() ? tls::Step{} : server.handshake(wire);
    waiting.erase(0, waiting.size() - wire.in.size());
    client.feed(wire.output());
    if (step.progress == tls::Progress::kFailed) {
      client.advance();  // reads the alert
      return {false, server.error()};
    }
    if (!client_ok) return {false, server.error()};
    if (step.progress == tls::Progress::kDone && client.done()) return {true, {}};
  }
  return {false, "no end"};
}

std::string exchange(TestClient& client, tls::Connection& server, std::string_view answer) {
  std::vector<char> room(65536);
  std::vector<char> plain(65536);
  const std::string sent = client.take_output();
  tls::Wire wire{sent, room};
  std::string got;
  tls::Step step;
  do {
    step = server.read(wire, plain);
    got.append(plain.data(), step.bytes);
  } while (step.progress == tls::Progress::kDone && !wire.in.empty());
  if (!answer.empty()) server.write(wire, answer);
  client.feed(wire.output());
  return got;
}

}  // namespace elb::test
