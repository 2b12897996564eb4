// SPDX-License-Identifier: Apache-2.0
#include "proxy/wire.h"

#include <map>

#include "proxy/wire_archive.h"

namespace elb::proxy {
namespace {

constexpr uint32_t kSnapshotMagic = 0x53424C45;  // "ELBS"

template <class T, class Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

// Each of these describes a type for Writer and Reader alike; the order is the format.

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotRule> auto& rule) {
  archive.choice(rule.type, model::RuleType::kCookie);
  archive.choice(rule.compare, model::RuleCompare::kRegex);
  archive.flag(rule.invert);
  archive.text(rule.key);
  archive.text(rule.value);
}

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotPolicy> auto& policy) {
  archive.text(policy.id);
  archive.number(policy.position);
  archive.choice(policy.action, model::PolicyAction::kReject);
  archive.maybe(policy.pool, [&](auto& pool) { archive.number(pool); });
  archive.text(policy.redirect);
  archive.number(policy.redirect_code);
  archive.list(policy.rules, [&](auto& rule) { fields(archive, rule); });
}

template <class Archive>
void fields(Archive& archive, Is<model::HttpTimeouts> auto& timeouts) {
  archive.number(timeouts.idle_s);
  archive.number(timeouts.head_s);
  archive.number(timeouts.body_s);
  archive.number(timeouts.connect_s);
  archive.number(timeouts.response_s);
  archive.number(timeouts.tunnel_s);
}

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotSni> auto& sni) {
  archive.text(sni.domain);
  archive.number(sni.certificate);
}

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotTls> auto& tls) {
  archive.text(tls.policy);
  archive.flag(tls.http2);
  archive.number(tls.certificate);
  archive.list(tls.sni, [&](auto& sni) { fields(archive, sni); });
  archive.text(tls.client_ca);
}

template <class Archive>
void fields(Archive& archive, Is<Cidr> auto& cidr) {
  archive.address(cidr.address);
  archive.number(cidr.prefix);
}

template <class Archive>
void fields(Archive& archive, Is<model::ErrorPage> auto& page) {
  archive.text(page.status);
  archive.text(page.content_type);
  archive.text(page.body);
}

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotHttp> auto& http) {
  archive.list(http.policies, [&](auto& policy) { fields(archive, policy); });
  archive.maybe(http.redirect_https_port, [&](auto& port) { archive.number(port); });
  archive.maybe(http.tls, [&](auto& tls) { fields(archive, tls); });
  fields(archive, http.timeouts);
  archive.choice(http.forwarded_for, model::ForwardedFor::kRemove);
  archive.flag(http.forwarded_port);
  archive.flag(http.forwarded_proto);
  archive.flag(http.server_header);
  archive.number(http.request_rate);
  archive.number(http.request_burst);
  archive.number(http.body_rate);
  archive.maybe(http.trace_sampling, [&](auto& sampling) { archive.number(sampling); });
  archive.list(http.error_pages, [&](auto& page) { fields(archive, page); });
  archive.list(http.proxy_trusted, [&](auto& cidr) { fields(archive, cidr); });
  archive.maybe(http.whitelist, [&](auto& list) { archive.list(list, [&](auto& cidr) { fields(archive, cidr); }); });
  archive.maybe(http.log, [&](auto& log) {
    archive.text(log.stream);
    archive.text(log.project_id);
  });
}

template <class Archive>
void fields(Archive& archive, Is<Endpoint> auto& endpoint) {
  archive.address(endpoint.address);
  archive.number(endpoint.port);
}

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotListener> auto& listener) {
  archive.text(listener.id);
  archive.text(listener.loadbalancer_id);
  archive.choice(listener.protocol, model::Protocol::kHttps);
  fields(archive, listener.vip);
  archive.maybe(listener.eip, [&](auto& eip) { archive.address(eip); });
  archive.maybe(listener.whitelist,
                [&](auto& list) { archive.list(list, [&](auto& cidr) { fields(archive, cidr); }); });
  archive.maybe(listener.connection_limit, [&](auto& limit) { archive.number(limit); });
  archive.maybe(listener.pool, [&](auto& pool) { archive.number(pool); });
  archive.maybe(listener.http, [&](auto& http) { fields(archive, http); });
}

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotMember> auto& member) {
  archive.text(member.id);
  fields(archive, member.endpoint);
  archive.number(member.weight);
  archive.flag(member.usable);
}

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotPool> auto& pool) {
  archive.text(pool.id);
  archive.choice(pool.protocol, model::Protocol::kHttps);
  archive.choice(pool.algorithm, model::Algorithm::kSourceIp);
  archive.choice(pool.cookie.kind, model::CookieKind::kApplication);
  archive.text(pool.cookie.name);
  archive.number(pool.cookie.duration_s);
  archive.choice(pool.proxy_protocol, model::ProxyProtocol::kV2);
  archive.flag(pool.http2);
  archive.number(pool.slow_start_s);
  archive.list(pool.members, [&](auto& member) { fields(archive, member); });
}

template <class Archive>
void fields(Archive& archive, Is<model::SnapshotCertificate> auto& certificate) {
  archive.text(certificate.id);
  archive.text(certificate.certificate);
  archive.text(certificate.private_key);
}

template <class Archive>
void fields(Archive& archive, Is<model::Snapshot> auto& snapshot) {
  archive.number(snapshot.generation);
  archive.number(snapshot.revision);
  archive.list(snapshot.pools, [&](auto& pool) { fields(archive, pool); });
  archive.list(snapshot.certificates, [&](auto& certificate) { fields(archive, certificate); });
  archive.list(snapshot.listeners, [&](auto& listener) { fields(archive, listener); });
}

/// Calls `pool` and `certificate` with every index in a listener.
template <class Listener, class OnPool, class OnCertificate>
void for_each_index(Listener& listener, OnPool&& pool, OnCertificate&& certificate) {
  if (listener.pool) pool(*listener.pool);
  if (!listener.http) return;
  for (auto& policy : listener.http->policies)
    if (policy.pool) pool(*policy.pool);
  if (!listener.http->tls) return;
  certificate(listener.http->tls->certificate);
  for (auto& sni : listener.http->tls->sni) certificate(sni.certificate);
}

/// Keeps what is used, in its order, and makes indexes follow.
template <class List>
class Kept {
 public:
  explicit Kept(const List& from) : from_(from), used_(from.size()) {}
  void use(size_t index) { used_.at(index) = true; }
  List keep() {
    List kept;
    for (size_t i = 0; i < from_.size(); ++i) {
      if (!used_[i]) continue;
      places_[i] = kept.size();
      kept.push_back(from_[i]);
    }
    return kept;
  }
  size_t place(size_t index) const { return places_.at(index); }

 private:
  const List& from_;
  std::vector<bool> used_;
  std::map<size_t, size_t> places_;
};

bool indexes_fit(const model::Snapshot& snapshot) {
  bool fit = true;
  for (const model::SnapshotListener& listener : snapshot.listeners) {
    fit = fit && listener.http.has_value();
    for_each_index(
        listener, [&](size_t pool) { fit = fit && pool < snapshot.pools.size(); },
        [&](size_t certificate) { fit = fit && certificate < snapshot.certificates.size(); });
  }
  return fit;
}

}  // namespace

model::Snapshot proxy_part(const model::Snapshot& snapshot) {
  model::Snapshot part;
  part.generation = snapshot.generation;
  part.revision = snapshot.revision;
  for (const model::SnapshotListener& listener : snapshot.listeners)
    if (listener.http) part.listeners.push_back(listener);

  Kept pools(snapshot.pools);
  Kept certificates(snapshot.certificates);
  for (const model::SnapshotListener& listener : std::as_const(part).listeners)
    for_each_index(
        listener, [&](size_t pool) { pools.use(pool); }, [&](size_t certificate) { certificates.use(certificate); });
  part.pools = pools.keep();
  part.certificates = certificates.keep();
  for (size_t i = 0; i < part.listeners.size(); ++i)
    for_each_index(
        part.listeners[i], [&](size_t& pool) { pool = pools.place(pool); },
        [&](size_t& certificate) { certificate = certificates.place(certificate); });
  return part;
}

std::string encode_snapshot(const model::Snapshot& snapshot) {
  const model::Snapshot part = proxy_part(snapshot);
  std::string out;
  Writer writer(out);
  writer.number(kSnapshotMagic);
  writer.number(kWireVersion);
  fields(writer, part);
  return out;
}

Result<model::Snapshot> decode_snapshot(std::string_view bytes) {
  Reader reader(bytes);
  uint32_t magic = 0;
  uint32_t version = 0;
  reader.number(magic);
  reader.number(version);
  if (magic != kSnapshotMagic) return fail(ErrorCode::kInvalid, "this is no snapshot");
  if (version != kWireVersion)
    return fail(ErrorCode::kUnsupported,
                fmt::format("the snapshot is of wire version {}, this worker reads {}", version, kWireVersion));
  model::Snapshot snapshot;
  fields(reader, snapshot);
  if (!reader.complete()) return fail(ErrorCode::kInvalid, "the snapshot is not whole");
  if (!indexes_fit(snapshot)) return fail(ErrorCode::kInvalid, "an index in the snapshot leads nowhere");
  return snapshot;
}

}  // namespace elb::proxy
