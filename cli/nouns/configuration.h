// SPDX-License-Identifier: Apache-2.0
// The nouns of the configuration as a whole; as all.h. Thread rule: called once.
#pragma once

#include "cli/command.h"

namespace elb::cli {

Noun apply_noun();
Noun diff_noun();
Noun validate_noun();
Noun export_noun();
Noun revision_noun();
Noun rollback_noun();

}  // namespace elb::cli
