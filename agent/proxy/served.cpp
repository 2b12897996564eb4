// SPDX-License-Identifier: Apache-2.0
#include "proxy/served.h"

#include <fmt/format.h>

#include <algorithm>

namespace elb::proxy {
namespace {

bool same_names(const std::vector<tls::SniCertificate>& a, const std::vector<tls::SniCertificate>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.domain == other.domain && one.credential == other.credential;
  });
}

bool same_settings(const tls::ServerSettings& a, const tls::ServerSettings& b) {
  return a.listener_id == b.listener_id && a.policy == b.policy && a.http2 == b.http2 &&
         a.certificates == b.certificates && same_names(a.sni, b.sni) && a.client_ca == b.client_ca;
}

}  // namespace

std::shared_ptr<const Served> Served::build(model::SnapshotPtr snapshot, const Served* old, const StickyParts& sticky,
                                            SteadyTime now) {
  std::shared_ptr<Served> served(new Served());
  served->snapshot_ = std::move(snapshot);
  const model::Snapshot& latest = *served->snapshot_;
  served->balancer_ = Balancer::build(latest, old != nullptr ? old->balancer_ : nullptr, now);
  served->sticky_ = Sticky::build(latest, sticky.key, sticky.learned);
  served->credentials_ = served->read_credentials(old);
  for (const model::SnapshotListener& listener : latest.listeners) {
    if (!listener.http) continue;
    const ServedListener* before = nullptr;
    if (old != nullptr)
      if (const auto found = old->by_id_.find(listener.id); found != old->by_id_.end())
        before = &old->listeners_[found->second];
    ServedListener entry;
    entry.index = served->listeners_.size();
    entry.listener = &listener;
    entry.router = Router::compile(*listener.http, before != nullptr ? before->router : nullptr);
    entry.open = before != nullptr ? before->open : std::make_shared<std::atomic<uint32_t>>(0);
    entry.gate = before != nullptr ? before->gate : std::make_shared<RateGate>();
    if (listener.http->tls) entry.tls = served->make_table(listener, old);
    served->by_id_[listener.id] = entry.index;
    served->by_endpoint_[listener.vip] = entry.index;
    if (listener.eip) served->by_endpoint_[{*listener.eip, listener.vip.port}] = entry.index;
    served->listeners_.push_back(std::move(entry));
  }
  return served;
}

const ServedListener* Served::find(const Endpoint& local) const {
  const auto found = by_endpoint_.find(local);
  return found == by_endpoint_.end() ? nullptr : &listeners_[found->second];
}

// The same certificate stays the same object, by which workers know that they have parsed it.
Served::Credentials Served::read_credentials(const Served* old) {
  std::unordered_map<std::string_view, size_t> before;
  if (old != nullptr)
    for (size_t i = 0; i < old->credentials_.size(); ++i) before[old->snapshot_->certificates[i].id] = i;
  Credentials result;
  for (const model::SnapshotCertificate& certificate : snapshot_->certificates) {
    if (const auto known = before.find(certificate.id); known != before.end()) {
      const model::SnapshotCertificate& earlier = old->snapshot_->certificates[known->second];
      if (earlier.certificate == certificate.certificate && earlier.private_key == certificate.private_key) {
        result.push_back(old->credentials_[known->second]);
        continue;
      }
    }
    auto credential = tls::read_credential(certificate.id, certificate.certificate, certificate.private_key);
    result.push_back(credential ? *credential : nullptr);
  }
  return result;
}

std::shared_ptr<const tls::ServerTable> Served::make_table(const model::SnapshotListener& listener, const Served* old) {
  const model::SnapshotTls& wanted = *listener.http->tls;
  const auto fail_with = [&](std::string_view why) {
    problems_.push_back(fmt::format("listener {}: {}", listener.id, why));
    return nullptr;
  };
  tls::ServerSettings settings;
  settings.listener_id = listener.id;
  settings.http2 = wanted.http2;
  settings.client_ca = wanted.client_ca;
  const auto policy = tls::parse_security_policy(wanted.policy, "policy");
  if (!policy) return fail_with(policy.error().to_string());
  settings.policy = *policy;
  const auto credential_of = [&](size_t index) {
    return index < credentials_.size() ? credentials_[index] : tls::CredentialPtr();
  };
  if (tls::CredentialPtr credential = credential_of(wanted.certificate)) {
    settings.certificates.push_back(std::move(credential));
  } else {
    return fail_with("its certificate cannot be read");
  }
  for (const model::SnapshotSni& name : wanted.sni) {
    if (tls::CredentialPtr credential = credential_of(name.certificate)) {
      settings.sni.push_back({name.domain, std::move(credential)});
    } else {
      problems_.push_back(fmt::format("listener {}: the certificate for {} cannot be read", listener.id, name.domain));
    }
  }
  if (old != nullptr) {
    const auto before = old->by_id_.find(listener.id);
    if (before != old->by_id_.end()) {
      const auto& table = old->listeners_[before->second].tls;
      if (table && same_settings(table->settings(), settings)) return table;
    }
  }
  auto table = tls::ServerTable::make(std::move(settings));
  if (!table) return fail_with(table.error().to_string());
  return *table;
}

}  // namespace elb::proxy
