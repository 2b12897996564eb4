// SPDX-License-Identifier: Apache-2.0
// The agent's flags and configuration file, checked before anything is opened. CLI11 reads both; a flag wins over the
// file. Thread rule: plain values.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "dataplane/options.h"
#include "identity/quotas.h"
#include "model/resources.h"

namespace elb {

/// The worker for HTTP and HTTPS listeners.
struct ProxyOptions {
  std::string program;          // empty: there is none, and such listeners are refused
  std::string user = "nobody";  // whom it becomes when the agent is root
  size_t loops = 0;             // 0: as many as there are CPUs
  std::string access_log;       // empty: none
};

/// Where alarms may be told; webhooks need nothing here.
struct AlarmOptions {
  std::string command;     // program that is run for a notification; empty: none
  std::string mail_relay;  // HOST or HOST:PORT of the SMTP server; empty: no e-mail
  std::string mail_from;   // address of the sender
  std::string mail_tls = "off";
  std::string mail_ca_file;
  std::string mail_user;  // empty: no authentication
  std::string mail_password_file;
  std::string mail_password;
};

/// Where the access logs of load balancers go. No place given: there are none, and switching one on is refused.
struct AccessLogOptions {
  std::string directory;  // of files
  std::string form = "guide";
  int64_t rotate_mb = 100;
  int64_t rotate_s = 86400;
  int64_t keep = 14;
  bool compress = true;
  std::string syslog;          // udp://HOST[:PORT] or tcp://HOST[:PORT]
  std::string otlp;            // http://HOST:PORT[/PATH]
  std::string s3;              // http://HOST:PORT/BUCKET[/PREFIX]; files go there when they are renamed
  std::string s3_credentials;  // file
  std::string spans;           // http://HOST:PORT[/PATH]: spans of traced requests, which need none of the others
  bool any() const { return !directory.empty() || !syslog.empty() || !otlp.empty(); }
};

struct Options {
  dataplane::DataplaneOptions dataplane;
  ProxyOptions proxy;
  std::vector<model::Subnet> subnets;
  std::vector<Cidr> eip_pools;
  bool strict_members = false;  // MB-03
  std::string store = "/var/lib/elb/elb.db";
  AlarmOptions alarms;
  AccessLogOptions access_logs;
  std::string flow_log_directory;  // of the records of sampled connections, rotated like access logs
  int64_t metrics_mb = 512;        // largest size of the metrics kept beside the store
  Endpoint listen;
  bool open_loopback = false;
  std::string socket = "/run/elb/api.sock";  // off: none
  std::string socket_group;
  std::optional<Endpoint> tls_listen;
  std::string tls_certificate, tls_key;  // files; empty: of our own making
  int audit_days = 7;
  uint64_t revisions = 1000;  // how many of the newest the history has
  identity::Quotas default_quotas = identity::default_quotas();
  std::string log_level = "info";
  std::string log_format = "text";
  bool teardown = false;
  bool check = false;

  /// What the API needs to know of the node's addresses.
  model::Node node() const {
    model::Node node{subnets, eip_pools, {dataplane.local_addresses}, !proxy.program.empty()};
    if (dataplane.local_addresses6) node.local_addresses.push_back(*dataplane.local_addresses6);
    return node;
  }
};

/// Options to run with, or the exit status when --help, --version or a usage error has been answered already.
std::variant<Options, int> parse_options(int argc, char** argv);

/// "id=s1,name=lan,cidr=10.1.0.0/24,gateway=10.1.0.1,network=n1": cidr is required, id defaults to a UUID-like value
/// made of the CIDR so that it stays the same over restarts, network defaults likewise.
Result<model::Subnet> parse_subnet(const std::string& text);

}  // namespace elb
