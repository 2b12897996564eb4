// SPDX-License-Identifier: Apache-2.0
// The enumerations' names: as the API writes them, or (Kind) as messages do.
#include "model/resources.h"

namespace elb::model {
namespace {

constexpr std::string_view kTerminatedHttps = "TERMINATED_HTTPS";

template <class T>
struct Word {
  T value;
  std::string_view text;
};

constexpr Word<PersistenceType> kPersistenceTypes[] = {{PersistenceType::kSourceIp, "SOURCE_IP"},
                                                       {PersistenceType::kHttpCookie, "HTTP_COOKIE"},
                                                       {PersistenceType::kAppCookie, "APP_COOKIE"}};
constexpr Word<CertificateType> kCertificateTypes[] = {{CertificateType::kServer, "server"},
                                                       {CertificateType::kClient, "client"}};
constexpr Word<RuleType> kRuleTypes[] = {{RuleType::kHostName, "HOST_NAME"},
                                         {RuleType::kPath, "PATH"},
                                         {RuleType::kFileType, "FILE_TYPE"},
                                         {RuleType::kHeader, "HEADER"},
                                         {RuleType::kCookie, "COOKIE"}};
constexpr Word<RuleCompare> kRuleCompares[] = {{RuleCompare::kEqualTo, "EQUAL_TO"},
                                               {RuleCompare::kStartsWith, "STARTS_WITH"},
                                               {RuleCompare::kEndsWith, "ENDS_WITH"},
                                               {RuleCompare::kContains, "CONTAINS"},
                                               {RuleCompare::kRegex, "REGEX"}};
constexpr Word<L7Action> kL7Actions[] = {{L7Action::kPool, "REDIRECT_TO_POOL"},
                                         {L7Action::kListener, "REDIRECT_TO_LISTENER"},
                                         {L7Action::kUrl, "REDIRECT_TO_URL"},
                                         {L7Action::kPrefix, "REDIRECT_PREFIX"},
                                         {L7Action::kReject, "REJECT"}};

template <class T, size_t N>
std::string_view word_of(const Word<T> (&words)[N], T value) {
  for (const Word<T>& word : words)
    if (word.value == value) return word.text;
  return "?";
}

template <class T, size_t N>
std::optional<T> value_of(const Word<T> (&words)[N], std::string_view text) {
  for (const Word<T>& word : words)
    if (word.text == text) return word.value;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(PersistenceType type) { return word_of(kPersistenceTypes, type); }
std::string_view to_string(CertificateType type) { return word_of(kCertificateTypes, type); }
std::string_view to_string(RuleType type) { return word_of(kRuleTypes, type); }
std::string_view to_string(RuleCompare compare) { return word_of(kRuleCompares, compare); }
std::string_view to_string(L7Action action) { return word_of(kL7Actions, action); }

std::optional<PersistenceType> parse_persistence_type(std::string_view text) {
  return value_of(kPersistenceTypes, text);
}
std::optional<CertificateType> parse_certificate_type(std::string_view text) {
  return value_of(kCertificateTypes, text);
}
std::optional<RuleType> parse_rule_type(std::string_view text) { return value_of(kRuleTypes, text); }
std::optional<RuleCompare> parse_rule_compare(std::string_view text) { return value_of(kRuleCompares, text); }
std::optional<L7Action> parse_l7_action(std::string_view text) { return value_of(kL7Actions, text); }

std::string_view Listener::protocol_word() const { return terminated_https ? kTerminatedHttps : to_string(protocol); }

std::string_view Pool::protocol_word() const { return grpc ? kGrpc : to_string(protocol); }

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "TCP";
    case Protocol::kUdp:
      return "UDP";
    case Protocol::kHttp:
      return "HTTP";
    case Protocol::kHttps:
      return "HTTPS";
  }
  return "?";
}

std::string_view to_string(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRoundRobin:
      return "ROUND_ROBIN";
    case Algorithm::kLeastConnections:
      return "LEAST_CONNECTIONS";
    case Algorithm::kSourceIp:
      return "SOURCE_IP";
  }
  return "?";
}

std::string_view to_string(MonitorType type) {
  switch (type) {
    case MonitorType::kTcp:
      return "TCP";
    case MonitorType::kHttp:
      return "HTTP";
    case MonitorType::kUdp:
      return "UDP-CONNECT";
    case MonitorType::kGrpcHealth:
      return kGrpc;
  }
  return "?";
}

std::string_view to_string(ProxyProtocol version) {
  switch (version) {
    case ProxyProtocol::kNone:
      return "none";
    case ProxyProtocol::kV1:
      return "v1";
    case ProxyProtocol::kV2:
      return "v2";
  }
  return "?";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kLoadBalancer:
      return "load balancer";
    case Kind::kListener:
      return "listener";
    case Kind::kPool:
      return "pool";
    case Kind::kMember:
      return "member";
    case Kind::kHealthMonitor:
      return "health monitor";
    case Kind::kEip:
      return "EIP";
    case Kind::kCertificate:
      return "certificate";
    case Kind::kL7Policy:
      return "l7policy";
    case Kind::kL7Rule:
      return "l7rule";
  }
  return "?";
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  if (text == kTerminatedHttps) return Protocol::kHttps;
  for (const Protocol value : {Protocol::kTcp, Protocol::kUdp, Protocol::kHttp, Protocol::kHttps})
    if (text == to_string(value)) return value;
  return std::nullopt;
}

std::optional<Protocol> parse_transport(std::string_view text) {
  const auto protocol = parse_protocol(text);
  return protocol && !is_l7(*protocol) ? protocol : std::nullopt;
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
  for (const Algorithm value : {Algorithm::kRoundRobin, Algorithm::kLeastConnections, Algorithm::kSourceIp})
    if (text == to_string(value)) return value;
  return std::nullopt;
}

std::optional<MonitorType> parse_monitor_type(std::string_view text) {
  if (text == "UDP_CONNECT") return MonitorType::kUdp;
  for (const MonitorType value : {MonitorType::kTcp, MonitorType::kHttp, MonitorType::kUdp, MonitorType::kGrpcHealth})
    if (text == to_string(value)) return value;
  return std::nullopt;
}

std::optional<ProxyProtocol> parse_proxy_protocol(std::string_view text) {
  for (const ProxyProtocol value : {ProxyProtocol::kNone, ProxyProtocol::kV1, ProxyProtocol::kV2})
    if (text == to_string(value)) return value;
  return std::nullopt;
}

}  // namespace elb::model
