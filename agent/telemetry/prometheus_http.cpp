// SPDX-License-Identifier: Apache-2.0
#include "telemetry/prometheus_http.h"

#include <fmt/core.h>

#include <array>

namespace elb::telemetry {
namespace {

using Type = Exposition::Type;
using Listener = model::HttpListenerTraffic;
using Member = model::HttpMemberTraffic;

template <class T>
struct Field {
  Type type;
  std::string_view name, help;
  uint64_t T::*value;
};

constexpr Field<Listener> kListener[] = {
    {Type::kCounter, "elb_http_listener_connections", "Connections accepted.", &Listener::connections},
    {Type::kGauge, "elb_http_listener_open_connections", "Open connections.", &Listener::open_connections},
    {Type::kCounter, "elb_http_listener_refused_connections", "Connections refused by whitelist or connection limit.",
     &Listener::refused_connections},
    {Type::kCounter, "elb_http_listener_requests", "Requests answered.", &Listener::requests},
    {Type::kCounter, "elb_http_listener_malformed_requests", "Requests refused by the parser.", &Listener::malformed},
    {Type::kCounter, "elb_http_listener_limited_requests", "Requests above the listener's rate, answered with 429.",
     &Listener::limited},
    {Type::kCounter, "elb_http_listener_bad_proxy_headers",
     "Connections closed for a PROXY header that was missing, malformed or not trusted.", &Listener::bad_proxy_headers},
    {Type::kCounter, "elb_http_listener_floods", "HTTP/2 connections ended because they burdened the proxy.",
     &Listener::floods},
    {Type::kCounter, "elb_http_listener_retries", "Requests sent again to another member.", &Listener::retries},
    {Type::kCounter, "elb_http_listener_tls_handshakes", "TLS handshakes completed.", &Listener::handshakes},
    {Type::kCounter, "elb_http_listener_failed_tls_handshakes", "TLS handshakes that failed.",
     &Listener::failed_handshakes},
    {Type::kCounter, "elb_http_listener_received_bytes", "Bytes of requests, without TLS.", &Listener::bytes_in},
    {Type::kCounter, "elb_http_listener_sent_bytes", "Bytes of responses, without TLS.", &Listener::bytes_out},
};

struct StatusCount {
  std::string_view label;
  uint64_t Listener::*value;
};
// Classes sum up to the requests; the three codes are part of their classes and have a family of their own.
constexpr StatusCount kClasses[] = {{"2xx", &Listener::status_2xx},
                                    {"3xx", &Listener::status_3xx},
                                    {"4xx", &Listener::status_4xx},
                                    {"5xx", &Listener::status_5xx},
                                    {"other", &Listener::status_other}};
constexpr StatusCount kCodes[] = {
    {"404", &Listener::status_404}, {"499", &Listener::status_499}, {"502", &Listener::status_502}};

constexpr Field<Member> kMember[] = {
    {Type::kCounter, "elb_http_member_requests", "Requests sent to the member, retries included.", &Member::requests},
    {Type::kCounter, "elb_http_member_connections", "Connections made to the member.", &Member::connections},
    {Type::kCounter, "elb_http_member_failed_connections", "Connections to the member that failed.",
     &Member::failed_connections},
    {Type::kCounter, "elb_http_member_failed_requests", "Requests that ended without a whole response.",
     &Member::failed_requests},
    {Type::kCounter, "elb_http_member_responses_5xx", "Responses of the member with a status of 5xx.",
     &Member::status_5xx},
    {Type::kCounter, "elb_http_member_received_bytes", "Bytes from the member.", &Member::bytes_in},
    {Type::kCounter, "elb_http_member_sent_bytes", "Bytes to the member.", &Member::bytes_out},
};

struct Bound {
  uint64_t us;
  std::string_view le;
};
constexpr Bound kBounds[] = {{1'000, "0.001"},    {2'500, "0.0025"},  {5'000, "0.005"},   {10'000, "0.01"},
                             {25'000, "0.025"},   {50'000, "0.05"},   {100'000, "0.1"},   {250'000, "0.25"},
                             {500'000, "0.5"},    {1'000'000, "1.0"}, {2'500'000, "2.5"}, {5'000'000, "5.0"},
                             {10'000'000, "10.0"}};

Labels with(const Labels& labels, std::string_view name, std::string_view value) {
  Labels more = labels;
  more.emplace_back(name, std::string(value));
  return more;
}

/// Buckets whose values are all within the bound: a value just below one may count for the next (1 part in 16).
void histogram(Exposition& out, const Labels& labels, const HistogramSums& sums, uint64_t sum_us) {
  uint64_t seen = 0;
  size_t bucket = 0;
  for (const Bound& bound : kBounds) {
    for (; bucket < kHistogramBuckets && histogram_floor(bucket + 1) - 1 <= bound.us; ++bucket)
      seen += sums.buckets[bucket];
    out.part("_bucket", with(labels, "le", bound.le), static_cast<double>(seen));
  }
  const auto all = static_cast<double>(sums.count());
  out.part("_bucket", with(labels, "le", "+Inf"), all);
  out.part("_sum", labels, static_cast<double>(sum_us) / 1e6);
  out.part("_count", labels, all);
}

}  // namespace

void render_http_listeners(Exposition& out, const std::vector<std::pair<Labels, Listener>>& rows) {
  for (const auto& field : kListener) {
    out.family(field.type, field.name, field.help);
    for (const auto& [labels, counters] : rows) out.sample(labels, counters.*field.value);
  }
  out.family(Type::kCounter, "elb_http_listener_responses",
             "Responses by class of status; they sum up to the requests.");
  for (const auto& [labels, counters] : rows)
    for (const StatusCount& status : kClasses) out.sample(with(labels, "class", status.label), counters.*status.value);
  out.family(Type::kCounter, "elb_http_listener_responses_by_code",
             "Responses of 404, 499 (the client went away) and 502; counted in their classes too.");
  for (const auto& [labels, counters] : rows)
    for (const StatusCount& status : kCodes) out.sample(with(labels, "code", status.label), counters.*status.value);
  out.family(Type::kHistogram, "elb_http_listener_request_duration_seconds",
             "From the first byte of the request to the last of the response.");
  for (const auto& [labels, counters] : rows) histogram(out, labels, counters.latency_us, counters.request_us);
}

void render_http_members(Exposition& out, const std::vector<std::pair<Labels, Member>>& rows) {
  for (const auto& field : kMember) {
    out.family(field.type, field.name, field.help);
    for (const auto& [labels, counters] : rows) out.sample(labels, counters.*field.value);
  }
  out.family(Type::kCounter, "elb_http_member_response_seconds",
             "Time waited for the heads of responses; divided by the requests it is the mean.");
  for (const auto& [labels, counters] : rows) out.sample(labels, static_cast<double>(counters.response_us) / 1e6);
}

}  // namespace elb::telemetry
