// SPDX-License-Identifier: Apache-2.0
// One scrape of /metrics (MON-04): every counter there is, labelled by what is configured. Sums over a load balancer
// are not here: they would fall when a listener goes, and Prometheus sums by itself. Thread rule: any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "telemetry/exposition.h"
#include "telemetry/sources.h"

namespace elb::telemetry {

/// `more` adds families of its own at the end. With `project`, what one project has of the configuration, nothing is
/// told of other projects and of the node.
std::string render_metrics(const Sources& sources, ExpositionFormat format,
                           const std::function<void(Exposition&)>& more = {},
                           const std::shared_ptr<const model::Model>& project = {});

}  // namespace elb::telemetry
