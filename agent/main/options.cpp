// SPDX-License-Identifier: Apache-2.0
#include "main/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

namespace elb {

namespace {

constexpr const char* kFooter = R"(
Signals: TERM and INT stop the agent; the packet programs stay attached and go on forwarding (use --teardown to remove them).

UDP health checks send ICMP echoes through ping sockets, which need no capability, but net.ipv4.ping_group_range has to include the
agent's group: sysctl -w net.ipv4.ping_group_range="0 2147483647".

Example:
  elb-agent --interface eth0 --interface eth1 --local-addresses 100.125.0.0/24 --subnet name=lan,cidr=10.1.0.0/24,gateway=10.1.0.1

The configuration file (--config, TOML) takes the same names:
  interface = ["eth0", "eth1"]
  local-addresses = ["100.125.0.0/24", "fd00:100:125::/112"]
  subnet = ["name=lan,cidr=10.1.0.0/24,gateway=10.1.0.1"])";

/// A stable id for a subnet that was given none: the CIDR's bytes in UUID form.
std::string derived_id(const Cidr& cidr, int salt) {
  const auto& b = cidr.address.bytes();
  uint64_t high = 0, low = 0;
  for (int i = 0; i < 8; ++i) {
    high = high << 8 | b[static_cast<size_t>(i)];
    low = low << 8 | b[static_cast<size_t>(i) + 8];
  }
  return fmt::format("{:08x}-{:04x}-4{:01x}{:02x}-8000-{:012x}", high >> 32, (high >> 16) & 0xFFFF, salt, cidr.prefix,
                     (low ^ high) & 0xFFFFFFFFFFFFULL);
}

Result<Endpoint> parse_listen(const std::string& option, const std::string& text) {
  const size_t colon = text.rfind(':');
  unsigned port = 0;
  if (colon == std::string::npos) return invalid(option, fmt::format("'{}' is not ADDRESS:PORT", text));
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end || port > 65535)
    return invalid(option, fmt::format("'{}': the port must be 0 to 65535", text));
  std::string address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  auto ip = IpAddress::parse(address);
  if (!ip) return invalid(option, ip.error().message);
  return Endpoint{*ip, static_cast<uint16_t>(port)};
}

/// The words of the options of the API, as typed.
struct ApiWords {
  std::string listen = "127.0.0.1:9876";
  std::string tls_listen;
  std::vector<std::string> default_quotas;
};

Status apply_api(const ApiWords& words, Options& options) {
  const auto listen = parse_listen("listen", words.listen);
  if (!listen) return pass_on(listen.error());
  options.listen = *listen;
  if (!words.tls_listen.empty()) {
    const auto tls_listen = parse_listen("tls-listen", words.tls_listen);
    if (!tls_listen) return pass_on(tls_listen.error());
    options.tls_listen = *tls_listen;
  }
  if (options.tls_certificate.empty() != options.tls_key.empty())
    return invalid(options.tls_key.empty() ? "tls-key" : "tls-certificate", "is required beside the other one");
  if (!options.tls_certificate.empty() && !options.tls_listen)
    return invalid("tls-listen", "is required for a certificate to be used");
  for (const std::string& text : words.default_quotas)
    if (auto status = identity::apply_quotas(text, options.default_quotas); !status)
      return invalid("default-quota", status.error().to_string());
  return {};
}

/// One prefix of each family, IPv4 required.
Status apply_local_addresses(const std::vector<std::string>& prefixes, Options& options) {
  std::optional<Cidr> v4, v6;
  for (const std::string& text : prefixes) {
    auto cidr = Cidr::parse(text);
    if (!cidr) return invalid("local-addresses", cidr.error().message);
    auto& place = cidr->address.is_v4() ? v4 : v6;
    if (place)
      return invalid("local-addresses", fmt::format("'{}': there is already {} of that family, and one is the most",
                                                    cidr->to_string(), place->to_string()));
    place = *cidr;
  }
  if (!v4) return invalid("local-addresses", "an IPv4 prefix is required");
  options.dataplane.local_addresses = *v4;
  options.dataplane.local_addresses6 = v6;
  return {};
}

/// "beside": elb-proxy in the directory of this program, as both are installed; it may be missing.
Status apply_proxy(const std::string& word, Options& options) {
  if (word == "off" || options.teardown || options.check) return {};
  const bool beside = word == "beside";
  std::error_code error;
  const std::string path =
      beside ? std::filesystem::read_symlink("/proc/self/exe", error).replace_filename("elb-proxy").string() : word;
  if (::access(path.c_str(), X_OK) == 0) {
    options.proxy.program = path;
  } else if (!beside) {
    return invalid("proxy", fmt::format("'{}' is no program that can be run", path));
  }
  return {};
}

/// What CLI11 cannot check by itself.
Status finish(const ApiWords& words, const std::vector<std::string>& local, const std::vector<std::string>& subnets,
              const std::vector<std::string>& eip_pools, Options& options) {
  if (auto status = apply_api(words, options); !status) return status;
  if (options.teardown) return {};
  if (auto status = apply_local_addresses(local, options); !status) return status;
  if (auto status = options.dataplane.validate(); !status) return status;
  for (size_t i = 0; i < subnets.size(); ++i) {
    auto subnet = parse_subnet(subnets[i]);
    if (!subnet) return invalid(fmt::format("subnet[{}]", i), subnet.error().to_string());
    options.subnets.push_back(std::move(*subnet));
  }
  for (size_t i = 0; i < eip_pools.size(); ++i) {
    auto pool = Cidr::parse(eip_pools[i]);
    if (!pool) return invalid(fmt::format("eip-pool[{}]", i), pool.error().message);
    options.eip_pools.push_back(*pool);
  }
  return {};
}

const std::map<std::string, dataplane::HookMode> kModes = {
    {"auto", dataplane::HookMode::kAuto}, {"xdp", dataplane::HookMode::kXdp}, {"tc", dataplane::HookMode::kTc}};

/// NAME or NAME=MODE.
Status read_interfaces(const std::vector<std::string>& words, dataplane::DataplaneOptions& plane) {
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    plane.interfaces.push_back(name);
    if (equals == std::string::npos) continue;
    const auto mode = kModes.find(word.substr(equals + 1));
    if (mode == kModes.end()) return invalid("interface", fmt::format("'{}': the mode is none of auto, xdp, tc", word));
    plane.modes[name] = mode->second;
  }
  return {};
}

void add_mail_security(CLI::App& app, AlarmOptions& alarms) {
  app.add_option("--mail-tls", alarms.mail_tls,
                 "how that server is spoken to: off, starttls (no mail without it), or tls from the first byte on")
      ->check(CLI::IsMember({"off", "starttls", "tls"}))
      ->capture_default_str();
  app.add_option("--mail-ca-file", alarms.mail_ca_file,
                 "certificates (PEM) of who vouches for that server, instead of those that the system trusts")
      ->check(CLI::ExistingFile);
  auto* user = app.add_option("--mail-user", alarms.mail_user, "name that it is logged in with");
  auto* password =
      app.add_option("--mail-password-file", alarms.mail_password_file, "file whose first line is the password");
  user->needs(password);
  password->needs(user);
}

/// The password is read here, so that a file that is not there is told at the start.
Status finish_mail(AlarmOptions& alarms) {
  if (alarms.mail_user.empty()) return {};
  if (alarms.mail_tls == "off") return invalid("mail-user", "needs --mail-tls: a password is not sent in the clear");
  std::ifstream file(alarms.mail_password_file);
  if (!std::getline(file, alarms.mail_password) || alarms.mail_password.empty())
    return invalid("mail-password-file", fmt::format("cannot read a password from {}", alarms.mail_password_file));
  if (alarms.mail_password.back() == '\r') alarms.mail_password.pop_back();
  return {};
}

void add_flow_log(CLI::App& app, Options& options) {
  app.add_option("--flow-log-directory", options.flow_log_directory,
                 "directory of flows.log, which has the records of sampled connections (JSON lines); it is rotated as "
                 "--access-log-rotate-mb and the like say");
  app.add_option("--flow-sampling", options.dataplane.flow_sampling,
                 "one new TCP connection or UDP exchange in so many is recorded, with its end; 1: all, 0: none")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
}

/// Whether one of the directories is the other one or lies in it.
bool is_nested(const std::string& a, const std::string& b) {
  std::error_code error;
  const auto one = std::filesystem::weakly_canonical(a, error).string() + "/";
  const auto other = std::filesystem::weakly_canonical(b, error).string() + "/";
  return one.starts_with(other) || other.starts_with(one);
}

/// Each log looks after all that it finds in its directory.
Status check_flow_log(const Options& options) {
  if (options.flow_log_directory.empty()) {
    if (options.dataplane.flow_sampling == 0) return {};
    return invalid("flow-log-directory", "is required with flow-sampling");
  }
  if (options.access_logs.directory.empty()) return {};
  if (!is_nested(options.flow_log_directory, options.access_logs.directory)) return {};
  return invalid("flow-log-directory",
                 fmt::format("{} must be beside access-log-directory {}, neither in it nor around it",
                             options.flow_log_directory, options.access_logs.directory));
}

void add_access_logs(CLI::App& app, AccessLogOptions& logs) {
  auto* directory = app.add_option("--access-log-directory", logs.directory,
                                   "directory of the access logs that are switched on for load balancers, a file "
                                   "GROUP/STREAM.log for each stream");
  app.add_option("--access-log-form", logs.form,
                 "guide (32 fields), extended (these and why the request ended) or json")
      ->check(CLI::IsMember({"guide", "extended", "json"}))
      ->capture_default_str();
  app.add_option("--access-log-rotate-mb", logs.rotate_mb, "size in MiB at which a file is renamed")
      ->check(CLI::Range(1, 1048576))
      ->capture_default_str();
  app.add_option("--access-log-rotate-s", logs.rotate_s, "age in seconds at which a file is renamed")
      ->check(CLI::Range(1, 31622400))
      ->capture_default_str();
  app.add_option("--access-log-keep", logs.keep, "renamed files that are kept of each stream")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option("--access-log-compress", logs.compress, "whether they are compressed")->capture_default_str();
  app.add_option("--access-log-syslog", logs.syslog,
                 "syslog server that gets each line (RFC 5424), udp://HOST[:PORT] or tcp://HOST[:PORT]");
  app.add_option("--access-log-otlp", logs.otlp,
                 "OpenTelemetry collector that gets each line (OTLP/HTTP, JSON), http://HOST:PORT[/PATH]");
  app.add_option("--trace-otlp", logs.spans,
                 "OpenTelemetry collector that gets the spans of traced requests (OTLP/HTTP, JSON), "
                 "http://HOST:PORT[/PATH]");
  auto* credentials = app.add_option("--access-log-s3-credentials", logs.s3_credentials,
                                     "file with lines access_key=, secret_key= and, perhaps, region=");
  app.add_option("--access-log-s3", logs.s3,
                 "S3-compatible store that gets renamed files, http://HOST:PORT/BUCKET[/PREFIX]")
      ->needs(credentials)
      ->needs(directory);
}

}  // namespace

Result<model::Subnet> parse_subnet(const std::string& text) {
  std::map<std::string, std::string> fields;
  for (const std::string& part : CLI::detail::split(text, ',')) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) return invalid("", fmt::format("'{}' is not key=value", part));
    const std::string key = part.substr(0, equals);
    if (key != "id" && key != "name" && key != "cidr" && key != "gateway" && key != "network")
      return invalid(key, "is none of id, name, cidr, gateway, network");
    if (!fields.emplace(key, part.substr(equals + 1)).second) return invalid(key, "is given twice");
  }
  if (fields["cidr"].empty()) return invalid("cidr", "is required");
  auto cidr = Cidr::parse(fields["cidr"]);
  if (!cidr) return invalid("cidr", cidr.error().message);
  model::Subnet subnet{.id = fields["id"], .network_id = fields["network"], .name = fields["name"], .cidr = *cidr};
  if (subnet.id.empty()) subnet.id = derived_id(*cidr, 1);
  if (subnet.network_id.empty()) subnet.network_id = derived_id(*cidr, 2);
  if (subnet.name.empty()) subnet.name = cidr->to_string();
  if (!fields["gateway"].empty()) {
    auto gateway = IpAddress::parse(fields["gateway"]);
    if (!gateway) return invalid("gateway", gateway.error().message);
    if (!cidr->contains(*gateway))
      return invalid("gateway", fmt::format("{} lies outside {}", gateway->to_string(), cidr->to_string()));
    subnet.gateway = *gateway;
  }
  return subnet;
}

std::variant<Options, int> parse_options(int argc, char** argv) {
  CLI::App app{"elb-agent: owns the configuration of an ELB node, checks health and programs the packet path.",
               "elb-agent"};
  Options options;
  ApiWords api;
  std::string proxy = "beside";
  std::vector<std::string> local{"100.125.0.0/24"}, subnets, eip_pools, interfaces;
  auto& plane = options.dataplane;
  app.footer(kFooter);
  app.set_version_flag("--version", "elb-agent " ELB_RELEASE);
  app.set_config("--config", "", "configuration file (TOML), same names as the flags");
  app.add_option("--interface", interfaces,
                 "network interface to balance on, as NAME or NAME=MODE; repeat for several");
  app.add_option("--mode", plane.mode,
                 "where packets are met: auto (native XDP; tc on veths, bonds and where the driver refuses), xdp, tc")
      ->transform(CLI::CheckedTransformer(kModes))
      ->default_str("auto");
  app.add_option("--local-addresses", local,
                 "SNAT ranges towards members, this node's own: an IPv4 prefix and, to serve IPv6, an IPv6 prefix; the "
                 "first address of each is the source of health checks")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--subnet", subnets,
                 "network that VIPs are taken from: id=,name=,cidr=,gateway=,network= (cidr required); repeat");
  app.add_flag("--strict-members", options.strict_members,
               "refuse members whose address lies in no --subnet of this node");
  app.add_option("--eip-pool", eip_pools,
                 "block of public addresses (CIDR) that EIPs are taken from; repeat for several");
  app.add_option("--store", options.store, "SQLite file of the configuration")->capture_default_str();
  app.add_option("--alarm-command", options.alarms.command,
                 "program that alarms with an \"exec\" notification run; it gets the notification as JSON on its input")
      ->check(CLI::ExistingFile);
  auto* mail_from = app.add_option("--mail-from", options.alarms.mail_from, "sender of the e-mail of alarms");
  app.add_option("--mail-relay", options.alarms.mail_relay,
                 "SMTP server that alarms send e-mail through, as HOST or HOST:PORT (default port 25, 587 with "
                 "starttls, 465 with tls)")
      ->needs(mail_from);
  add_mail_security(app, options.alarms);
  app.add_option("--metrics-mb", options.metrics_mb,
                 "largest size of the kept metrics (beside the store) in MiB; the oldest go first")
      ->check(CLI::Range(1, 1048576))
      ->capture_default_str();
  app.add_option("--listen", api.listen, "loopback address and port of the REST API")->capture_default_str();
  app.add_option("--loopback-auth", options.open_loopback,
                 "what a request there must show: token, or none (whoever can connect is an administrator)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"token", false}, {"none", true}}))
      ->default_str("token");
  app.add_option("--socket", options.socket,
                 "Unix socket of the REST API, where root and the agent's user need no token; off: none")
      ->capture_default_str();
  app.add_option("--socket-group", options.socket_group, "group that may use it like root");
  app.add_option("--tls-listen", api.tls_listen,
                 "address and port of the REST API with TLS, any address; a token is always required");
  app.add_option("--tls-certificate", options.tls_certificate,
                 "its certificate chain (PEM); without one a self-signed one is made and kept beside the store");
  app.add_option("--tls-key", options.tls_key, "the private key of that, mode 0600 (PEM)");
  app.add_option("--audit-days", options.audit_days, "how long traces of calls to the API are kept")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  app.add_option("--revisions", options.revisions,
                 "how many revisions of the configuration are kept; the oldest go first")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--default-quota", api.default_quotas,
                 "quotas of projects that have none of their own: NAME=NUMBER,..., -1 for any number; names are "
                 "loadbalancer, listener, pool, member, healthmonitor, l7policy, l7rule, certificate, eip");
  app.add_option("--pin-dir", plane.pin_dir, "directory on bpffs for programs, maps and links")->capture_default_str();
  app.add_option("--flow-slots", plane.flow_slots,
                 "size of the flow table, a power of two; a connection takes two, fill to 40 %")
      ->capture_default_str();
  app.add_option("--xdp-attach", plane.attach, "link: a bpf_link of our own; libxdp: beside other XDP programs")
      ->transform(CLI::CheckedTransformer(std::map<std::string, dataplane::XdpAttach>{
          {"link", dataplane::XdpAttach::kLink}, {"libxdp", dataplane::XdpAttach::kLibxdp}}))
      ->default_str("link");
  app.add_option("--max-listeners", plane.max_listeners, "listeners the kernel tables hold")->capture_default_str();
  app.add_option("--max-acl-entries", plane.max_acl_entries, "entries of all whitelists that the kernel tables hold")
      ->capture_default_str();
  app.add_option("--max-sticky-clients", plane.max_sticky_clients,
                 "clients whose member is remembered; the longest unused are forgotten")
      ->capture_default_str();
  app.add_option("--max-new-connections-per-s", plane.max_new_connections_per_s,
                 "new connections a second that each CPU accepts, 0: no limit")
      ->capture_default_str();
  app.add_option("--syn-cookies", plane.syn_cookies,
                 "whether TCP clients above that rate are answered by SYN cookies; else their SYNs are dropped")
      ->capture_default_str();
  app.add_option("--max-members", plane.max_members, "(listener, member) pairs the kernel tables hold")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  const auto seconds = CLI::Range(1, 86400);
  app.add_option("--tcp-idle-s", plane.times.tcp_idle_s, "idle time of an established TCP connection")
      ->check(seconds)
      ->capture_default_str();
  app.add_option("--tcp-opening-s", plane.times.tcp_opening_s, "time a TCP connection has to open")
      ->check(seconds)
      ->capture_default_str();
  app.add_option("--tcp-closing-s", plane.times.tcp_closing_s, "time after both ends have closed")
      ->check(seconds)
      ->capture_default_str();
  app.add_option("--udp-idle-s", plane.times.udp_idle_s, "idle time of a UDP flow")
      ->check(seconds)
      ->capture_default_str();
  app.add_option("--port-rest-s", plane.times.port_rest_s, "time before a local port towards a member is used again")
      ->check(seconds)
      ->capture_default_str();
  app.add_option("--stray-segments", plane.reset_strays,
                 "what a TCP segment of no known connection gets: reset (an answer) or drop (silence)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"reset", true}, {"drop", false}}))
      ->default_str("reset");
  app.add_option("--proxy", proxy,
                 "program that serves HTTP and HTTPS listeners: beside (elb-proxy in the directory of elb-agent), its "
                 "path, or off (such listeners are refused)")
      ->capture_default_str();
  app.add_option("--proxy-user", options.proxy.user, "user that it runs as when the agent is root")
      ->capture_default_str();
  app.add_option("--proxy-loops", options.proxy.loops, "its threads; 0: one for each CPU")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  app.add_option("--access-log", options.proxy.access_log,
                 "file of its access log, in a directory that its user may write to; opened again on its SIGHUP");
  add_access_logs(app, options.access_logs);
  add_flow_log(app, options);
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")->capture_default_str();
  app.add_option("--log-format", options.log_format, "text or json")->capture_default_str();
  app.add_flag("--check", options.check,
               "say what a start would adopt, replace or rebuild, and exit: 0 if no connection would be lost, 3 if "
               "connections would be lost, 1 if it would be refused; changes nothing");
  app.add_flag("--no-rebuild{false}", plane.rebuild,
               "refuse to start when pinned maps do not fit (another ABI version or other sizes) instead of replacing "
               "them, which ends all connections");
  app.add_flag("--teardown", options.teardown, "detach the packet programs, remove all pins and exit: forwarding ends");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (auto status = read_interfaces(interfaces, plane); !status) {
    fmt::print(stderr, "elb-agent: {}\nRun elb-agent --help for the options.\n", status.error().to_string());
    return 2;
  }
  Status status = finish(api, local, subnets, eip_pools, options);
  if (status) status = apply_proxy(proxy, options);
  if (status) status = finish_mail(options.alarms);
  if (status) status = check_flow_log(options);
  if (!status) {
    fmt::print(stderr, "elb-agent: {}\nRun elb-agent --help for the options.\n", status.error().to_string());
    return 2;
  }
  return options;
}

}  // namespace elb
