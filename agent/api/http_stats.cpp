// SPDX-License-Identifier: Apache-2.0
// What the proxy counted of HTTP and HTTPS listeners and their members, beside what the kernel counted of all others.
#include "api/stats.h"

namespace elb::api {
namespace {

using codec::Value;

/// Times in microseconds: {"1024": 7} says that 7 requests took 1024 or more, and less than the next key could be.
/// Two readings give the distribution of what was between them.
Value buckets_value(const HistogramSums& sums) {
  Value out = Value::object();
  for (size_t i = 0; i < sums.buckets.size(); ++i)
    if (sums.buckets[i] > 0) out.set(std::to_string(histogram_floor(i)), sums.buckets[i]);
  return out;
}

model::HttpListenerTraffic http_of(const Context& context, const model::Id& listener_id) {
  if (context.http_traffic() == nullptr) return {};
  return context.http_traffic()->http_listener_traffic(listener_id).value_or(model::HttpListenerTraffic{});
}

}  // namespace

model::Traffic listener_traffic(const Context& context, const model::Id& listener_id) {
  model::Traffic traffic = context.traffic().listener_traffic(listener_id).value_or(model::Traffic{});
  if (context.http_traffic() == nullptr) return traffic;
  const auto http = context.http_traffic()->http_listener_traffic(listener_id);
  if (!http) return traffic;
  traffic.connections += http->connections;
  traffic.active += http->open_connections;
  traffic.bytes_in += http->bytes_in;
  traffic.bytes_out += http->bytes_out;
  traffic.refused += http->refused_connections + http->malformed;
  return traffic;
}

model::Traffic member_traffic(const Context& context, const model::Id& member_id) {
  model::Traffic traffic = context.traffic().member_traffic(member_id).value_or(model::Traffic{});
  if (context.http_traffic() == nullptr) return traffic;
  const auto http = context.http_traffic()->http_member_traffic(member_id);
  if (!http) return traffic;
  traffic.connections += http->connections;
  traffic.bytes_in += http->bytes_out;
  traffic.bytes_out += http->bytes_in;
  traffic.refused += http->failed_connections;
  return traffic;
}

Value listener_http(const Context& context, const model::Listener& listener) {
  if (!model::is_l7(listener.protocol)) return {};
  const model::HttpListenerTraffic http = http_of(context, listener.id);
  Value out = Value::object();
  out.set("requests", http.requests);
  out.set("status_2xx", http.status_2xx).set("status_3xx", http.status_3xx).set("status_4xx", http.status_4xx);
  out.set("status_5xx", http.status_5xx).set("status_other", http.status_other);
  out.set("status_404", http.status_404).set("status_499", http.status_499).set("status_502", http.status_502);
  out.set("malformed", http.malformed).set("limited", http.limited).set("floods", http.floods);
  out.set("bad_proxy_headers", http.bad_proxy_headers).set("retries", http.retries);
  out.set("handshakes", http.handshakes).set("failed_handshakes", http.failed_handshakes);
  out.set("request_us", http.request_us);
  out.set("p50_us", http.latency_us.quantile(0.5)).set("p95_us", http.latency_us.quantile(0.95));
  out.set("p99_us", http.latency_us.quantile(0.99)).set("latency_us", buckets_value(http.latency_us));
  return out;
}

Value member_http(const Context& context, const View& view, const model::Member& member) {
  const auto pool = view.model().pools.find(member.pool_id);
  if (pool == view.model().pools.end() || !model::is_l7(pool->second->protocol)) return {};
  model::HttpMemberTraffic http;
  if (context.http_traffic() != nullptr)
    http = context.http_traffic()->http_member_traffic(member.id).value_or(model::HttpMemberTraffic{});
  Value out = Value::object();
  out.set("requests", http.requests).set("failed_requests", http.failed_requests);
  out.set("status_5xx", http.status_5xx).set("response_us", http.response_us);
  return out;
}

}  // namespace elb::api
