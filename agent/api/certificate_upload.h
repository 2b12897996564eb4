// SPDX-License-Identifier: Apache-2.0
// What becomes of a certificate that is uploaded, by a call of its own or in a document. Private to api.
// Thread rule: a pure function of its arguments.
#pragma once

#include <vector>

#include "base/clock.h"
#include "model/resources.h"
#include "tls/certificate.h"

namespace elb::api {

/// Checks what was uploaded and brings it into the form that is stored. Returns what the user should know.
Result<std::vector<tls::Warning>> check_upload(model::Certificate& certificate, WallTime now);

}  // namespace elb::api
