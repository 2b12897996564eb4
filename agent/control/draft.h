// SPDX-License-Identifier: Apache-2.0
// Draft: the model of one transaction while it is being edited, with the rules of creation, change and deletion of each
// resource (defaults, ids, VIP allocation, deletion blockers). Errors name the API's field.
// Thread rule: lives inside ConfigService::transact(), on its thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "model/relations.h"
#include "model/resources.h"

namespace elb::control {

/// What the agent's configuration asks beyond what always holds.
struct Rules {
  bool strict_members = false;  // MB-03: addresses of members lie in subnets of the node
};

class Draft {
 public:
  /// `relations` are those of `base`.
  Draft(const model::Model& base, model::Relations relations, const model::Node& node, const Clock& clock,
        Random& random, Rules rules = {});

  /// The model as edited so far. Of all projects: what is looked for in it must be asked of sees().
  const model::Model& model() const { return model_; }
  /// Its relations, likewise.
  const model::Relations& relations() const { return relations_; }

  /// Keeps the edit within one project (GEN-11): what belongs to another does not exist for it, and what it creates
  /// belongs to this one. Never called: no bounds.
  void bind_to(std::string project_id) { project_ = home_ = std::move(project_id); }
  /// What is created without a project belongs to this one.
  void create_in(std::string project_id) { home_ = std::move(project_id); }
  bool sees(const model::Common& resource) const { return !project_ || resource.project_id == *project_; }

  /// Creation: fills id, times and defaults, checks the resource, and returns its id.
  /// LoadBalancer: empty vip_subnet_id with an address (or a network id) finds the subnet; no address allocates one
  /// (`vip_given` false). An empty project_id is the parent's. kNotFound with a field: that reference leads nowhere.
  Result<model::Id> create(model::LoadBalancer load_balancer, bool vip_given);
  Result<model::Id> create(model::Listener listener);
  /// listener_id empty: a pool of the load balancer only; else it becomes that listener's default pool.
  Result<model::Id> create(model::Pool pool, const model::Id& listener_id);
  Result<model::Id> create(model::Member member);
  Result<model::Id> create(model::HealthMonitor monitor);
  /// `address_given` false takes the first free address of the node's EIP pools.
  Result<model::Id> create(model::Eip eip, bool address_given);
  /// As the upload check left it. Its id is a UUID without dashes, as the API has it.
  Result<model::Id> create(model::Certificate certificate);
  /// position 0, or one behind the last: behind those that are there. Those from there on move by one, as Octavia's do.
  Result<model::Id> create(model::L7Policy policy);
  Result<model::Id> create(model::L7Rule rule);

  /// Replaces a resource that exists; immutable fields must be unchanged (kConflict). Sets updated_at, unless nothing
  /// differs: then nothing changes.
  template <class T>
  Status update(T resource);

  /// Deletion with its prerequisites. LoadBalancer: kInvalid naming the blockers, unless cascade (LB-15);
  /// its EIP stays, unbound (LB-14). Listener:
  /// takes its pool, monitor and l7policies along, so kConflict while that pool has members; a pool that another
  /// listener or an l7policy shares stays, with its members (LS-10, X-13); kConflict while a redirect leads to it
  /// (RD-05). Pool: kConflict naming members, monitor and l7policies (PL-10), else its listeners lose it. L7policy:
  /// takes its rules along. Certificate: kConflict naming the listeners that use it (TLS-10).
  Status remove_load_balancer(const model::Id& id, bool cascade);
  Status remove_listener(const model::Id& id);
  Status remove_pool(const model::Id& id);
  Status remove_member(const model::Id& id);
  Status remove_health_monitor(const model::Id& id);
  /// kConflict while a load balancer has it, unless `bound_too`.
  Status remove_eip(const model::Id& id, bool bound_too);
  Status remove_certificate(const model::Id& id);
  Status remove_l7policy(const model::Id& id);
  Status remove_l7rule(const model::Id& id);

  /// Brings back what was there before, with its id, ports and times but for updated_at, in whatever place its id holds
  /// now; false: it is as it was. What stands between objects is validated at the end. kConflict: its address or id has
  /// been taken; kInvalid: the node has come to use its address, or a rule has become stricter.
  template <class T>
  Result<bool> restore(T resource);
  /// Takes away what was not there, without asking who refers to it; false: there is nothing to take.
  template <class T>
  bool discard(const model::Id& id);

  /// kNotFound "load balancer <id> does not exist", also where it belongs to another project.
  template <class T>
  Result<std::shared_ptr<const T>> find(const model::Id& id) const;

  /// The edit as the store takes it: each touched resource once; first what goes (children before parents), so that
  /// what it held is free again, then what stays (parents before children). References hold when all is done.
  std::vector<model::Change> changes() const;
  /// The model, when nothing more is edited.
  model::Model take_model() { return std::move(model_); }
  model::Relations take_relations() { return std::move(relations_); }

 private:
  template <class T>
  Result<model::Id> add(T resource);
  template <class T>
  bool has(const model::Id& id) const;  // and sees it
  template <class T>
  void put(T resource);
  template <class T>
  void erase(const model::Id& id);
  template <class T>
  void erased(std::vector<model::Change>& changes) const;
  template <class T>
  void written(std::vector<model::Change>& changes) const;
  void erase_l7policies(const model::Id& listener_id);  // of this one, with their rules
  /// kNotFound names the field of a certificate that does not exist.
  Status check_references(const model::ListenerTls& tls) const;
  Status check_served(model::Protocol protocol) const;
  Status check_monitored(const model::Member& member) const;
  /// An address that members may have, MB-03.
  Status check_reached(std::string_view field, const IpAddress& address) const;
  /// What the node may have come to use, or somebody else to hold, since the object was what it is to be again;
  /// `current` has its id now, null: nothing has.
  template <class T>
  Status check_place(const T& resource, const T* current) const;
  /// Positions of a listener's policies are 1, 2, 3, ...; `moved` (empty: none) stands where it asks for, the others
  /// keep their order.
  void renumber(const model::Id& listener_id, const model::Id& moved);
  int64_t now() const;

  const model::Model& base_;
  const model::Node& node_;
  const Clock& clock_;
  Random& random_;
  const Rules rules_;
  std::optional<std::string> project_;
  std::string home_;
  model::Model model_;
  model::Relations relations_;                          // of model_
  std::map<model::Kind, std::set<model::Id>> touched_;  // so that a small edit of a large model costs little
};

}  // namespace elb::control
