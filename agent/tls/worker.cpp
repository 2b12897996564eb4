// SPDX-License-Identifier: Apache-2.0
#include "tls/worker.h"

#include <openssl/err.h>
#include <openssl/provider.h>

#include "tls/server_context.h"
#include "tls/worker_state.h"

namespace elb::tls {
namespace {

LoadedCredential parse(const CredentialPtr& credential, OSSL_LIB_CTX* library) {
  LoadedCredential loaded{credential, nullptr, parse_key(credential->key.view(), library), nullptr};
  if (!loaded.key || credential->chain.empty()) return loaded;
  if (credential->chain.size() > 1) loaded.chain.reset(sk_X509_new_null());
  for (size_t i = 1; i < credential->chain.size(); ++i) {
    X509Ptr issuer = parse_x509(credential->chain[i], library);
    if (!issuer || sk_X509_push(loaded.chain.get(), issuer.get()) == 0) return loaded;
    static_cast<void>(issuer.release());  // the stack owns it
  }
  loaded.leaf = parse_x509(credential->chain.front(), library);
  if (loaded.leaf && X509_check_private_key(loaded.leaf.get(), loaded.key.get()) != 1) loaded.leaf.reset();
  return loaded;
}

}  // namespace

const LoadedCredential* WorkerState::load(const CredentialPtr& credential) {
  auto found = credentials_.find(credential.get());
  if (found != credentials_.end() && found->second.source.expired()) {  // the address belonged to another one
    if (!found->second.leaf) --broken_;
    credentials_.erase(found);
    found = credentials_.end();
  }
  if (found == credentials_.end()) {
    found = credentials_.emplace(credential.get(), parse(credential, library.get())).first;
    if (!found->second.leaf) ++broken_;
    ERR_clear_error();
  }
  return found->second.leaf ? &found->second : nullptr;
}

void WorkerState::sweep() {
  std::erase_if(credentials_, [this](const auto& entry) {
    if (!entry.second.source.expired()) return false;
    if (!entry.second.leaf) --broken_;
    return true;
  });
}

Result<Worker> Worker::create(const Clock& clock, TicketSecretsPtr secrets) {
  LibraryPtr library(OSSL_LIB_CTX_new());
  // Loaded by name: the configuration file of the system, which may limit protocols, is not read.
  if (!library || OSSL_PROVIDER_load(library.get(), "default") == nullptr)
    return fail(ErrorCode::kInternal, take_error("OpenSSL's default provider is not available"));
  return Worker(std::make_shared<WorkerState>(clock, std::move(library), std::move(secrets)));
}

Result<ServerContextPtr> Worker::make_context(std::shared_ptr<const ServerTable> table) {
  state_->sweep();
  return ServerContext::make(state_, std::move(table));
}

void Worker::set_ticket_secrets(TicketSecretsPtr secrets) { state_->secrets = std::move(secrets); }

size_t Worker::loaded_certificates() const { return state_->loaded(); }
size_t Worker::broken_certificates() const { return state_->broken(); }

}  // namespace elb::tls
