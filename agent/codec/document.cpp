// SPDX-License-Identifier: Apache-2.0
// Reading the document. Each object is taken apart: its own fields go to the API's decoder, its children and
// references are looked at here.
#include "codec/document.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/random.h"
#include "codec/decode_parts.h"
#include "codec/whitelist.h"

namespace elb::codec {
namespace {

using CertificateOf = std::function<Result<model::Id>(std::string_view)>;

std::string element(std::string_view path, std::string_view key, size_t index) {
  return fmt::format("{}{}{}[{}]", path, path.empty() ? "" : ".", key, index);
}

Value without(const Value& object, std::initializer_list<std::string_view> keys) {
  Value out = Value::object();
  for (const std::string& key : object.keys())
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) out.set(key, object.get(key));
  return out;
}

/// Reads one document: where errors go, and how certificates are found.
class Reader {
 public:
  Reader(std::vector<Error>& errors, const CertificateOf& certificate_of)
      : errors_(errors), certificate_of_(certificate_of) {}

  /// The elements of an array; none when absent. `read(element, path)`.
  template <class T, class Read>
  std::optional<std::vector<T>> list(const Value& object, std::string_view key, const std::string& path, Read read) {
    if (!object.has(key)) return std::nullopt;
    std::vector<T> out;
    const Value all = object.get(key);
    const std::string where = path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
    if (!all.is_array()) {
      if (!all.is_null()) errors_.push_back({ErrorCode::kInvalid, "expected an array", where});
      return all.is_null() ? std::optional<std::vector<T>>() : out;
    }
    for (size_t i = 0; i < all.size(); ++i) {
      const std::string at = element(path, key, i);
      if (!all.at(i).is_object()) {
        errors_.push_back({ErrorCode::kInvalid, "expected an object", at});
      } else if (auto one = read(all.at(i), at)) {
        out.push_back(std::move(*one));
      }
    }
    return out;
  }

  std::optional<LoadBalancerEntry> load_balancer(const Value& object, const std::string& path);
  std::optional<CertificateEntry> certificate(const Value& object, const std::string& path);

 private:
  template <class T>
  using Decoded = Result<T>;

  /// `object` is a field of an envelope that the error does not name.
  static Value close(std::string_view envelope, Value object) { return Value().set(envelope, std::move(object)); }

  void fail(const std::string& path, std::string_view key, std::string message) {
    errors_.push_back({ErrorCode::kInvalid, std::move(message), fmt::format("{}.{}", path, key)});
  }
  void adopt(const std::string& path, Error error) {
    error.field = error.field.empty() ? path : fmt::format("{}.{}", path, error.field);
    errors_.push_back(std::move(error));
  }

  /// The id that an object gives itself.
  model::Id id_of(const Value& object, const std::string& path, bool dashes = true) {
    if (!object.has("id") || object.get("id").is_null()) return {};
    const auto id = certificate_id(object.get("id").as_string());
    if (!id || (dashes && !is_uuid(object.get("id").as_string()))) {
      fail(path, "id", "must be a UUID");
      return {};
    }
    return dashes ? object.get("id").as_string() : *id;
  }

  /// "web", {"name": "web"}, or an id as `key`_id.
  std::string reference(const Value& object, std::string_view key, const std::string& path) {
    const std::string by_id = fmt::format("{}_id", key);
    Value value = object.get(key);
    if (value.is_object() && value.size() == 1) value = value.has("id") ? value.get("id") : value.get("name");
    if (!value.is_null() && object.has(by_id) && !object.get(by_id).is_null())
      fail(path, key, fmt::format("must not be given together with {}", by_id));
    if (value.is_null()) value = object.get(by_id);
    if (value.is_null()) return {};
    if (!value.is_string() || value.as_string().empty()) fail(path, key, "must be a name or an id");
    return value.as_string();
  }

  template <class T>
  void check(const T& resource, const std::string& path) {
    if (Status status = model::validate(resource); !status) adopt(path, status.error());
  }

  bool name_certificates(Value& object, const std::string& path);
  std::optional<PoolEntry> pool(const Value& object, const std::string& path);
  std::optional<ListenerEntry> listener(const Value& object, const std::string& path);
  std::optional<PolicyEntry> policy(const Value& object, const std::string& path);
  std::optional<Entry<model::L7Rule>> rule(const Value& object, const std::string& path);
  std::optional<Entry<model::Member>> member(const Value& object, const std::string& path);
  std::optional<Entry<model::HealthMonitor>> monitor(const Value& object, const std::string& path);

  std::vector<Error>& errors_;
  const CertificateOf& certificate_of_;
};

/// Puts ids where the listener names certificates.
bool Reader::name_certificates(Value& object, const std::string& path) {
  const auto id_of_name = [&](const Value& value, const std::string& key) -> Value {
    if (!value.is_string() || value.as_string().empty() || certificate_id(value.as_string())) return value;
    const auto id = certificate_of_(value.as_string());
    if (id) return *id;
    errors_.push_back({id.error().code, id.error().message, fmt::format("{}.{}", path, key)});
    return {};
  };
  const size_t before = errors_.size();
  for (const char* key : {"default_tls_container_ref", "client_ca_tls_container_ref"})
    if (object.has(key)) object.set(key, id_of_name(object.get(key), key));
  if (const Value list = object.get("sni_container_refs"); list.is_array()) {
    Value ids = Value::array();
    for (size_t i = 0; i < list.size(); ++i) ids.push(id_of_name(list.at(i), fmt::format("sni_container_refs[{}]", i)));
    object.set("sni_container_refs", std::move(ids));
  }
  return errors_.size() == before;
}

std::optional<Entry<model::L7Rule>> Reader::rule(const Value& object, const std::string& path) {
  auto decoded = decode_l7rule(close("rule", without(object, {"id"})));
  if (!decoded) return adopt(path, decoded.error()), std::nullopt;
  decoded->id = id_of(object, path);
  check(*decoded, path);
  return Entry<model::L7Rule>{path, std::move(*decoded)};
}

std::optional<PolicyEntry> Reader::policy(const Value& object, const std::string& path) {
  PolicyEntry entry;
  entry.path = path;
  entry.redirect_pool = reference(object, "redirect_pool", path);
  entry.redirect_listener = reference(object, "redirect_listener", path);
  entry.rules = list<Entry<model::L7Rule>>(object, "rules", path,
                                           [this](const Value& one, const std::string& at) { return rule(one, at); });
  const Value own = without(
      object, {"id", "redirect_pool", "redirect_pool_id", "redirect_listener", "redirect_listener_id", "rules"});
  auto decoded = decode_nested_l7policy(own, path, false, Dialect::kVendor);
  if (!decoded) return errors_.push_back(decoded.error()), std::nullopt;
  entry.resource = std::move(decoded->policy);
  entry.resource.id = id_of(object, path);
  entry.position_given = entry.resource.position != 0;
  return entry;
}

std::optional<ListenerEntry> Reader::listener(const Value& object, const std::string& path) {
  ListenerEntry entry;
  entry.path = path;
  entry.default_pool = reference(object, "default_pool", path);
  entry.policies = list<PolicyEntry>(object, "l7policies", path,
                                     [this](const Value& one, const std::string& at) { return policy(one, at); });
  Value own = without(object, {"id", "default_pool", "default_pool_id", "l7policies", "whitelist"});
  if (!name_certificates(own, path)) return std::nullopt;
  auto decoded = decode_nested_listener(own, path, Dialect::kVendor);
  if (!decoded) return errors_.push_back(decoded.error()), std::nullopt;
  entry.resource = std::move(decoded->listener);
  entry.resource.id = id_of(object, path);
  if (const Value whitelist = object.get("whitelist"); !whitelist.is_null()) {
    if (entry.resource.whitelist)
      return fail(path, "whitelist", "must not be given together with allowed_cidrs"), entry;
    entry.resource.whitelist.emplace();
    if (Status status = decode_update(close("whitelist", whitelist), *entry.resource.whitelist); !status)
      adopt(path, status.error());
  }
  check(entry.resource, path);
  return entry;
}

std::optional<Entry<model::Member>> Reader::member(const Value& object, const std::string& path) {
  auto decoded = decode_nested_member(without(object, {"id"}), path);
  if (!decoded) return errors_.push_back(decoded.error()), std::nullopt;
  decoded->id = id_of(object, path);
  check(*decoded, path);
  return Entry<model::Member>{path, std::move(*decoded)};
}

std::optional<Entry<model::HealthMonitor>> Reader::monitor(const Value& object, const std::string& path) {
  auto decoded = decode_nested_monitor(without(object, {"id"}), path);
  if (!decoded) return errors_.push_back(decoded.error()), std::nullopt;
  decoded->id = id_of(object, path);
  check(*decoded, path);
  return Entry<model::HealthMonitor>{path, std::move(*decoded)};
}

std::optional<PoolEntry> Reader::pool(const Value& object, const std::string& path) {
  PoolEntry entry;
  entry.path = path;
  entry.members = list<Entry<model::Member>>(
      object, "members", path, [this](const Value& one, const std::string& at) { return member(one, at); });
  entry.monitor_given = object.has("healthmonitor");
  if (const Value one = object.get("healthmonitor"); !one.is_null())
    entry.monitor = monitor(one, path + ".healthmonitor");
  auto decoded = decode_nested_pool(without(object, {"id", "members", "healthmonitor"}), path, Dialect::kVendor);
  if (!decoded) return errors_.push_back(decoded.error()), std::nullopt;
  entry.resource = std::move(decoded->pool);
  entry.resource.id = id_of(object, path);
  check(entry.resource, path);
  return entry;
}

std::optional<LoadBalancerEntry> Reader::load_balancer(const Value& object, const std::string& path) {
  LoadBalancerEntry entry;
  entry.path = path;
  entry.pools =
      list<PoolEntry>(object, "pools", path, [this](const Value& one, const std::string& at) { return pool(one, at); });
  entry.listeners = list<ListenerEntry>(object, "listeners", path,
                                        [this](const Value& one, const std::string& at) { return listener(one, at); });
  for (const char* key : {"project_id", "tenant_id"})
    if (object.has(key)) fail(path, key, "must not be given: the document is of one project, that of the request");
  Value own = without(object, {"id", "pools", "listeners", "project_id", "tenant_id"});
  entry.address_given = !own.get("vip_address").is_null();
  entry.place_given =
      entry.address_given || !own.get("vip_subnet_id").is_null() || !own.get("vip_network_id").is_null();
  if (!entry.place_given) own.set("vip_subnet_id", "anywhere");  // a load balancer that is there has its place
  auto decoded = decode_load_balancer(close("loadbalancer", own));
  if (!decoded) return adopt(path, decoded.error()), std::nullopt;
  entry.resource = std::move(decoded->load_balancer);
  entry.resource.id = id_of(object, path);
  if (!entry.place_given) entry.resource.vip_subnet_id.clear();
  if (entry.resource.name.empty() && entry.resource.id.empty() && !entry.address_given)
    fail(path, "name", "is required: a load balancer is found by its name, id or vip_address");
  return entry;
}

std::optional<CertificateEntry> Reader::certificate(const Value& object, const std::string& path) {
  for (const char* key : {"project_id", "tenant_id"})
    if (object.has(key)) fail(path, key, "must not be given: the document is of one project, that of the request");
  auto decoded = decode_certificate(without(object, {"id", "project_id", "tenant_id"}));
  if (!decoded) return adopt(path, decoded.error()), std::nullopt;
  decoded->id = id_of(object, path, false);
  if (decoded->name.empty() && decoded->id.empty())
    return fail(path, "name", "is required: a certificate is found by its name or id"), std::nullopt;
  return CertificateEntry{path, std::move(*decoded)};
}

}  // namespace

std::optional<std::vector<CertificateEntry>> decode_certificates(const Value& document, std::vector<Error>& errors) {
  if (!document.is_object()) {
    errors.push_back({ErrorCode::kInvalid, "expected an object with load_balancers", ""});
    return std::nullopt;
  }
  for (const std::string& key : document.keys())
    if (key != "version" && key != "certificates" && key != "load_balancers")
      errors.push_back({ErrorCode::kInvalid, fmt::format("unknown field '{}'", key.substr(0, 80)), key.substr(0, 80)});
  if (document.has("version") && !(document.get("version") == Value(1)))
    errors.push_back({ErrorCode::kUnsupported, "must be 1, the version of documents that this agent reads", "version"});
  const CertificateOf none;
  Reader reader(errors, none);
  return reader.list<CertificateEntry>(document, "certificates", "", [&](const Value& one, const std::string& path) {
    return reader.certificate(one, path);
  });
}

std::vector<LoadBalancerEntry> decode_load_balancers(const Value& document, const CertificateOf& certificate_of,
                                                     std::vector<Error>& errors) {
  Reader reader(errors, certificate_of);
  auto list = reader.list<LoadBalancerEntry>(
      document, "load_balancers", "",
      [&](const Value& one, const std::string& path) { return reader.load_balancer(one, path); });
  return list ? std::move(*list) : std::vector<LoadBalancerEntry>();
}

}  // namespace elb::codec
