// SPDX-License-Identifier: Apache-2.0
// What the kernel must allow the agent, checked before anything is touched, so that the error names what is missing
// instead of the kernel's EPERM or a verifier's log. Thread rule: of the calling thread.
#pragma once

#include "base/result.h"

namespace elb::dataplane {

/// CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON in the effective set (CAP_SYS_ADMIN stands for the first and the last); else
/// kSystem, naming those that are missing and the remedy.
Status check_capabilities();

}  // namespace elb::dataplane
