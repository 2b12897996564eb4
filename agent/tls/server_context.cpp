// SPDX-License-Identifier: Apache-2.0
#include "tls/server_context.h"

#include "tls/client_auth.h"
#include "tls/handshake_callbacks.h"
#include "tls/policy.h"

namespace elb::tls {

Result<ServerContextPtr> ServerContext::make(std::shared_ptr<WorkerState> worker,
                                             std::shared_ptr<const ServerTable> table) {
  std::shared_ptr<ServerContext> context(new ServerContext(std::move(worker), std::move(table)));
  if (auto status = context->set_up(); !status) return pass_on(status.error());
  return context;
}

Status ServerContext::set_up() {
  OSSL_LIB_CTX* library = worker_->library.get();
  ssl_ctx_.reset(SSL_CTX_new_ex(library, nullptr, TLS_server_method()));
  if (!ssl_ctx_) return fail(ErrorCode::kInternal, take_error("no SSL context"));
  if (auto status = apply_policy(ssl_ctx_.get(), table_->settings().policy); !status) return status;
  if (!table_->client_ca().empty())
    if (auto status = require_client_certificate(ssl_ctx_.get(), table_->client_ca(), library); !status) return status;
  if (ticket_keys() == nullptr) return fail(ErrorCode::kInternal, take_error("the ticket keys cannot be derived"));
  // A ticket can be opened for at least one period after its epoch.
  SSL_CTX_set_timeout(ssl_ctx_.get(), static_cast<long>(worker_->secrets->period().count()));
  set_callbacks(ssl_ctx_.get(), !table_->client_ca().empty());
  return {};
}

bool ServerContext::use(const Identity& identity, SSL* ssl) const {
  bool any = false;
  int first_type = EVP_PKEY_NONE;
  for (const auto& credential : identity.credentials) {
    const LoadedCredential* loaded = worker_->load(credential);
    if (loaded == nullptr) continue;
    const int type = EVP_PKEY_get_base_id(loaded->key.get());
    if (any && type == first_type) continue;
    if (SSL_use_cert_and_key(ssl, loaded->leaf.get(), loaded->key.get(), loaded->chain.get(), 1) != 1) continue;
    if (!any) first_type = type;
    any = true;
  }
  const auto* session_context = reinterpret_cast<const unsigned char*>(identity.session_context.data());
  return any && SSL_set_session_id_context(ssl, session_context,
                                           static_cast<unsigned int>(identity.session_context.size())) == 1;
}

const Credential* ServerContext::shown(const Identity& identity, const SSL* ssl) const {
  const X509* leaf = SSL_get_certificate(ssl);
  for (const auto& credential : identity.credentials) {
    const LoadedCredential* loaded = worker_->load(credential);
    if (loaded != nullptr && loaded->leaf.get() == leaf) return credential.get();
  }
  return nullptr;
}

const TicketKeys* ServerContext::ticket_keys() const {
  if (!ticket_keys_ || ticket_keys_->secrets() != worker_->secrets.get()) {
    auto keys = TicketKeys::make(worker_->secrets, table_->binding(), worker_->library.get());
    if (!keys) return nullptr;
    ticket_keys_ = std::move(*keys);
  }
  return &*ticket_keys_;
}

}  // namespace elb::tls
