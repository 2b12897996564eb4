// SPDX-License-Identifier: Apache-2.0
// What every server context is set to, and what the security policies change (TLS-16). Private to the room.
// Thread rule: pure functions on the caller's object.
#pragma once

#include "base/result.h"
#include "tls/openssl.h"
#include "tls/server_table.h"

namespace elb::tls {

Status apply_policy(SSL_CTX* context, SecurityPolicy policy);

}  // namespace elb::tls
