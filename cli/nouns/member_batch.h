// SPDX-License-Identifier: Apache-2.0
// elbctl member batch: all members of a pool in one transaction.
// Thread rule: called once.
#pragma once

#include "cli/command.h"

namespace elb::cli {

Command member_batch_command();

}  // namespace elb::cli
