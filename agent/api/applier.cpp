// SPDX-License-Identifier: Apache-2.0
// The order: certificates, load balancers, pools with members and monitors, listeners, l7policies with rules, and at
// last what goes. So whatever is named exists when somebody leads to it, and nothing leads any more to what goes.
// Uniqueness is the whole model's to judge, when all is done. What lies below pools and listeners is in
// applier_parts.cpp.
#include "api/applier.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/applier_settle.h"
#include "api/certificate_upload.h"
#include "api/match.h"

namespace elb::api {

using codec::CertificateEntry;
using codec::LoadBalancerEntry;
using model::Certificate;
using model::Id;
using model::LoadBalancer;

Applier::Applier(control::Draft& draft, std::shared_ptr<const codec::Relations> present, Prune prune, WallTime now)
    : draft_(draft), present_(std::move(present)), prune_(prune), now_(now) {}

void Applier::fail(const std::string& path, Error error) {
  error.field = error.field.empty() ? path : fmt::format("{}.{}", path, error.field);
  errors_.push_back(std::move(error));
}

void Applier::run(const codec::Value& document) {
  const auto certificates = codec::decode_certificates(document, errors_);
  if (certificates) apply_certificates(*certificates);
  for (const auto& [id, certificate] : draft_.model().certificates)
    if (draft_.sees(*certificate)) certificate_names_[certificate->name].push_back(id);
  const auto entries = codec::decode_load_balancers(
      document, [this](std::string_view name) { return certificate_of(name); }, errors_);

  std::vector<Shared<LoadBalancer>> present;
  for (const auto& [id, one] : present_->model().load_balancers) present.push_back(one);
  const auto found = match<LoadBalancer>(
      entries, present,
      {{"name", [](const LoadBalancer& lb) { return lb.name; }},
       {"vip_address",
        [](const LoadBalancer& lb) { return lb.vip_address == IpAddress() ? "" : lb.vip_address.to_string(); }}},
      "load balancer", errors_);
  for (size_t i = 0; i < entries.size(); ++i) apply(entries[i], found[i]);
  if (prune_ == Prune::kAll) prune<LoadBalancer>(present, found, doomed_load_balancers_);
  // With errors there will be no commit, and what hangs on failed objects would only be told as errors of its own.
  if (errors_.empty()) remove_doomed();
}

Result<Id> Applier::certificate_of(std::string_view name) const {
  const auto found = certificate_names_.find(std::string(name));
  if (found == certificate_names_.end())
    return elb::fail(ErrorCode::kNotFound, fmt::format("certificate '{}' does not exist", name.substr(0, 80)));
  if (found->second.size() == 1) return found->second.front();
  return elb::fail(ErrorCode::kConflict,
                   fmt::format("{} certificates are called '{}'; give the id", found->second.size(), name));
}

void Applier::apply_certificates(const std::vector<CertificateEntry>& entries) {
  std::vector<Shared<Certificate>> present;
  for (const auto& [id, one] : present_->model().certificates) present.push_back(one);
  const auto found = match<Certificate>(entries, present, {{"name", [](const Certificate& one) { return one.name; }}},
                                        "certificate", errors_);
  for (size_t i = 0; i < entries.size(); ++i) {
    Certificate wanted = entries[i].resource;
    const auto& old = found[i];
    if (old) {
      if (wanted.private_key.empty()) wanted.private_key = old->private_key;
      wanted.expires_at = old->expires_at;
      if (wanted.type != old->type) {
        fail(entries[i].path, {ErrorCode::kConflict, "cannot be changed after creation; give it another name", "type"});
        continue;
      }
    }
    const bool same = old && wanted.certificate == old->certificate && wanted.private_key == old->private_key &&
                      wanted.domain == old->domain;
    if (!same) {
      if (const auto checked = check_upload(wanted, now_); !checked) {
        fail(entries[i].path, checked.error());
        continue;
      }
    }
    settle<Certificate>(entries[i].path, wanted, old, "",
                        [this](Certificate one) { return draft_.create(std::move(one)); });
  }
  if (prune_ == Prune::kAll) prune<Certificate>(present, found, doomed_certificates_);
}

void Applier::apply(const LoadBalancerEntry& entry, const Shared<LoadBalancer>& present) {
  LoadBalancer wanted = entry.resource;
  if (!present && !entry.place_given)
    return fail(entry.path, {ErrorCode::kInvalid, "one of vip_subnet_id, vip_network_id, vip_address is required",
                             "vip_subnet_id"});
  if (present) {
    // Moving a VIP takes everything below it away for a while: nobody should do that in passing.
    const auto refuse = [&](const char* field, const std::string& old, const std::string& now) {
      fail(entry.path, {ErrorCode::kConflict,
                        fmt::format("cannot be changed from {} to {}; give the load balancer another name, or delete "
                                    "it first",
                                    old, now),
                        field});
    };
    if (entry.address_given && wanted.vip_address != present->vip_address)
      return refuse("vip_address", present->vip_address.to_string(), wanted.vip_address.to_string());
    if (!wanted.vip_subnet_id.empty() && wanted.vip_subnet_id != present->vip_subnet_id)
      return refuse("vip_subnet_id", present->vip_subnet_id, wanted.vip_subnet_id);
    if (!wanted.vip_network_id.empty() && wanted.vip_network_id != present->vip_network_id)
      return refuse("vip_network_id", present->vip_network_id, wanted.vip_network_id);
    wanted.vip_address = present->vip_address;
    wanted.vip_subnet_id = present->vip_subnet_id;
    wanted.vip_network_id = present->vip_network_id;
    wanted.vip_port_id = present->vip_port_id;
    wanted.provider = present->provider;
  }
  const auto id = settle<LoadBalancer>(entry.path, wanted, present, "", [&](LoadBalancer one) {
    return draft_.create(std::move(one), entry.address_given);
  });
  if (!id) return;
  apply_pools(entry, *id, !present);
  apply_listeners(entry, *id, !present);
}

void Applier::remove_doomed() {
  const auto each = [this](const std::vector<Id>& ids, auto remove) {
    for (const Id& id : ids)
      if (Status status = remove(id); !status) errors_.push_back(placed(status.error()));
  };
  each(doomed_rules_, [this](const Id& id) { return draft_.remove_l7rule(id); });
  each(doomed_policies_, [this](const Id& id) { return draft_.remove_l7policy(id); });
  each(doomed_listeners_, [this](const Id& id) -> Status {
    // A listener takes its pool along, but whether that goes is the document's to say.
    const auto found = draft_.find<model::Listener>(id);
    if (!found) return pass_on(found.error());
    model::Listener unlinked = **found;
    unlinked.default_pool_id.reset();
    if (Status status = draft_.update(std::move(unlinked)); !status) return status;
    return draft_.remove_listener(id);
  });
  each(doomed_monitors_, [this](const Id& id) { return draft_.remove_health_monitor(id); });
  each(doomed_members_, [this](const Id& id) { return draft_.remove_member(id); });
  each(doomed_pools_, [this](const Id& id) { return draft_.remove_pool(id); });
  each(doomed_load_balancers_, [this](const Id& id) { return draft_.remove_load_balancer(id, true); });
  each(doomed_certificates_, [this](const Id& id) { return draft_.remove_certificate(id); });
}

Error Applier::placed(Error error) const {
  // The last object that is named is the one that is at fault: "port 80 of load balancer A is used by listener B".
  std::string place;
  constexpr std::string_view kIdCharacters = "0123456789abcdef-";
  for (size_t begin = 0; (begin = error.message.find_first_of(kIdCharacters, begin)) != std::string::npos;) {
    const size_t end = std::min(error.message.find_first_not_of(kIdCharacters, begin), error.message.size());
    const auto found = notes_.paths.find(error.message.substr(begin, end - begin));
    if (found != notes_.paths.end()) place = found->second;
    begin = end;
  }
  if (!place.empty()) error.field = error.field.empty() ? place : fmt::format("{}.{}", place, error.field);
  return error;
}

}  // namespace elb::api
