// SPDX-License-Identifier: Apache-2.0
// The vendor's view of a load balancer's access log: a resource of its own, "logtank" (LOG-01). Thread rule: pure.
#pragma once

#include "codec/value.h"
#include "model/resources.h"

namespace elb::codec {

/// Of a load balancer that has one.
Value encode_logtank(const model::LoadBalancer& load_balancer);

struct NewLogtank {
  model::Id loadbalancer_id;
  model::AccessLogTarget target;
};
Result<NewLogtank> decode_logtank(const Value& body);
/// Body of PUT: group, stream or both.
Status decode_update(const Value& body, model::AccessLogTarget& target);

}  // namespace elb::codec
