// SPDX-License-Identifier: Apache-2.0
// The families of HTTP and HTTPS listeners and their members. Private to telemetry. Thread rule: any thread.
#pragma once

#include <utility>
#include <vector>

#include "model/http_traffic.h"
#include "telemetry/exposition.h"

namespace elb::telemetry {

void render_http_listeners(Exposition& out, const std::vector<std::pair<Labels, model::HttpListenerTraffic>>& rows);
void render_http_members(Exposition& out, const std::vector<std::pair<Labels, model::HttpMemberTraffic>>& rows);

}  // namespace elb::telemetry
