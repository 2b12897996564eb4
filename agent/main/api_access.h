// SPDX-License-Identifier: Apache-2.0
// Who may reach the API, and how: its options with certificate and group looked up, and the stores of identities and
// traces beside the configuration's. Thread rule: at start, one thread.
#pragma once

#include <memory>

#include "api/api_server.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "identity/directory.h"
#include "main/options.h"
#include "store/answer_store.h"
#include "store/audit_store.h"
#include "store/history.h"

namespace elb {

struct ApiAccess {
  std::unique_ptr<identity::Directory> identities;
  std::unique_ptr<store::AuditStore> audit;
  std::unique_ptr<store::History> history;
  std::unique_ptr<store::AnswerStore> answers;
  api::ApiOptions options;
};

/// The store must have been opened before (and migrated). A self-signed certificate is made beside it when TLS is
/// wanted and no certificate is given.
Result<ApiAccess> open_api_access(const Options& options, const Clock& clock, Random& random);

}  // namespace elb
