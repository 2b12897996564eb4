// SPDX-License-Identifier: Apache-2.0
// What the proxy is to do for one HTTP or HTTPS listener: the part of a Snapshot that only L7 needs. Values as the
// model has validated them; pools and certificates are named by their place in the Snapshot.
// Thread rule: read-only, any thread, as the Snapshot that holds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/l7.h"

namespace elb::model {

/// A condition on a request. All rules of a policy must hold; `invert` turns one round.
struct SnapshotRule {
  RuleType type = RuleType::kPath;
  RuleCompare compare = RuleCompare::kEqualTo;
  bool invert = false;
  std::string key;    // name of the header or cookie
  std::string value;  // hosts in lower case; paths without query
};

enum class PolicyAction : uint8_t { kPool, kRedirectUrl, kRedirectPrefix, kReject };

struct SnapshotPolicy {
  std::string id;
  int position = 1;  // the order of creation settles ties: policies are in this order
  PolicyAction action = PolicyAction::kPool;
  std::optional<size_t> pool;  // index into Snapshot::pools; empty though the action is kPool: nobody can serve, 503
  std::string redirect;        // URL, or prefix that the request's path and query are put behind
  uint16_t redirect_code = 302;
  std::vector<SnapshotRule> rules;
};

enum class ForwardedFor : uint8_t { kAppend, kReplace, kRemove };

/// Seconds; each is at least 1.
struct HttpTimeouts {
  int idle_s = 60;      // a kept connection without a request
  int head_s = 10;      // from a request's first byte to the end of its head
  int body_s = 60;      // between two reads of a body, in both directions
  int connect_s = 5;    // to a member
  int response_s = 60;  // from the request's last byte to the response's first
  int tunnel_s = 3600;  // WebSocket: without a byte in either direction
};

struct SnapshotCertificate {
  std::string id;
  std::string certificate;  // PEM, leaf first
  std::string private_key;  // PEM; the proxy and the store are the only ones that hold it
};

struct SnapshotSni {
  std::string domain;      // a host name or "*." and a host name, lower case
  size_t certificate = 0;  // index into Snapshot::certificates
};

struct SnapshotTls {
  std::string policy = "tls-1-2";
  bool http2 = false;
  size_t certificate = 0;  // default; index into Snapshot::certificates
  std::vector<SnapshotSni> sni;
  std::string client_ca;  // PEM; empty: clients need no certificate
};

/// What a line of the access log says of its load balancer.
struct SnapshotLog {
  std::string stream;
  std::string project_id;
};

struct SnapshotHttp {
  std::vector<SnapshotPolicy> policies;  // in order of position, then creation; without those that are admin-down
  std::optional<uint16_t>
      redirect_https_port;         // RD-03: all requests are sent to https on this port, nothing else counts
  std::optional<SnapshotTls> tls;  // HTTPS
  HttpTimeouts timeouts;
  ForwardedFor forwarded_for = ForwardedFor::kAppend;
  bool forwarded_port = true;              // X-Forwarded-Port
  bool forwarded_proto = true;             // X-Forwarded-Proto
  bool server_header = true;               // Server: elb (LS-20)
  uint32_t request_rate = 0;               // per second, beyond it 429; 0: any number
  uint32_t request_burst = 0;              // at once
  uint32_t body_rate = 100;                // bytes per second of request bodies, below it 408; 0: any
  std::optional<uint16_t> trace_sampling;  // of 10,000 requests so many begin a trace; empty: no tracing
  std::vector<ErrorPage> error_pages;
  std::vector<Cidr> proxy_trusted;  // whose PROXY headers tell the client; empty: nobody's
  /// Of listeners with proxy_trusted: judged by the proxy, by the address in the header; the packet path has none then.
  std::optional<std::vector<Cidr>> whitelist;
  std::optional<SnapshotLog> log;  // LOG-01; empty: its requests are not logged
};

enum class CookieKind : uint8_t { kNone, kLoadBalancer, kApplication };

/// Cookie stickiness of a pool (ST-07, ST-08).
struct SnapshotCookie {
  CookieKind kind = CookieKind::kNone;
  std::string name;        // of the application's cookie
  int duration_s = 86400;  // of ours
};

}  // namespace elb::model
