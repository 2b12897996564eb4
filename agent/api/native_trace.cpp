// SPDX-License-Identifier: Apache-2.0
// GET /v1/trace: what the data path would do with the first packet from client to VIP.
#include <charconv>

#include "api/handlers.h"

namespace elb::api {
namespace {

using codec::Value;

Result<Endpoint> read_endpoint(const Request& request, const std::string& key) {
  const auto address = IpAddress::parse(request.query(key));
  if (!address) return invalid(key, fmt::format("must be an IP address, got '{}'", request.query(key)));
  const std::string text = request.query(key + "_port");
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0)
    return invalid(key + "_port", fmt::format("must be 1 to 65535, got '{}'", text));
  return Endpoint{*address, port};
}

Value endpoint_or_null(const std::optional<Endpoint>& endpoint) {
  return endpoint ? Value(endpoint->to_string()) : Value();
}

}  // namespace

Result<Reply> native_trace(Context& context, const Request& request) {
  if (Status status = request.only_queries({"protocol", "client", "client_port", "vip", "vip_port"}); !status)
    return pass_on(status.error());
  if (context.diagnosis() == nullptr) return fail(ErrorCode::kUnsupported, "there is no data path to look at");
  const auto protocol = model::parse_transport(request.query("protocol"));
  if (!protocol) return invalid("protocol", fmt::format("must be TCP or UDP, got '{}'", request.query("protocol")));
  const auto client = read_endpoint(request, "client");
  if (!client) return pass_on(client.error());
  const auto vip = read_endpoint(request, "vip");
  if (!vip) return pass_on(vip.error());
  if (client->address.is_v4() != vip->address.is_v4())
    return invalid("vip", "client and virtual address must be of the same family");

  const auto trace = context.diagnosis()->trace({*protocol, *client, *vip});
  if (!trace) return pass_on(trace.error());
  const View view = context.view();
  const auto name_in = [](const auto& table, const model::Id& id) {
    const auto found = table.find(id);
    return found == table.end() ? Value() : Value(found->second->name);
  };
  Value steps = Value::array(), candidates = Value::array();
  for (const model::TraceStep& step : trace->steps)
    steps.push(Value().set("step", step.step).set("stop", step.stop).set("seen", step.seen));
  for (const Endpoint& candidate : trace->candidates) candidates.push(candidate.to_string());
  Value out = Value::object();
  out.set("protocol", std::string(to_string(*protocol))).set("client", client->to_string());
  out.set("vip", vip->to_string()).set("verdict", trace->verdict);
  out.set("reason", trace->reason.empty() ? Value() : Value(trace->reason));
  if (!trace->reason.empty())
    for (const model::DropCount& drop : context.traffic().drops())
      if (drop.reason == trace->reason) out.set("description", drop.description);
  out.set("existing", trace->existing);
  out.set("listener_id", codec::text_or_null(trace->listener_id));
  out.set("listener", name_in(view.model().listeners, trace->listener_id));
  out.set("member_id", codec::text_or_null(trace->member_id));
  out.set("member_name", name_in(view.model().members, trace->member_id));
  out.set("member", endpoint_or_null(trace->member)).set("local", endpoint_or_null(trace->local));
  out.set("candidates", std::move(candidates)).set("steps", std::move(steps));
  return Reply{200, std::move(out)};
}

}  // namespace elb::api
