// SPDX-License-Identifier: Apache-2.0
#include "cli/wait.h"

#include <fmt/core.h>

#include <algorithm>

namespace elb::cli {
namespace {

using codec::Value;
using std::chrono::milliseconds;

// Most changes are applied within some 50 ms.
constexpr milliseconds kFirstPause{20};
constexpr milliseconds kLongestPause{500};

Outcome<std::string> load_balancer_through(Context& context, const Resource& resource, const Value& reference) {
  const auto document = context.api.get(resource.path_of(reference.get("id").text()));
  if (!document) return pass_on(document.error());
  return load_balancer_of(context, resource.open(*document));
}

}  // namespace

Done poll_until(Context& context, std::string_view what, const std::function<Outcome<bool>()>& is_done) {
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    const auto done = is_done();
    if (!done) return pass_on(done.error());
    if (*done) return {};
    if (context.api.left() <= pause) {
      return give_up(Exit::kTimeout, fmt::format("{} within {} s", what, context.api.timeout().count() / 1000),
                     "the change itself was accepted; see: elbctl status");
    }
    context.env.sleep(pause);
  }
}

Done wait_active(Context& context, const std::string& load_balancer_id) {
  return poll_until(context, "the load balancer did not become ACTIVE", [&]() -> Outcome<bool> {
    const auto document = context.api.get(load_balancers().path_of(load_balancer_id));
    if (!document) return pass_on(document.error());
    const Value object = document->get("loadbalancer");
    const std::string status = object.get("provisioning_status").text();
    if (status == "ERROR") {
      const std::string reason = object.get("status_reason").text();
      return give_up(Exit::kError, "the load balancer went to ERROR" + (reason.empty() ? "" : ": " + reason),
                     "see: elbctl status");
    }
    return status == "ACTIVE";
  });
}

Done wait_gone(Context& context, const Resource& resource, const std::string& id) {
  return poll_until(context, fmt::format("the {} was not gone", resource.title), [&]() -> Outcome<bool> {
    const auto document = context.api.get(resource.path_of(id));
    if (document) return resource.open(*document).get("provisioning_status").text() == "DELETED";
    if (document.error().exit == Exit::kNotFound) return true;
    return pass_on(document.error());
  });
}

Outcome<std::string> load_balancer_of(Context& context, const Value& object) {
  if (std::string id = object.get("loadbalancer_id").as_string(); !id.empty()) return id;
  if (object.has("vip_address")) return object.get("id").text();
  if (const Value id = object.get("listener_id"); id.is_string()) {  // of a whitelist
    Value listener = Value::object();
    return load_balancer_through(context, listeners(), listener.set("id", id));
  }
  if (const Value id = object.get("l7policy_id"); id.is_string()) {
    Value policy = Value::object();
    return load_balancer_through(context, l7policies(), policy.set("id", id));
  }
  if (object.get("loadbalancers").size() > 0) return object.get("loadbalancers").at(0).get("id").text();
  if (object.get("listeners").size() > 0) {
    return load_balancer_through(context, listeners(), object.get("listeners").at(0));
  }
  if (object.get("pools").size() > 0) return load_balancer_through(context, pools(), object.get("pools").at(0));
  return give_up(Exit::kError, "cannot tell to which load balancer this belongs, so there is nothing to wait for");
}

}  // namespace elb::cli
