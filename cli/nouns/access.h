// SPDX-License-Identifier: Apache-2.0
// The nouns of who may do what: tokens, projects, quotas, traces, contexts. Private to the registry.
// Thread rule: called once, when the table is built.
#pragma once

#include "cli/command.h"

namespace elb::cli {

Noun token_noun();
Noun project_noun();
Noun quota_noun();
Noun audit_noun();
Noun context_noun();

}  // namespace elb::cli
