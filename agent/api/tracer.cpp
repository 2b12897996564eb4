// SPDX-License-Identifier: Apache-2.0
#include "api/tracer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "codec/value.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr std::string_view kMask = "******";
constexpr size_t kBodyMax = 64 << 10;
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;

/// How one kind of object is called in traces (AU-01, X-28).
struct Words {
  std::string_view collection;  // last word of the pattern that is no {}
  std::string_view type;
  std::string_view name;  // createNAME
  std::string_view title;
};
constexpr std::array<Words, 18> kWords = {{
    {"loadbalancers", "loadbalancer", "Loadbalancer", "load balancer"},
    {"failover", "loadbalancer", "Failover", "failover"},
    {"listeners", "listener", "Listener", "listener"},
    {"pools", "pool", "Pool", "backend member group"},
    {"members", "member", "Member", "backend ecs"},
    {"healthmonitors", "healthmonitor", "Healthmonitor", "healthmonitor"},
    {"l7policies", "l7policy", "L7policy", "forwarding policy"},
    {"rules", "l7rule", "L7rule", "forwarding rule"},
    {"certificates", "certificate", "Certificate", "certificate"},
    {"whitelists", "whitelist", "Whitelist", "whitelist"},
    {"eips", "eip", "Eip", "EIP"},
    {"floatingips", "eip", "Eip", "EIP"},
    {"quotas", "quota", "Quota", "quota"},
    {"tokens", "token", "Token", "token"},
    {"projects", "project", "Project", "project"},
    {"alarms", "alarm", "Alarm", "alarm"},
    {"logtanks", "accesslog", "Accesslog", "access log"},
    {"tags", "tag", "Tag", "tag"},
}};

std::string_view last_word(std::string_view pattern) {
  while (pattern.ends_with("/{}")) pattern.remove_suffix(3);
  const size_t slash = pattern.rfind('/');
  return slash == std::string_view::npos ? pattern : pattern.substr(slash + 1);
}

std::string_view verb_of(std::string_view method) {
  if (method == "POST") return "create";
  return method == "DELETE" ? "delete" : "update";
}

void name_call(const Tracer::Call& call, store::Trace& trace) {
  if (call.pattern.starts_with("identity/") && call.http.method == "POST") {
    trace.resource_type = "login";
    trace.name = trace.title = "login";
    return;
  }
  if (call.pattern == "v1/apply") {
    trace.resource_type = "configuration";
    trace.name = "applyConfiguration";
    trace.title = "apply a document";
    return;
  }
  if (call.pattern == "v1/rollback") {
    trace.resource_type = "configuration";
    trace.name = "rollbackConfiguration";
    trace.title = "roll back to a revision";
    return;
  }
  const std::string_view verb = verb_of(call.http.method);
  const auto words = std::find_if(kWords.begin(), kWords.end(),
                                  [&](const Words& row) { return row.collection == last_word(call.pattern); });
  if (words == kWords.end()) {  // a path that there is not, or one without a name of its own
    trace.resource_type = call.pattern.empty() ? "unknown" : std::string(last_word(call.pattern));
    trace.name = fmt::format("{}{}", verb, "Unknown");
    trace.title = fmt::format("{} {}", call.http.method, call.http.target.substr(0, 256));
    return;
  }
  const bool batch = words->type == "member" && verb == "update" && !call.pattern.ends_with("/{}");
  std::string_view said = verb;
  if (words->type == "member" && verb == "create") said = "add";
  if (words->type == "member" && verb == "delete") said = "remove";
  trace.resource_type = words->type;
  trace.name = fmt::format("{}{}", batch ? "batchUpdate" : verb, words->name);
  trace.title = fmt::format("{} {}", batch ? "update all of" : said, words->title);
}

template <class T>
bool find_common(const model::Table<T>& table, const std::string& id, const model::Common*& out) {
  const auto found = table.find(id);
  if (found != table.end()) out = found->second.get();
  return out != nullptr;
}

const model::Common* look_up(const model::Model& model, const std::string& id) {
  const model::Common* out = nullptr;
  if (find_common(model.load_balancers, id, out) || find_common(model.listeners, id, out) ||
      find_common(model.pools, id, out) || find_common(model.members, id, out) ||
      find_common(model.health_monitors, id, out) || find_common(model.eips, id, out) ||
      find_common(model.certificates, id, out) || find_common(model.l7policies, id, out) ||
      find_common(model.l7rules, id, out))
    return out;
  return nullptr;
}

/// Id and name of what the call was about: as the answer shows it, else as the path names it.
void name_resource(const Tracer::Call& call, store::Trace& trace) {
  const auto answer = Value::parse(call.response.body);
  Value object;
  if (answer && answer->is_object() && call.response.status < 300) {
    object = *answer;
    const auto keys = answer->keys();
    if (keys.size() == 1 && object.get(keys[0]).is_object()) object = object.get(keys[0]);
  }
  trace.resource_id = object.get("id").as_string();
  trace.resource_name = object.get("name").as_string();
  std::string project = object.get("project_id").as_string();
  if (trace.resource_id.empty() && !call.ids.empty()) trace.resource_id = call.ids.back();
  const model::Common* there = look_up(call.before, trace.resource_id);
  // Whoever guesses an id of another project must not find its name in the trace of that.
  if (there != nullptr && (!call.caller.bound() || there->project_id == call.caller.project_id)) {
    if (trace.resource_name.empty()) trace.resource_name = there->name;
    if (project.empty()) project = there->project_id;
  }
  trace.project_id = call.caller.project_id;
  if (trace.project_id.empty()) trace.project_id = std::move(project);
}

/// A login is asked for by nobody yet; its answer says whose it was.
void name_user(const Tracer::Call& call, store::Trace& trace) {
  trace.user_id = call.caller.user_id;
  trace.user_name = call.caller.user_name;
  if (trace.resource_type != "login" || call.response.status >= 300) return;
  const auto answer = Value::parse(call.response.body);
  if (!answer) return;
  const Value token = answer->get("token");
  trace.user_id = token.get("user").get("id").as_string();
  trace.user_name = token.get("user").get("name").as_string();
  trace.project_id = token.get("project").get("id").as_string();
}

bool is_secret(std::string_view key) {
  constexpr std::array<std::string_view, 6> kSecret = {"private_key", "secret",       "password",
                                                       "passcode",    "token_secret", "access_key"};
  return std::find(kSecret.begin(), kSecret.end(), key) != kSecret.end();
}

/// Wherever it stands: a token of ours.
bool is_token(const Value& value) { return value.is_string() && value.as_string().starts_with("elb_"); }

Value mask(const Value& value) {
  if (is_token(value)) return kMask;
  if (value.is_array()) {
    Value out = Value::array();
    for (size_t i = 0; i < value.size(); ++i) out.push(mask(value.at(i)));
    return out;
  }
  if (!value.is_object()) return value;
  Value out = Value::object();
  for (const std::string& key : value.keys()) {
    const Value inner = value.get(key);
    const bool hide = is_secret(key) && !inner.is_null() && !inner.is_object();
    out.set(key, hide ? Value(kMask) : mask(inner));
  }
  return out;
}

int64_t milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string rating_of(int status) { return status < 400 ? "normal" : status < 500 ? "warning" : "incident"; }

}  // namespace

bool changes_something(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "DELETE" || method == "PATCH";
}

std::string masked(std::string_view body) {
  if (body.empty()) return {};
  const auto document = Value::parse(body);
  if (!document) return fmt::format("({} bytes that are no JSON)", body.size());
  std::string text = mask(*document).dump();
  if (text.size() <= kBodyMax) return text;
  return fmt::format("(a document of {} bytes)", text.size());
}

Tracer::Tracer(store::AuditStore* store, int days, const Clock& clock, Random& random)
    : store_(store), days_(days), clock_(clock), node_(random.next()) {}

/// RFC 4122 version 1: 100 ns since 1582, a sequence, and a node that is random (multicast bit set).
std::string Tracer::new_id(WallTime time) {
  constexpr uint64_t kSince1582 = 0x01B21DD213814000;
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  const uint64_t ticks = static_cast<uint64_t>(ns / 100) + kSince1582;
  const auto sequence = static_cast<uint16_t>(sequence_.fetch_add(1) & 0x3FFFU);
  return fmt::format("{:08x}-{:04x}-1{:03x}-{:04x}-{:012x}", ticks & 0xFFFFFFFFU, ticks >> 32U & 0xFFFFU,
                     ticks >> 48U & 0xFFFU, 0x8000U | sequence, (node_ & 0xFFFFFFFFFFFFU) | 0x010000000000U);
}

void Tracer::forget_old(int64_t now_ms) {
  int64_t due = next_forgetting_ms_.load();
  if (now_ms < due || !next_forgetting_ms_.compare_exchange_strong(due, now_ms + kHourMs)) return;
  if (Status status = store_->forget(now_ms - days_ * kDayMs); !status)
    log::warn("old traces could not be removed error={}", status.error().to_string());
}

void Tracer::note(const Call& call) {
  if (store_ == nullptr) return;
  store::Trace trace;
  trace.id = new_id(call.begun);
  trace.time_ms = milliseconds(call.begun);
  trace.record_ms = milliseconds(clock_.wall());
  trace.code = call.response.status;
  trace.rating = rating_of(trace.code);
  name_call(call, trace);
  name_resource(call, trace);
  name_user(call, trace);
  trace.source_ip = call.http.peer.address;
  trace.request = masked(call.http.body);
  trace.response = masked(call.response.body);
  if (Status status = store_->append(trace); !status)
    log::warn("a trace could not be written name={} resource={} error={}", trace.name, trace.resource_id,
              status.error().to_string());
  forget_old(trace.record_ms);
}

}  // namespace elb::api
