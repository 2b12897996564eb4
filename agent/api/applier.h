// SPDX-License-Identifier: Apache-2.0
// Applier: makes a draft be what a document says (docs/adr/0023-apply.md). Objects are found by id, by name, then by
// what no two siblings share; every change goes through the draft's own rules. It goes on after an error, so that a
// document's errors are all told at once; the edit must be given up then. Private to api.
// Thread rule: lives inside one edit, on its thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/plan.h"
#include "base/clock.h"
#include "codec/document.h"
#include "codec/relations.h"
#include "control/draft.h"

namespace elb::api {

enum class Prune {
  kNone,
  kNamed,  // below the load balancers that the document names, in the lists that it has
  kAll,    // load balancers too, and certificates if it has a list of them
};

class Applier {
 public:
  /// `present`: what the project has, the draft's base.
  Applier(control::Draft& draft, std::shared_ptr<const codec::Relations> present, Prune prune, WallTime now);

  void run(const codec::Value& document);

  std::vector<Error> take_errors() { return std::move(errors_); }
  const Notes& notes() const { return notes_; }
  /// Objects that the document names and that are as it says.
  size_t unchanged() const { return unchanged_; }
  /// Puts the place in the document before an error that names one of its objects by id.
  Error placed(Error error) const;

 private:
  template <class T>
  using Shared = std::shared_ptr<const T>;
  template <class T>
  using Names = std::map<std::string, std::vector<model::Id>>;

  void apply_certificates(const std::vector<codec::CertificateEntry>& entries);
  Result<model::Id> certificate_of(std::string_view name) const;
  void apply(const codec::LoadBalancerEntry& entry, const Shared<model::LoadBalancer>& present);
  void apply_pools(const codec::LoadBalancerEntry& entry, const model::Id& lb, bool fresh);
  void apply(const codec::PoolEntry& entry, const model::Id& pool, bool fresh);
  void apply_listeners(const codec::LoadBalancerEntry& entry, const model::Id& lb, bool fresh);
  void apply_policies(const codec::ListenerEntry& entry, const model::Id& listener, bool fresh);
  void apply_rules(const codec::PolicyEntry& entry, const model::Id& policy, bool fresh);
  void remove_doomed();

  /// Creates, updates, replaces or leaves one object; empty after an error. `immutable`: the field that differs and
  /// cannot change. `create(T)` makes a new one.
  template <class T, class Create>
  std::optional<model::Id> settle(const std::string& path, T wanted, const Shared<T>& present,
                                  const std::string& immutable, Create create);
  /// Every child of it that is not claimed goes when the document prunes.
  template <class T, class List>
  void prune(const List& present, const std::vector<Shared<T>>& claimed, std::vector<model::Id>& doomed);
  void fail(const std::string& path, Error error);

  control::Draft& draft_;
  const std::shared_ptr<const codec::Relations> present_;
  const Prune prune_;
  const WallTime now_;
  std::vector<Error> errors_;
  Notes notes_;
  size_t unchanged_ = 0;
  std::map<std::string, std::vector<model::Id>> certificate_names_;
  std::map<std::string, model::Id> pools_, listeners_;  // of the load balancer at hand, by name and by id
  std::set<std::string> ambiguous_;                     // names in these two that several have
  std::vector<model::Id> doomed_rules_, doomed_policies_, doomed_listeners_, doomed_monitors_, doomed_members_,
      doomed_pools_, doomed_load_balancers_, doomed_certificates_;
};

}  // namespace elb::api
