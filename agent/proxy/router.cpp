// SPDX-License-Identifier: Apache-2.0
#include "proxy/router.h"

#include <array>
#include <functional>
#include <unordered_map>

#include "proxy/condition.h"
#include "proxy/prefix_index.h"
#include "proxy/regex.h"

namespace elb::proxy {
namespace {

using model::PolicyAction;
using model::RuleCompare;
using model::RuleType;
using model::SnapshotPolicy;
using model::SnapshotRule;

constexpr size_t kNone = Route::kNone;

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

/// The paths of one host, or of policies without a host. Values are indexes of policies.
struct PathTable {
  TextMap<size_t> exact;
  PrefixIndex prefixes;
  RegexSet regexes;
  std::vector<size_t> regex_policies;  // in order, as in `regexes`
  size_t any_path = kNone;

  size_t match_path(std::string_view path) const {
    if (const auto found = exact.find(path); found != exact.end()) return found->second;
    if (const size_t found = prefixes.longest(path); found != PrefixIndex::kNone) return found;
    if (regex_policies.empty()) return kNone;
    const size_t found = regexes.first_match(path);
    return found == RegexSet::kNone ? kNone : regex_policies[found];
  }
  void build() {
    prefixes.build();
    regexes.compile();
  }
};

/// The rules of a policy that the tables can answer: at most one host and one path, as FP-16 has them.
struct Plain {
  const SnapshotRule* host = nullptr;
  const SnapshotRule* path = nullptr;
};

bool is_plain_host(const SnapshotRule& rule) {
  return rule.type == RuleType::kHostName && rule.compare == RuleCompare::kEqualTo && !rule.invert;
}

bool is_plain_path(const SnapshotRule& rule) {
  return rule.type == RuleType::kPath && !rule.invert &&
         (rule.compare == RuleCompare::kEqualTo || rule.compare == RuleCompare::kStartsWith ||
          rule.compare == RuleCompare::kRegex);
}

std::optional<Plain> plain_rules(const SnapshotPolicy& policy) {
  Plain plain;
  for (const SnapshotRule& rule : policy.rules) {
    const SnapshotRule*& place = rule.type == RuleType::kHostName ? plain.host : plain.path;
    if (place != nullptr || (!is_plain_host(rule) && !is_plain_path(rule))) return std::nullopt;
    place = &rule;
  }
  return plain;
}

bool same_rule(const SnapshotRule& a, const SnapshotRule& b) {
  return a.type == b.type && a.compare == b.compare && a.invert == b.invert && a.key == b.key && a.value == b.value;
}

bool same_rules(const std::vector<SnapshotRule>& a, const SnapshotPolicy& b) {
  return std::equal(a.begin(), a.end(), b.rules.begin(), b.rules.end(), same_rule);
}

std::string lower(std::string_view text) {
  std::array<char, http::kLongestHost> scratch;
  return std::string(http::lower_case_name({.name = text}, scratch));
}

Route answer(Route::Kind kind, uint16_t status, size_t policy) {
  return {.kind = kind, .status = status, .policy = policy};
}

Route to_pool(std::optional<size_t> pool, size_t policy) {
  if (!pool) return answer(Route::Kind::kNobody, 503, policy);
  return {.kind = Route::Kind::kPool, .status = 0, .pool = *pool, .policy = policy};
}

// Paths only: "*" of OPTIONS is none.
void put_target(std::string_view target, http::OutBuffer& out) { out.put(target.starts_with('/') ? target : "/"); }

void put_host(const http::Host& host, const Endpoint& vip, http::OutBuffer& out) {
  const std::string text = host.name.empty() ? vip.address.to_string() : std::string(host.name);
  const bool is_ipv6 = host.name.empty() ? !vip.address.is_v4() : host.is_ipv6;
  if (is_ipv6) out.put('[');
  out.put(text);
  if (is_ipv6) out.put(']');
}

}  // namespace

struct Router::Tables {
  struct General {
    size_t policy;
    std::vector<Condition> conditions;
  };

  std::vector<std::vector<SnapshotRule>> rules;  // what it was compiled of
  std::vector<General> generals;                 // in order
  TextMap<PathTable> hosts;
  PathTable paths;  // of policies without a host
  std::vector<Broken> broken;

  void add(size_t index, const SnapshotPolicy& policy);
  void add_plain(size_t index, const Plain& plain);
  void add_general(size_t index, const SnapshotPolicy& policy);
};

void Router::Tables::add(size_t index, const SnapshotPolicy& policy) {
  if (policy.rules.empty()) return;  // as Octavia has it: no rule, no match
  if (const auto plain = plain_rules(policy)) return add_plain(index, *plain);
  add_general(index, policy);
}

void Router::Tables::add_plain(size_t index, const Plain& plain) {
  std::optional<Regex> regex;
  if (plain.path != nullptr && plain.path->compare == RuleCompare::kRegex) {
    auto compiled = Regex::compile(plain.path->value);
    if (!compiled) {
      broken.push_back({index, compiled.error().message});
      return;
    }
    regex = std::move(*compiled);
  }
  PathTable& table = plain.host == nullptr ? paths : hosts[lower(plain.host->value)];
  if (plain.path == nullptr) {
    if (table.any_path == kNone) table.any_path = index;
  } else if (regex) {
    table.regexes.add(plain.path->value, std::move(*regex));
    table.regex_policies.push_back(index);
  } else if (plain.path->compare == RuleCompare::kStartsWith) {
    table.prefixes.add(normal_path_value(*plain.path), index);
  } else {
    table.exact.try_emplace(normal_path_value(*plain.path), index);
  }
}

void Router::Tables::add_general(size_t index, const SnapshotPolicy& policy) {
  General general{index, {}};
  for (const SnapshotRule& rule : policy.rules) {
    auto condition = Condition::compile(rule);
    if (!condition) {
      broken.push_back({index, condition.error().message});
      return;
    }
    general.conditions.push_back(std::move(*condition));
  }
  generals.push_back(std::move(general));
}

Router::Router(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
Router::~Router() = default;

const std::vector<Router::Broken>& Router::broken() const { return tables_->broken; }

std::shared_ptr<const Router> Router::compile(const model::SnapshotHttp& http,
                                              const std::shared_ptr<const Router>& old) {
  if (old && std::equal(old->tables_->rules.begin(), old->tables_->rules.end(), http.policies.begin(),
                        http.policies.end(), same_rules))
    return old;
  auto tables = std::make_unique<Tables>();
  for (size_t i = 0; i < http.policies.size(); ++i) {
    tables->rules.push_back(http.policies[i].rules);
    tables->add(i, http.policies[i]);
  }
  for (auto& [host, table] : tables->hosts) table.build();
  tables->paths.build();
  return std::shared_ptr<const Router>(new Router(std::move(tables)));
}

size_t Router::match(const RouteRequest& request) const {
  std::array<char, http::kLongestHost> scratch;
  const std::string_view host = http::lower_case_name(request.host, scratch);
  for (const Tables::General& general : tables_->generals) {
    const auto holds = [&](const Condition& condition) { return condition.holds(request, host); };
    if (std::all_of(general.conditions.begin(), general.conditions.end(), holds)) return general.policy;
  }
  if (const auto table = tables_->hosts.find(host); table != tables_->hosts.end()) {
    if (const size_t found = table->second.match_path(request.path()); found != kNone) return found;
    if (table->second.any_path != kNone) return table->second.any_path;
  }
  return tables_->paths.match_path(request.path());
}

Route Router::route(const model::SnapshotListener& listener, const RouteRequest& request) const {
  const model::SnapshotHttp& http = *listener.http;
  if (http.redirect_https_port) return answer(Route::Kind::kRedirect, 301, kNone);
  const size_t found = match(request);
  if (found == kNone) return to_pool(listener.pool, kNone);
  const SnapshotPolicy& policy = http.policies[found];
  switch (policy.action) {
    case PolicyAction::kPool:
      return to_pool(policy.pool, found);
    case PolicyAction::kRedirectUrl:
    case PolicyAction::kRedirectPrefix:
      return answer(Route::Kind::kRedirect, policy.redirect_code, found);
    case PolicyAction::kReject:
      break;
  }
  return answer(Route::Kind::kReject, 403, found);
}

bool Router::write_location(const model::SnapshotListener& listener, const Route& route, const RouteRequest& request,
                            http::OutBuffer& out) {
  if (route.policy == kNone) {
    const uint16_t port = listener.http->redirect_https_port.value_or(443);
    out.put("https://");
    put_host(request.host, listener.vip, out);
    if (port != 443) {
      out.put(':');
      out.put_number(port);
    }
    put_target(request.target, out);
    return out.fits();
  }
  const SnapshotPolicy& policy = listener.http->policies[route.policy];
  std::string_view url = policy.redirect;
  const bool prefix = policy.action == PolicyAction::kRedirectPrefix;
  if (prefix && url.ends_with('/')) url.remove_suffix(1);
  out.put(url);
  if (prefix) put_target(request.target, out);
  return out.fits();
}

}  // namespace elb::proxy
