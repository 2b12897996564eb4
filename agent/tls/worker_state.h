// SPDX-License-Identifier: Apache-2.0
// WorkerState: what a worker's contexts share. Private to the room. Thread rule: the worker's thread.
#pragma once

#include <memory>
#include <unordered_map>

#include "base/clock.h"
#include "tls/credential.h"
#include "tls/openssl.h"
#include "tls/ticket_secrets.h"

namespace elb::tls {

/// A credential parsed with the worker's library.
struct LoadedCredential {
  std::weak_ptr<const Credential> source;
  X509Ptr leaf;  // null: OpenSSL refuses the certificate or the key
  KeyPtr key;
  X509StackPtr chain;  // without the leaf; null if there is none
};

class WorkerState {
 public:
  WorkerState(const Clock& time, LibraryPtr context, TicketSecretsPtr tickets)
      : clock(time), library(std::move(context)), secrets(std::move(tickets)) {}

  /// Parsed now if it was not. Null: it cannot be used; that is remembered, so that asking again costs nothing.
  const LoadedCredential* load(const CredentialPtr& credential);
  /// Forgets what no table has any more.
  void sweep();

  size_t loaded() const { return credentials_.size() - broken_; }
  size_t broken() const { return broken_; }

  const Clock& clock;
  LibraryPtr library;  // goes after everything that was made with it
  TicketSecretsPtr secrets;

 private:
  std::unordered_map<const Credential*, LoadedCredential> credentials_;
  size_t broken_ = 0;
};

}  // namespace elb::tls
