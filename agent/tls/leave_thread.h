// SPDX-License-Identifier: Apache-2.0
// A context on its way to another thread. Thread rule: see below.
#pragma once

#include "tls/worker.h"

namespace elb::tls {

/// The calling thread, the only one that has worked with the context so far, will not do so again; another one may.
/// OpenSSL keeps state of each thread for each library context and looks for it when the thread ends: without this call
/// the context would have to outlive the thread.
void leave_thread(const ServerContextPtr& context);

}  // namespace elb::tls
