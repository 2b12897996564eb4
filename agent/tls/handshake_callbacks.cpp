// SPDX-License-Identifier: Apache-2.0
#include "tls/handshake_callbacks.h"

#include <optional>
#include <string_view>

#include "tls/client_auth.h"
#include "tls/names.h"
#include "tls/server_context.h"

namespace elb::tls {
namespace {

Handshake& handshake_of(const SSL* ssl) { return *static_cast<Handshake*>(SSL_get_app_data(ssl)); }

uint16_t read16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>((static_cast<unsigned char>(bytes[at]) << 8) |
                               static_cast<unsigned char>(bytes[at + 1]));
}

/// The host_name of a server_name extension (RFC 6066 section 3: a list that has one entry of type 0). Nothing if it is
/// malformed.
std::optional<std::string_view> server_name(std::string_view extension) {
  constexpr size_t kHeader = 5;  // length of the list, type, length of the name
  if (extension.size() < kHeader || read16(extension, 0) != extension.size() - 2 || extension[2] != 0)
    return std::nullopt;
  if (read16(extension, 3) != extension.size() - kHeader) return std::nullopt;
  return extension.substr(kHeader);
}

int on_client_hello(SSL* ssl, int* alert, void*) {
  Handshake& handshake = handshake_of(ssl);
  // The second ClientHello, after a HelloRetryRequest, cannot change the name: the certificates are set.
  if (handshake.identity != nullptr) return SSL_CLIENT_HELLO_SUCCESS;
  const unsigned char* bytes = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) == 1) {
    const auto name = server_name({reinterpret_cast<const char*>(bytes), size});
    auto host = name ? canonical_host(*name) : std::nullopt;
    if (!host) {
      *alert = name ? SSL_AD_UNRECOGNIZED_NAME : SSL_AD_DECODE_ERROR;
      handshake.failure = "malformed server name";
      return SSL_CLIENT_HELLO_ERROR;
    }
    handshake.sni = std::move(*host);
  }
  handshake.identity = &handshake.context->table().find(handshake.sni);
  if (handshake.context->use(*handshake.identity, ssl)) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_INTERNAL_ERROR;
  handshake.failure = "the certificate for this name cannot be used";
  return SSL_CLIENT_HELLO_ERROR;
}

/// Tells the client that its name was used (RFC 6066 section 3).
int on_server_name(SSL* ssl, int*, void*) {
  return handshake_of(ssl).sni.empty() ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK;
}

int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size,
            void*) {
  static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1\x08http/1.0";
  constexpr unsigned int kHttp2Bytes = 3;
  // HTTP/2 needs TLS 1.2 (RFC 9113 section 9.2).
  const bool http2 = handshake_of(ssl).context->table().settings().http2 && SSL_version(ssl) >= TLS1_2_VERSION;
  const unsigned char* offered = http2 ? kProtocols : kProtocols + kHttp2Bytes;
  const unsigned int offered_size = sizeof(kProtocols) - 1 - (http2 ? 0 : kHttp2Bytes);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, offered, offered_size, in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301: no other protocol may be answered as if it were HTTP
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                  int seal) {
  const ServerContext& context = *handshake_of(ssl).context;
  const TicketKeys* keys = context.ticket_keys();
  if (keys == nullptr) return -1;
  const WallTime now = context.clock().wall();
  return seal != 0 ? keys->seal(now, name, iv, cipher, mac) : keys->open(now, name, iv, cipher, mac);
}

/// A session whose client certificate has expired since is not resumed: the full handshake judges it.
SSL_TICKET_RETURN on_ticket(SSL*, SSL_SESSION* session, const unsigned char*, size_t, SSL_TICKET_STATUS status, void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
  if (!client_certificate_in_time(session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

void set_callbacks(SSL_CTX* context, bool client_auth) {
  SSL_CTX_set_client_hello_cb(context, on_client_hello, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
  SSL_CTX_set_alpn_select_cb(context, on_alpn, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket_key);
  if (client_auth) SSL_CTX_set_session_ticket_cb(context, nullptr, on_ticket, nullptr);
}

}  // namespace elb::tls
