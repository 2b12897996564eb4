// SPDX-License-Identifier: Apache-2.0
// The resources of the API as plain values, with the limits the catalogue gives them. Nothing here does I/O.
// Times are seconds since 1970 (UTC), ids are UUID text. docs/architecture.md has the vocabulary.
// Thread rule: plain values; a published Model is immutable and shared as shared_ptr<const Model>.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "model/common.h"
#include "model/l7.h"
#include "model/table.h"

namespace elb::model {

inline constexpr int kWeightMax = 100;           // MB-02
inline constexpr int kDelayMax = 50;             // seconds, HC-05; timeouts too, HC-06
inline constexpr int kRetriesMax = 10;           // HC-08
inline constexpr size_t kMembersPerBatch = 200;  // MB-01
inline constexpr uint16_t kVxlanPort = 4789;     // LS-02: refused for UDP listeners
inline constexpr int kStickyMaxMinutes = 60;     // ST-05, of TCP and UDP pools
inline constexpr int kStickyDefaultMinutes = 1;  // ST-05, X-1
inline constexpr int kCookieMaxMinutes = 1440;   // ST-05, of HTTP pools; the default there too
inline constexpr int kSlowStartMin = 30;         // seconds; the default too
inline constexpr int kSlowStartMax = 1200;
inline constexpr size_t kCookieNameMax = 255;    // ST-04
inline constexpr size_t kCheckPathMax = 80;      // HC-07
inline constexpr size_t kCheckDomainMax = 100;   // HC-03
inline constexpr size_t kExpectedCodesMax = 64;  // characters
inline constexpr size_t kWhitelistMax = 300;     // entries of one whitelist, AC-03
inline constexpr size_t kLogNameMax = 64;        // of a log group or stream
inline constexpr int kConnectionLimitMax = 2147483647;
inline constexpr int kBandwidthMax = 400000;                        // Mbit/s, LB-09
inline constexpr std::string_view kDefaultEnterpriseProject = "0";  // GEN-13

enum class Protocol : uint8_t { kTcp, kUdp, kHttp, kHttps };
/// The word for HTTP pools whose members speak HTTP/2 without TLS, as gRPC servers do; the vendor's newer dialect has
/// it.
inline constexpr std::string_view kGrpc = "GRPC";
enum class Algorithm : uint8_t { kRoundRobin, kLeastConnections, kSourceIp };
enum class MonitorType : uint8_t { kTcp, kHttp, kUdp, kGrpcHealth };
/// How members are told the client's address before the first byte of a connection.
enum class ProxyProtocol : uint8_t { kNone, kV1, kV2 };
enum class PersistenceType : uint8_t { kSourceIp, kHttpCookie, kAppCookie };

/// Whether the proxy serves it; the packet path serves the others.
constexpr bool is_l7(Protocol protocol) { return protocol == Protocol::kHttp || protocol == Protocol::kHttps; }

/// PL-02: what the pool of such a listener speaks. HTTPS ends at the load balancer.
constexpr Protocol pool_protocol(Protocol listener) {
  return listener == Protocol::kHttps ? Protocol::kHttp : listener;
}

/// Where the access log of a load balancer goes (LOG-01), what the vendor calls a log tank: a group of streams and the
/// stream. Where logs are files, a directory and a file in it.
struct AccessLogTarget {
  Id id;  // of its view as a resource of its own; made up by us
  std::string group;
  std::string stream;
  bool operator==(const AccessLogTarget&) const = default;
};

struct LoadBalancer : Common {
  std::string vip_subnet_id;
  std::string vip_network_id;
  Id vip_port_id;  // made up by us, stable for the life of the LB
  IpAddress vip_address;
  std::string provider = "elb";
  std::optional<int> vip_bandwidth;           // Mbit/s of the VIP, each direction; empty: not limited
  std::optional<AccessLogTarget> access_log;  // of its HTTP and HTTPS listeners; empty: none is kept
  std::string enterprise_project_id = std::string(kDefaultEnterpriseProject);  // a label, GEN-13
  bool deletion_protection = false;                                            // refused is what would delete it
  bool operator==(const LoadBalancer&) const = default;
};

/// Who may connect to a listener (AC-01..04). Disabled: everybody. Enabled and empty: nobody.
struct Whitelist {
  Id id;  // of its view as a resource of its own; made up by us
  bool enabled = true;
  std::vector<Cidr> entries;  // in the order given, host bits masked
  bool operator==(const Whitelist&) const = default;
};

struct Listener : Common {
  Id loadbalancer_id;
  Protocol protocol = Protocol::kTcp;
  bool terminated_https = false;  // made as TERMINATED_HTTPS, Octavia's word for HTTPS, and shown so
  uint16_t protocol_port = 0;
  std::optional<Id> default_pool_id;
  int connection_limit = -1;           // open connections; -1: any number
  bool toa = false;                    // TCP: tell members the client's address in a TCP option (CA-02)
  std::optional<Whitelist> whitelist;  // empty: none was ever given, everybody may connect
  ListenerTls tls;                     // HTTPS
  ListenerHttp http;                   // HTTP and HTTPS

  /// The protocol as whoever made the listener calls it.
  std::string_view protocol_word() const;
  bool operator==(const Listener&) const = default;
};

/// The same client goes to the same member for a while (ST-01..09).
struct SessionPersistence {
  std::optional<int> timeout_minutes;  // since the last use; empty: kStickyDefaultMinutes, kCookieMaxMinutes of HTTP
  PersistenceType type = PersistenceType::kSourceIp;
  std::string cookie_name;  // kAppCookie
  bool operator==(const SessionPersistence&) const = default;
};

struct Pool : Common {
  Id loadbalancer_id;
  Protocol protocol = Protocol::kTcp;
  bool grpc = false;  // HTTP pools: made as GRPC, members speak HTTP/2 without TLS
  Algorithm algorithm = Algorithm::kRoundRobin;
  std::optional<SessionPersistence> persistence;
  ProxyProtocol proxy_protocol = ProxyProtocol::kNone;  // HTTP pools
  bool slow_start = false;                              // likewise: a member that is new or healthy again
  int slow_start_s = kSlowStartMin;                     // for how long its share grows

  /// The protocol as the API calls it.
  std::string_view protocol_word() const;
  /// Minutes of stickiness in force, 0: none, or for as long as the application's cookie. The hash of SOURCE_IP is
  /// sticky by itself and ignores the setting.
  int sticky_minutes() const {
    if (!persistence || algorithm != Algorithm::kRoundRobin) return 0;
    if (persistence->type == PersistenceType::kAppCookie) return 0;
    return persistence->timeout_minutes.value_or(protocol == Protocol::kHttp ? kCookieMaxMinutes
                                                                             : kStickyDefaultMinutes);
  }
  bool operator==(const Pool&) const = default;
};

struct Member : Common {
  Id pool_id;
  IpAddress address;
  uint16_t protocol_port = 0;
  std::string subnet_id;                     // empty: none given
  std::string availability_zone;             // empty: none given, GEN-06
  int weight = 1;                            // 0 drains, PL-09
  bool backup = false;                       // gets connections only while no other member of the pool can
  std::optional<IpAddress> monitor_address;  // what is checked instead of the member's own; of the same family
  std::optional<uint16_t> monitor_port;      // the same; goes before the monitor's
  bool operator==(const Member&) const = default;
};

struct HealthMonitor : Common {
  Id pool_id;
  MonitorType type = MonitorType::kTcp;
  int delay = 5;             // seconds between checks of one member
  int timeout = 3;           // seconds; effective_timeout() is what counts
  int max_retries = 3;       // consecutive successes to come up
  int max_retries_down = 3;  // consecutive failures to go down
  std::optional<uint16_t> monitor_port;
  std::string url_path = "/";       // kHttp, HC-07
  std::string domain_name;          // kHttp: sent as Host; empty: the member's address (HC-03)
  std::string expected_codes;       // kHttp, as given; empty: default_codes() of the pool (HC-11)
  std::string http_method = "GET";  // kHttp

  /// HC-06: a timeout beyond the interval counts as the interval.
  int effective_timeout() const { return timeout < delay ? timeout : delay; }
  bool operator==(const HealthMonitor&) const = default;
};

/// A public address, which a load balancer serves beside its VIP while bound to it (LB-03, LB-07..14).
struct Eip : Common {
  IpAddress address;
  std::string type = "5_bgp";  // label of the link, LB-08
  std::optional<Id> loadbalancer_id;
  std::optional<int> bandwidth;  // Mbit/s, each direction; empty: not limited
  Id bandwidth_id;               // made up by us, stable for the life of the EIP
  std::string bandwidth_name;
  bool operator==(const Eip&) const = default;
};

/// A network the node serves; registered in the agent's configuration, read-only in the API.
struct Subnet {
  std::string id;
  std::string network_id;
  std::string name;
  Cidr cidr;
  std::optional<IpAddress> gateway;
};

/// What the agent's configuration says of the node's addresses.
struct Node {
  std::vector<Subnet> subnets;
  std::vector<Cidr> eip_pools;        // where EIPs come from when no address is given
  std::vector<Cidr> local_addresses;  // the node's own and its SNAT addresses: no VIP, EIP or member may lie there
  bool serves_http = false;           // whether a proxy runs here: without one HTTP is refused as unsupported
};

/// Everything configured, at one revision.
struct Model {
  uint64_t revision = 0;
  Table<LoadBalancer> load_balancers;
  Table<Listener> listeners;
  Table<Pool> pools;
  Table<Member> members;
  Table<HealthMonitor> health_monitors;
  Table<Eip> eips;
  Table<Certificate> certificates;
  Table<L7Policy> l7policies;
  Table<L7Rule> l7rules;

  template <class T>
  const Table<T>& table() const;
  template <class T>
  Table<T>& table();
};

template <>
inline const Table<LoadBalancer>& Model::table() const {
  return load_balancers;
}
template <>
inline const Table<Listener>& Model::table() const {
  return listeners;
}
template <>
inline const Table<Pool>& Model::table() const {
  return pools;
}
template <>
inline const Table<Member>& Model::table() const {
  return members;
}
template <>
inline const Table<HealthMonitor>& Model::table() const {
  return health_monitors;
}
template <>
inline const Table<Eip>& Model::table() const {
  return eips;
}
template <>
inline const Table<Certificate>& Model::table() const {
  return certificates;
}
template <>
inline const Table<L7Policy>& Model::table() const {
  return l7policies;
}
template <>
inline const Table<L7Rule>& Model::table() const {
  return l7rules;
}
template <>
inline Table<LoadBalancer>& Model::table() {
  return load_balancers;
}
template <>
inline Table<Listener>& Model::table() {
  return listeners;
}
template <>
inline Table<Pool>& Model::table() {
  return pools;
}
template <>
inline Table<Member>& Model::table() {
  return members;
}
template <>
inline Table<HealthMonitor>& Model::table() {
  return health_monitors;
}
template <>
inline Table<Eip>& Model::table() {
  return eips;
}
template <>
inline Table<Certificate>& Model::table() {
  return certificates;
}
template <>
inline Table<L7Policy>& Model::table() {
  return l7policies;
}
template <>
inline Table<L7Rule>& Model::table() {
  return l7rules;
}

/// One step of a transaction. Put replaces or inserts the whole resource; Erase names one that exists.
using Resource = std::variant<LoadBalancer, Listener, Pool, Member, HealthMonitor, Eip, Certificate, L7Policy, L7Rule>;
// in the variant's order
enum class Kind : uint8_t {
  kLoadBalancer,
  kListener,
  kPool,
  kMember,
  kHealthMonitor,
  kEip,
  kCertificate,
  kL7Policy,
  kL7Rule,
};
struct Put {
  Resource resource;
};
struct Erase {
  Kind kind;
  Id id;
};
using Change = std::variant<Put, Erase>;

std::string_view to_string(Protocol protocol);      // "TCP"
std::string_view to_string(Algorithm algorithm);    // "ROUND_ROBIN"
std::string_view to_string(MonitorType type);       // "TCP", "UDP-CONNECT", "GRPC"
std::string_view to_string(PersistenceType type);   // "SOURCE_IP"
std::string_view to_string(ProxyProtocol version);  // "v1"
std::string_view to_string(Kind kind);              // "load balancer"
/// TERMINATED_HTTPS is HTTPS.
std::optional<Protocol> parse_protocol(std::string_view text);
/// Only what packets carry: TCP and UDP.
std::optional<Protocol> parse_transport(std::string_view text);
std::optional<Algorithm> parse_algorithm(std::string_view text);
/// UDP_CONNECT, the vendor's word, is UDP-CONNECT.
std::optional<MonitorType> parse_monitor_type(std::string_view text);
std::optional<ProxyProtocol> parse_proxy_protocol(std::string_view text);
std::optional<PersistenceType> parse_persistence_type(std::string_view text);

/// Status codes from `first` to `last`.
struct CodeRange {
  uint16_t first = 0;
  uint16_t last = 0;
  bool operator==(const CodeRange&) const = default;
};
/// "200", "200,202", "200-204,401"; empty for anything else.
std::optional<std::vector<CodeRange>> parse_codes(std::string_view text);
/// HC-11, X-22: what an HTTP check of a pool takes for healthy unless told otherwise.
constexpr std::string_view default_codes(Protocol pool) { return pool == Protocol::kHttp ? "200,202,401" : "200"; }

/// Checks one resource's own fields (names, ranges). Field paths are the API's names.
Status validate(const LoadBalancer& load_balancer);
Status validate(const Listener& listener);
Status validate(const Pool& pool);
Status validate(const Member& member);
Status validate(const HealthMonitor& monitor);
Status validate(const Eip& eip);
Status validate(const Certificate& certificate);
Status validate(const L7Policy& policy);
Status validate(const L7Rule& rule);

/// Of a pool: what stickiness goes with which protocol and algorithm (ST-02 to ST-05).
Status validate_persistence(const Pool& pool);

/// Checks what holds between resources: references exist, addresses, ports and members are unique, protocols and
/// address families fit, one monitor per pool, one EIP per load balancer, certificates are of the right type,
/// policies lead to what the listener can serve.
Status validate(const Model& model);

}  // namespace elb::model
