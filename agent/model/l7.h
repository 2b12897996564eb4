// SPDX-License-Identifier: Apache-2.0
// The resources that only HTTP and HTTPS listeners have: certificates, l7policies with their l7rules, and a listener's
// settings for requests and TLS. Part of resources.h, which is what others include.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "model/common.h"

namespace elb::model {

inline constexpr size_t kSniMax = 50;                  // certificates of one listener, TLS-12
inline constexpr size_t kDomainMax = 100;              // characters of a certificate's or a rule's host name, FP-04
inline constexpr size_t kPathMax = 128;                // FP-05
inline constexpr size_t kRuleValueMax = 255;           // of the other rules; keys too
inline constexpr size_t kPoliciesMax = 500;            // of one listener, FP-02
inline constexpr size_t kRulesMax = 10;                // of one policy; one host and one path among them, FP-16
inline constexpr int kPositionMax = 2147483647;        // of a policy
inline constexpr int kHttpTimeoutMaxMs = 86'400'000;   // a day
inline constexpr size_t kRedirectMax = 1024;           // bytes of a URL that clients are sent to
inline constexpr int kListenerRedirectCode = 301;      // RD-03
inline constexpr int kUrlRedirectCode = 302;           // where none is given
inline constexpr int kRequestRateMax = 1'000'000;      // of one listener, per second; of its burst too
inline constexpr int kTraceSamplingMax = 10'000;       // of so many requests
inline constexpr int kBodyRateMax = 1'000'000;         // bytes per second
inline constexpr int kBodyRateDefault = 100;           // a twentieth of what a modem sends
inline constexpr size_t kRegexMemoryMax = 256 * 1024;  // bytes of one compiled expression

enum class CertificateType : uint8_t { kServer, kClient };

/// TLS-01. As the agent's upload check has normalised it; only the proxy gets to see the private key again.
struct Certificate : Common {
  CertificateType type = CertificateType::kServer;
  std::string domain;       // a host name or "*." and a host name, lower case; empty: not for SNI
  std::string certificate;  // PEM, leaf first; of kClient the authorities
  std::string private_key;  // PEM; empty for kClient
  int64_t expires_at = 0;   // when the first of them all is no longer valid, TLS-18
  bool operator==(const Certificate&) const = default;
};

enum class RuleType : uint8_t { kHostName, kPath, kFileType, kHeader, kCookie };
enum class RuleCompare : uint8_t { kEqualTo, kStartsWith, kEndsWith, kContains, kRegex };

struct L7Rule : Common {
  Id l7policy_id;
  RuleType type = RuleType::kPath;
  RuleCompare compare = RuleCompare::kEqualTo;
  bool invert = false;
  std::string key;  // name of the header or cookie
  std::string value;
  bool operator==(const L7Rule&) const = default;
};

enum class L7Action : uint8_t { kPool, kListener, kUrl, kPrefix, kReject };

/// Where requests go that its rules describe. Without rules it describes none, but kListener always takes all (RD-03).
struct L7Policy : Common {
  Id listener_id;
  L7Action action = L7Action::kPool;
  int position = 1;      // the order in which regular expressions are tried, FP-08
  int64_t sequence = 0;  // order of creation within the listener; settles equal positions
  std::optional<Id> redirect_pool_id;
  std::optional<Id> redirect_listener_id;
  std::string redirect_url;
  std::string redirect_prefix;
  std::optional<int> redirect_http_code;  // of kUrl and kPrefix; empty: kUrlRedirectCode
  bool operator==(const L7Policy&) const = default;
};

/// Before in the order in which policies are looked at.
inline bool comes_before(const L7Policy& a, const L7Policy& b) {
  return a.position != b.position ? a.position < b.position : a.sequence < b.sequence;
}

/// TLS of an HTTPS listener; all empty on others.
struct ListenerTls {
  std::optional<Id> certificate_id;  // LS-06: required
  std::vector<Id> sni_ids;           // in the order given
  std::optional<Id> client_ca_id;
  bool verify_clients = false;  // MANDATORY, LS-08
  bool http2 = false;           // LS-07
  std::string policy;           // TLS-16; empty: kDefaultTlsPolicy
  bool operator==(const ListenerTls&) const = default;
};
inline constexpr std::string_view kDefaultTlsPolicy = "tls-1-2";

/// What clients get instead of a line of text when the load balancer itself answers.
struct ErrorPage {
  std::string status;        // "503", or a class: "5xx"
  std::string content_type;  // "text/html; charset=utf-8"
  std::string body;
  bool operator==(const ErrorPage&) const = default;
};
inline constexpr size_t kErrorPagesMax = 20;       // of one listener
inline constexpr size_t kErrorPageMax = 16 << 10;  // bytes of one body
/// What is sent instead of an answer with this status; null: nothing. A page for the status itself comes before one for
/// its class.
const ErrorPage* find_error_page(const std::vector<ErrorPage>& pages, uint16_t status);

/// Of HTTP and HTTPS listeners; all empty on others. Times in milliseconds, as the API has them.
struct ListenerHttp {
  std::map<std::string, std::string> insert_headers;  // as given; what is not there is at its default
  std::optional<int> client_data_ms, member_connect_ms, member_data_ms;
  std::optional<int> request_rate;     // requests per second; empty: any number
  std::optional<int> request_burst;    // at once; empty: as many as request_rate
  std::optional<int> body_rate;        // bytes per second that a request's body has to bring; 0: any
  std::optional<int> trace_sampling;   // of 10,000 requests so many begin a trace; empty: no tracing
  std::vector<Cidr> proxy_trusted;     // who tells clients' addresses by the PROXY protocol; empty: nobody
  std::vector<ErrorPage> error_pages;  // ordered by status, unique
  bool operator==(const ListenerHttp&) const = default;
};

// Names of insert_headers.
inline constexpr std::string_view kForwardedFor = "X-Forwarded-For";
inline constexpr std::string_view kForwardedPort = "X-Forwarded-Port";
inline constexpr std::string_view kForwardedProto = "X-Forwarded-Proto";

std::string_view to_string(CertificateType type);  // "server"
std::string_view to_string(RuleType type);         // "HOST_NAME"
std::string_view to_string(RuleCompare compare);   // "EQUAL_TO"
std::string_view to_string(L7Action action);       // "REDIRECT_TO_POOL"
std::optional<CertificateType> parse_certificate_type(std::string_view text);
std::optional<RuleType> parse_rule_type(std::string_view text);
std::optional<RuleCompare> parse_rule_compare(std::string_view text);
std::optional<L7Action> parse_l7_action(std::string_view text);

}  // namespace elb::model
