// SPDX-License-Identifier: Apache-2.0
#include "tls/leave_thread.h"

#include <openssl/crypto.h>

#include "tls/server_context.h"

namespace elb::tls {

void leave_thread(const ServerContextPtr& context) { OPENSSL_thread_stop_ex(context->library()); }

}  // namespace elb::tls
