// SPDX-License-Identifier: Apache-2.0
// The catalogue of metric series: the 20 of the guide (requirements, chapter 13) and ours. A series is one metric of
// one object: a load balancer, a listener, or the node. Thread rule: constants and plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace elb::telemetry {

inline constexpr std::string_view kNamespace = "SYS.ELB";  // MON-01
inline constexpr std::string_view kLoadBalancerDimension = "lbaas_instance_id";
inline constexpr std::string_view kListenerDimension = "lbaas_listener_id";

/// Periods in seconds that can be asked for.
inline constexpr int64_t kPeriods[] = {60, 300, 1200, 3600, 14400, 86400};

/// Also the place in a stored point: new ones come at the end, none is ever taken out.
enum Metric : size_t {
  kConcurrent,
  kActive,
  kInactive,
  kNewConnections,
  kPacketsIn,
  kPacketsOut,
  kBytesIn,
  kBytesOut,
  kAbnormalServers,
  kNormalServers,
  kRequests,
  kStatus2xx,
  kStatus3xx,
  kStatus4xx,
  kStatus5xx,
  kStatusOther,
  kStatus404,
  kStatus499,
  kStatus502,
  kResponseTime,
  kResponseP50,
  kResponseP95,
  kResponseP99,
  kZonesWithoutMember,
  kCertificateDays,
  kFlowTableUsed,
  kPortsExhausted,
  kDropped,
  kFailingSinks,
  kMetricCount,
};

struct MetricInfo {
  std::string_view id, unit, title;
  bool node = false, load_balancer = false, listener = false;
  bool l7 = false;  // MON-03: only of HTTP and HTTPS listeners, and of load balancers that have one
};

inline constexpr std::array<MetricInfo, kMetricCount> kMetrics = {{
    {"m1_cps", "Count", "concurrent connections", false, true, true},
    {"m2_act_conn", "Count", "established connections", false, true, true},
    {"m3_inact_conn", "Count", "TCP connections not established", false, true, true},
    {"m4_ncps", "Count/s", "new connections", false, true, true},
    {"m5_in_pps", "Packet/s", "packets from clients", false, true, true},
    {"m6_out_pps", "Packet/s", "packets to clients", false, true, true},
    {"m7_in_Bps", "Byte/s", "bytes from clients", false, true, true},
    {"m8_out_Bps", "Byte/s", "bytes to clients", false, true, true},
    {"m9_abnormal_servers", "Count", "unhealthy members", false, true, false},
    {"ma_normal_servers", "Count", "healthy members", false, true, false},
    {"mb_l7_queries", "Request/s", "requests", false, true, true, true},
    {"mc_l7_http_2xx", "Count/s", "responses 2xx", false, true, true, true},
    {"md_l7_http_3xx", "Count/s", "responses 3xx", false, true, true, true},
    {"me_l7_http_4xx", "Count/s", "responses 4xx", false, true, true, true},
    {"mf_l7_http_5xx", "Count/s", "responses 5xx", false, true, true, true},
    {"m10_l7_http_other_status", "Count/s", "other responses", false, true, true, true},
    {"m11_l7_http_404", "Count/s", "responses 404", false, true, true, true},
    {"m12_l7_http_499", "Count/s", "requests that clients gave up", false, true, true, true},
    {"m13_l7_http_502", "Count/s", "responses 502", false, true, true, true},
    {"m14_l7_rt", "ms", "mean response time", false, true, true, true},
    {"l7_rt_p50", "ms", "response time, 50th percentile", false, true, true, true},
    {"l7_rt_p95", "ms", "response time, 95th percentile", false, true, true, true},
    {"l7_rt_p99", "ms", "response time, 99th percentile", false, true, true, true},
    {"az_without_healthy_member", "Count", "zones of pools whose members are all unhealthy", false, true, false},
    {"certificate_days_left", "Day", "until the first certificate in use expires", false, true, true},
    {"flow_table_used_percent", "%", "flow table in use", true, false, false},
    {"port_exhausted", "Count/s", "connections without a free local port", true, false, false},
    {"dropped_pps", "Packet/s", "packets dropped", true, false, false},
    {"failing_executors", "Count", "executors whose last attempt failed", true, false, false},
}};

std::optional<Metric> find_metric(std::string_view id);

/// Observations of one metric over a while. In raw points n is 1: sum is the minute's mean, min and max are those of
/// the looks within the minute. Longer periods add up the minutes.
struct Sample {
  uint32_t n = 0;
  double sum = 0, min = 0, max = 0;

  double average() const { return n == 0 ? 0 : sum / n; }
  void merge(const Sample& other);
};

/// One point of all series of an object.
struct ObjectPoint {
  std::string object;  // id of a load balancer or listener, or kNodeObject
  std::array<std::optional<Sample>, kMetricCount> samples;
};
inline constexpr std::string_view kNodeObject = "node";

}  // namespace elb::telemetry
