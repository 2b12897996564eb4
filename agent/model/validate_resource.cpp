// SPDX-License-Identifier: Apache-2.0
// What one resource must satisfy by itself. Rules between resources are in validate_model.cpp.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "model/text.h"
#include "model/validate_parts.h"

namespace elb::model {

Status check_text(std::string_view field, std::string_view text, size_t max) {
  const auto length = utf8_length(text);
  if (!length) return invalid(std::string(field), "must be valid UTF-8");
  if (*length > max)
    return invalid(std::string(field), fmt::format("must have 0 to {} characters, has {}", max, *length));
  return {};
}

Status check_range(std::string_view field, int value, int low, int high) {
  if (value < low || value > high)
    return invalid(std::string(field), fmt::format("must be {} to {}, is {}", low, high, value));
  return {};
}

namespace {

Status check_port(std::string_view field, uint16_t port) { return check_range(field, port, 1, 65535); }

constexpr size_t kTagKeyMax = 36;  // characters, LB-17
constexpr size_t kTagValueMax = 43;

bool is_ascii_word(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Characters of a tag's key; its value may have '.' too (LB-17).
bool is_tag_text(std::string_view text, bool dots) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if (!is_ascii_word(byte) && !(dots && byte == '.')) return false;
      continue;
    }
    if (byte < 0xE3 || byte > 0xE9 || i + 2 >= text.size()) return false;
    const uint32_t code = (byte & 0x0FU) << 12U | (static_cast<unsigned char>(text[i + 1]) & 0x3FU) << 6U |
                          (static_cast<unsigned char>(text[i + 2]) & 0x3FU);
    if (code < 0x3400 || code > 0x9FFF) return false;  // Chinese
    i += 2;
  }
  return true;
}

/// LB-17: "key=value" is the vendor's tag. One without '=' is a label of Octavia's, which may be any text.
Status check_pair(const std::string& field, std::string_view tag, std::set<std::string_view>& keys) {
  const size_t equals = tag.find('=');
  if (equals == std::string_view::npos) return {};
  const std::string_view key = tag.substr(0, equals), value = tag.substr(equals + 1);
  const size_t key_length = utf8_length(key).value_or(0), value_length = utf8_length(value).value_or(kTagValueMax + 1);
  if (key_length == 0 || key_length > kTagKeyMax || !is_tag_text(key, false))
    return invalid(field, fmt::format("a tag's key must have 1 to {} letters, digits, '_', '-' and Chinese characters, "
                                      "is '{}'",
                                      kTagKeyMax, key));
  if (value_length > kTagValueMax || !is_tag_text(value, true))
    return invalid(field, fmt::format("a tag's value must have 0 to {} letters, digits, '_', '-', '.' and Chinese "
                                      "characters, is '{}'",
                                      kTagValueMax, value));
  if (!keys.insert(key).second) return invalid(field, fmt::format("the key '{}' is given twice", key));
  return {};
}

Status check_tags(const std::vector<std::string>& tags) {
  if (tags.size() > kTagsMax)
    return invalid("tags", fmt::format("at most {} tags are allowed, got {}", kTagsMax, tags.size()));
  std::set<std::string_view> seen, keys;
  for (size_t i = 0; i < tags.size(); ++i) {
    const std::string field = fmt::format("tags[{}]", i);
    if (tags[i].empty()) return invalid(field, "must not be empty");
    if (auto status = check_text(field, tags[i]); !status) return status;
    if (!seen.insert(tags[i]).second) return invalid(field, fmt::format("'{}' is given twice", tags[i]));
    if (auto status = check_pair(field, tags[i], keys); !status) return status;
  }
  return {};
}

/// Why no host can own the address; empty: one can.
std::string_view not_a_host(const IpAddress& address) {
  const auto& bytes = address.bytes();
  if (address.is_v4()) {
    // Neither 0.0.0.0/8, loopback, multicast nor above.
    return bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224 ? "is not a unicast host address" : "";
  }
  const auto zeros = std::find_if(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; }) - bytes.begin();
  if (zeros == 10 && bytes[10] == 0xFF && bytes[11] == 0xFF) return "is an IPv4 address in IPv6 form; write it as IPv4";
  if (bytes[0] == 0xFF || zeros >= 8) return "is not a unicast host address";  // multicast; ::, ::1 and ::/64
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80) return "is a link-local address";
  return "";
}

Status check_unicast(std::string_view field, const IpAddress& address) {
  const std::string_view why = not_a_host(address);
  if (why.empty()) return {};
  return invalid(std::string(field), fmt::format("{} {}", address.to_string(), why));
}

/// A name that is a file's too: no path, nothing hidden, nothing that a shell would expand.
Status check_log_name(std::string_view field, std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (name.empty() || name.size() > kLogNameMax || name.front() == '.' ||
      !std::all_of(name.begin(), name.end(), allowed))
    return invalid(
        std::string(field),
        fmt::format("must have 1 to {} letters, digits, '-', '_' or '.', and not begin with '.'", kLogNameMax));
  return {};
}

Status check_bandwidth(std::string_view field, const std::optional<int>& bandwidth) {
  return bandwidth ? check_range(field, *bandwidth, 1, kBandwidthMax) : Status();  // LB-09
}

Status check_access(const Listener& listener) {
  if (listener.connection_limit == 0 || listener.connection_limit < -1)
    return invalid("connection_limit",
                   fmt::format("must be -1 or 1 to {}, is {}", kConnectionLimitMax, listener.connection_limit));
  if (listener.toa && listener.protocol != Protocol::kTcp)
    return invalid("toa", fmt::format("needs a TCP listener, this one is {}", to_string(listener.protocol)));
  if (listener.whitelist && listener.whitelist->entries.size() > kWhitelistMax)
    return invalid("allowed_cidrs", fmt::format("at most {} entries are allowed, got {}", kWhitelistMax,
                                                listener.whitelist->entries.size()));
  return {};
}

Status check_monitored(const Member& member) {
  if (member.monitor_port)
    if (auto status = check_port("monitor_port", *member.monitor_port); !status) return status;
  if (!member.monitor_address) return {};
  // The node need not have an address of the other family to check from.
  if (member.monitor_address->is_v4() != member.address.is_v4())
    return invalid("monitor_address", fmt::format("{} must be of the family of the member's address, {}",
                                                  member.monitor_address->to_string(), member.address.to_string()));
  return check_unicast("monitor_address", *member.monitor_address);
}

/// ST-02, ST-03. The hash of SOURCE_IP is sticky by itself, so that cookies would say something else.
Status check_persistence_type(const Pool& pool) {
  const PersistenceType type = pool.persistence->type;
  const bool cookie = type != PersistenceType::kSourceIp;
  const bool http = pool.protocol == Protocol::kHttp;
  constexpr std::string_view kField = "session_persistence.type";
  if (cookie && !http)
    return invalid(std::string(kField), fmt::format("{} needs an HTTP pool: a {} pool has SOURCE_IP only",
                                                    to_string(type), to_string(pool.protocol)));
  if (cookie && pool.algorithm == Algorithm::kSourceIp)
    return invalid(
        std::string(kField),
        fmt::format("{} cannot be combined with lb_algorithm SOURCE_IP, which is sticky by itself", to_string(type)));
  if (!cookie && http && pool.algorithm != Algorithm::kSourceIp)
    return invalid(std::string(kField),
                   "an HTTP pool has HTTP_COOKIE and APP_COOKIE; lb_algorithm SOURCE_IP is sticky "
                   "by the client's address");
  return {};
}

Status check_cookie_name(const SessionPersistence& persistence) {  // ST-04
  constexpr std::string_view kField = "session_persistence.cookie_name";
  const std::string& name = persistence.cookie_name;
  if (persistence.type != PersistenceType::kAppCookie)
    return name.empty() ? Status() : invalid(std::string(kField), "belongs to type APP_COOKIE only");
  if (name.empty()) return invalid(std::string(kField), "is required for APP_COOKIE");
  if (name.size() > kCookieNameMax || !is_token(name))
    return invalid(std::string(kField),
                   fmt::format("must be 1 to {} letters, digits or marks that cookie names may have", kCookieNameMax));
  return {};
}

/// HC-03, HC-07, HC-11.
Status check_http_check(const HealthMonitor& monitor) {
  const std::string& path = monitor.url_path;
  if (monitor.type != MonitorType::kHttp) {
    if (monitor.http_method != "GET") return invalid("http_method", "belongs to HTTP checks");
    if (path != "/") return invalid("url_path", "belongs to HTTP checks");
    if (!monitor.domain_name.empty()) return invalid("domain_name", "belongs to HTTP checks");
    return monitor.expected_codes.empty() ? Status() : invalid("expected_codes", "belongs to HTTP checks");
  }
  const auto is_sent = [](char c) { return c > 0x20 && c < 0x7F && c != '#'; };
  if (path.size() > kCheckPathMax || !path.starts_with('/') || !std::ranges::all_of(path, is_sent))
    return invalid("url_path", fmt::format("must have 1 to {} characters, begin with '/' and have neither blanks nor "
                                           "'#', is '{}'",
                                           kCheckPathMax, path));
  const std::string& domain = monitor.domain_name;
  if (!domain.empty() && (domain.size() > kCheckDomainMax || !is_host_name(domain)))
    return invalid("domain_name", fmt::format("must have at most {} letters, digits, '-' and '.', beginning with a "
                                              "letter or digit, is '{}'",
                                              kCheckDomainMax, domain));
  const std::string& codes = monitor.expected_codes;
  if (codes.empty() || (codes.size() <= kExpectedCodesMax && parse_codes(codes))) return {};
  return invalid("expected_codes", fmt::format("must be codes such as 200, 200,202 or 200-204, is '{}'", codes));
}

}  // namespace

std::optional<std::vector<CodeRange>> parse_codes(std::string_view text) {
  const auto read = [](std::string_view digits) -> std::optional<uint16_t> {
    uint16_t code = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
    if (digits.size() != 3 || error != std::errc() || end != digits.data() + 3 || code < 100 || code > 599)
      return std::nullopt;
    return code;
  };
  std::vector<CodeRange> ranges;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view piece = text.substr(begin, end - begin);
    const size_t dash = std::min(piece.find('-'), piece.size());
    const auto first = read(piece.substr(0, dash));
    const auto last = dash < piece.size() ? read(piece.substr(dash + 1)) : first;
    if (!first || !last || *last < *first) return std::nullopt;
    ranges.push_back({*first, *last});
    begin = end + 1;
  }
  return ranges;
}

Status check_common(const Common& common) {
  if (auto status = check_text("name", common.name); !status) return status;
  if (auto status = check_text("description", common.description); !status) return status;
  if (auto status = check_text("project_id", common.project_id); !status) return status;
  return check_tags(common.tags);
}

Status validate(const LoadBalancer& load_balancer) {
  if (auto status = check_common(load_balancer); !status) return status;
  if (load_balancer.vip_subnet_id.empty()) return invalid("vip_subnet_id", "is required");  // LB-05
  if (auto status = check_text("vip_subnet_id", load_balancer.vip_subnet_id); !status) return status;
  if (auto status = check_text("vip_network_id", load_balancer.vip_network_id); !status) return status;
  if (auto status = check_text("vip_port_id", load_balancer.vip_port_id); !status) return status;
  if (auto status = check_text("provider", load_balancer.provider, 64); !status) return status;
  if (auto status = check_bandwidth("vip_bandwidth", load_balancer.vip_bandwidth); !status) return status;
  if (load_balancer.access_log) {
    if (auto status = check_log_name("log_group_id", load_balancer.access_log->group); !status) return status;
    if (auto status = check_log_name("log_topic_id", load_balancer.access_log->stream); !status) return status;
  }
  if (auto status = check_text("enterprise_project_id", load_balancer.enterprise_project_id, 36); !status)
    return status;
  return check_unicast("vip_address", load_balancer.vip_address);
}

Status validate(const Listener& listener) {
  if (auto status = check_common(listener); !status) return status;
  if (auto status = check_port("protocol_port", listener.protocol_port); !status) return status;
  if (listener.protocol == Protocol::kUdp && listener.protocol_port == kVxlanPort)
    return invalid("protocol_port", fmt::format("UDP port {} is reserved for VXLAN", kVxlanPort));
  if (auto status = check_access(listener); !status) return status;
  return check_l7(listener);
}

Status validate_persistence(const Pool& pool) {
  if (!pool.persistence) return {};
  if (pool.algorithm == Algorithm::kLeastConnections)
    return invalid("session_persistence", "cannot be combined with lb_algorithm LEAST_CONNECTIONS; null removes it");
  if (auto status = check_persistence_type(pool); !status) return status;
  if (auto status = check_cookie_name(*pool.persistence); !status) return status;
  const auto& minutes = pool.persistence->timeout_minutes;
  if (!minutes) return {};
  if (pool.algorithm == Algorithm::kSourceIp)
    return invalid("session_persistence.persistence_timeout",
                   "must not be given with lb_algorithm SOURCE_IP, which is sticky by itself; null removes it");
  return check_range("session_persistence.persistence_timeout", *minutes, 1,
                     pool.protocol == Protocol::kHttp ? kCookieMaxMinutes : kStickyMaxMinutes);
}

Status validate(const Pool& pool) {
  if (auto status = check_common(pool); !status) return status;
  if (pool.protocol == Protocol::kHttps)
    return invalid("protocol", "must be HTTP: HTTPS ends at the load balancer, members are spoken to in HTTP");
  if (pool.proxy_protocol != ProxyProtocol::kNone && pool.protocol != Protocol::kHttp)
    return invalid("proxy_protocol", fmt::format("needs an HTTP pool, this one is {}", to_string(pool.protocol)));
  if (pool.grpc && pool.proxy_protocol != ProxyProtocol::kNone)
    return invalid("proxy_protocol", "cannot be combined with GRPC: clients share the connections to a member");
  if (pool.slow_start && pool.protocol != Protocol::kHttp)
    return invalid("slow_start", fmt::format("needs an HTTP or GRPC pool, this one is {}", to_string(pool.protocol)));
  if (auto status = check_range("slow_start.duration", pool.slow_start_s, kSlowStartMin, kSlowStartMax); !status)
    return status;
  return validate_persistence(pool);
}

Status validate(const Member& member) {
  if (auto status = check_common(member); !status) return status;
  if (auto status = check_unicast("address", member.address); !status) return status;
  if (auto status = check_port("protocol_port", member.protocol_port); !status) return status;
  if (auto status = check_text("subnet_id", member.subnet_id); !status) return status;
  if (auto status = check_text("availability_zone", member.availability_zone); !status) return status;
  if (auto status = check_monitored(member); !status) return status;
  return check_range("weight", member.weight, 0, kWeightMax);
}

Status validate(const HealthMonitor& monitor) {
  if (auto status = check_common(monitor); !status) return status;
  if (auto status = check_range("delay", monitor.delay, 1, kDelayMax); !status) return status;
  if (auto status = check_range("timeout", monitor.timeout, 1, kDelayMax); !status) return status;
  if (auto status = check_range("max_retries", monitor.max_retries, 1, kRetriesMax); !status) return status;
  if (auto status = check_range("max_retries_down", monitor.max_retries_down, 1, kRetriesMax); !status) return status;
  if (monitor.monitor_port)
    if (auto status = check_port("monitor_port", *monitor.monitor_port); !status) return status;
  return check_http_check(monitor);
}

Status validate(const Eip& eip) {
  if (auto status = check_common(eip); !status) return status;
  if (auto status = check_text("bandwidth_name", eip.bandwidth_name); !status) return status;
  if (eip.type != "5_bgp" && eip.type != "5_sbgp")  // LB-08
    return invalid("type", fmt::format("must be 5_bgp or 5_sbgp, is '{}'", eip.type));
  if (auto status = check_bandwidth("bandwidth", eip.bandwidth); !status) return status;
  return check_unicast("address", eip.address);
}

}  // namespace elb::model
