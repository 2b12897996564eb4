// SPDX-License-Identifier: Apache-2.0
// A BIO over a Wire that changes with each call: OpenSSL copies records straight between its caller's buffers and its
// own. Private to the room. Thread rule: the worker's thread.
#pragma once

#include "tls/connection.h"
#include "tls/openssl.h"

namespace elb::tls {

/// `*wire` is looked at whenever OpenSSL reads or writes; null there is an empty wire.
BioPtr make_wire_bio(Wire** wire);

}  // namespace elb::tls
