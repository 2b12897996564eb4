// SPDX-License-Identifier: Apache-2.0
// GET /v1/flows: the live flow table, filtered by the data path itself.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "api/handlers.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr int64_t kFlowsMax = 100'000;  // in one answer: some 30 MB

Status read_number(const Request& request, std::string_view key, int64_t max, std::optional<int64_t>& out) {
  if (!request.has_query(key)) return {};
  const std::string text = request.query(key);
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number < 1 || number > max) {
    return invalid(std::string(key), fmt::format("must be 1 to {}, got '{}'", max, text));
  }
  out = number;
  return {};
}

Status read_port(const Request& request, std::string_view key, std::optional<uint16_t>& out) {
  std::optional<int64_t> port;
  if (Status status = read_number(request, key, 65535, port); !status) return status;
  if (port) out = static_cast<uint16_t>(*port);
  return {};
}

Status read_address(const Request& request, std::string_view key, std::optional<IpAddress>& out) {
  if (!request.has_query(key)) return {};
  const auto address = IpAddress::parse(request.query(key));
  if (!address) return invalid(std::string(key), fmt::format("must be an IP address, got '{}'", request.query(key)));
  out = *address;
  return {};
}

/// "opening,established": any of these.
Status read_states(const Request& request, std::vector<std::string>& out) {
  if (!request.has_query("state")) return {};
  const std::string text = request.query("state");
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string state = text.substr(begin, end - begin);
    if (state != "opening" && state != "established" && state != "closing" && state != "closed") {
      return invalid("state", fmt::format("must be opening, established, closing or closed, got '{}'", state));
    }
    out.push_back(std::move(state));
    begin = end + 1;
  }
  return {};
}

Result<model::FlowFilter> read_filter(const Request& request) {
  Status status = request.only_queries({"protocol", "client", "client_port", "vip", "vip_port", "member", "member_port",
                                        "listener_id", "member_id", "state", "limit"});
  model::FlowFilter filter;
  if (status && request.has_query("protocol")) {
    filter.protocol = model::parse_transport(request.query("protocol"));
    if (!filter.protocol)
      status = invalid("protocol", fmt::format("must be TCP or UDP, got '{}'", request.query("protocol")));
  }
  if (status) status = read_address(request, "client", filter.client);
  if (status) status = read_address(request, "vip", filter.vip);
  if (status) status = read_address(request, "member", filter.member);
  if (status) status = read_port(request, "client_port", filter.client_port);
  if (status) status = read_port(request, "vip_port", filter.vip_port);
  if (status) status = read_port(request, "member_port", filter.member_port);
  if (status) status = read_states(request, filter.states);
  std::optional<int64_t> limit;
  if (status) status = read_number(request, "limit", kFlowsMax, limit);
  if (!status) return pass_on(status.error());
  if (limit) filter.limit = static_cast<size_t>(*limit);
  filter.listener_id = request.query("listener_id");
  filter.member_id = request.query("member_id");
  return filter;
}

Value flow_value(const model::FlowRecord& flow) {
  Value out = Value::object();
  out.set("protocol", std::string(to_string(flow.protocol))).set("client", flow.client.to_string());
  out.set("vip", flow.vip.to_string()).set("local", flow.local.to_string()).set("member", flow.member.to_string());
  out.set("listener_id", flow.listener_id).set("member_id", flow.member_id);
  out.set("state", flow.state).set("idle_s", flow.idle_s);
  out.set("packets_in", flow.packets_in).set("bytes_in", flow.bytes_in);
  out.set("packets_out", flow.packets_out).set("bytes_out", flow.bytes_out);
  return out;
}

}  // namespace

Result<Reply> native_flows(Context& context, const Request& request) {
  const auto filter = read_filter(request);
  if (!filter) return pass_on(filter.error());
  const model::FlowPage page = context.traffic().flows(*filter);
  Value flows = Value::array();
  for (const model::FlowRecord& flow : page.flows) flows.push(flow_value(flow));
  Value out = Value::object();
  out.set("flows", std::move(flows)).set("matched", page.matched);
  out.set("capacity", page.capacity).set("used", page.used);
  return Reply{200, std::move(out)};
}

}  // namespace elb::api
