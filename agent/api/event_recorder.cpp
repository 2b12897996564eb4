// SPDX-License-Identifier: Apache-2.0
// PENDING_CREATE and PENDING_UPDATE are no events of their own: "created" and "updated" say as much, and what follows
// each of them is one ACTIVE or an ERROR.
#include "api/event_recorder.h"

#include <algorithm>
#include <utility>

#include "api/observed.h"

namespace elb::api {
namespace {

using control::What;
using model::Id;
using model::Kind;
using model::Model;

template <class T>
const T* entry_of(const Model& model, const Id& id) {
  const auto found = model.table<T>().find(id);
  return found == model.table<T>().end() ? nullptr : found->second.get();
}

// The load balancer whose tree shows the object's status; empty: none does.
Id tree_of(const Model&, const model::LoadBalancer& lb) { return lb.id; }
Id tree_of(const Model&, const model::Listener& listener) { return listener.loadbalancer_id; }
Id tree_of(const Model&, const model::Pool& pool) { return pool.loadbalancer_id; }
Id tree_of_pool(const Model& model, const Id& pool_id) {
  const auto* pool = entry_of<model::Pool>(model, pool_id);
  return pool == nullptr ? Id() : pool->loadbalancer_id;
}
Id tree_of(const Model& model, const model::Member& member) { return tree_of_pool(model, member.pool_id); }
Id tree_of(const Model& model, const model::HealthMonitor& monitor) { return tree_of_pool(model, monitor.pool_id); }
Id tree_of(const Model&, const model::Eip&) { return {}; }
Id tree_of(const Model&, const model::Certificate&) { return {}; }
Id tree_of(const Model& model, const model::L7Policy& policy) {
  const auto* listener = entry_of<model::Listener>(model, policy.listener_id);
  return listener == nullptr ? Id() : listener->loadbalancer_id;
}
Id tree_of(const Model& model, const model::L7Rule& rule) {
  const auto* policy = entry_of<model::L7Policy>(model, rule.l7policy_id);
  return policy == nullptr ? Id() : tree_of(model, *policy);
}

}  // namespace

class EventRecorder::Look {
 public:
  Look(EventRecorder& owner, uint64_t applied)
      : owner_(owner),
        applied_(applied),
        relations_(owner.relations_),
        observed_(relations_, owner.state_.views.reconciler, owner.state_.changes) {}

  void tree(const Id& id) {
    const auto* lb = entry_of<model::LoadBalancer>(relations_->model(), id);
    if (lb == nullptr) return;
    for (const auto& pool : relations_->pools_of(id)) {
      for (const auto& member : relations_->members_of(pool->id)) at(Kind::kMember, *member);
      if (const auto monitor = relations_->monitor_of(pool->id)) at(Kind::kHealthMonitor, *monitor);
      at(Kind::kPool, *pool);
    }
    for (const auto& listener : relations_->listeners_of(id)) {
      for (const auto& policy : relations_->policies_of(listener->id)) at(Kind::kL7Policy, *policy);
      at(Kind::kListener, *listener);
    }
    at(Kind::kLoadBalancer, *lb);
  }

  void member_and_above(const Id& id) {
    const Model& model = relations_->model();
    const auto* member = entry_of<model::Member>(model, id);
    const auto* pool = member == nullptr ? nullptr : entry_of<model::Pool>(model, member->pool_id);
    if (pool == nullptr) return;
    at(Kind::kMember, *member);
    at(Kind::kPool, *pool);
    for (const auto& listener : relations_->users_of(pool->id)) at(Kind::kListener, *listener);
    for (const auto& policy : relations_->policies_to(pool->id))
      if (const auto* listener = entry_of<model::Listener>(model, policy->listener_id)) at(Kind::kListener, *listener);
    if (const auto* lb = entry_of<model::LoadBalancer>(model, pool->loadbalancer_id)) at(Kind::kLoadBalancer, *lb);
  }

  std::vector<control::Event> take() { return std::move(events_); }

 private:
  template <class T>
  void at(Kind kind, const T& one) {
    if (!seen_.insert(one.id).second) return;
    const codec::ShownStatus status = observed_.of(one);
    Shown& shown = owner_.shown_[one.id];
    const bool waits = shown.awaited > applied_;
    const bool failed = status.provisioning == "ERROR";
    const auto turn = [&](What what, std::string& before, const std::string& now) {
      if (before == now) return;
      control::Event event{.what = what, .kind = kind, .id = one.id, .name = one.name, .project_id = one.project_id};
      event.status = now;
      event.before = std::exchange(before, now);
      event.reason = status.reason;
      events_.push_back(std::move(event));
    };
    // Before it is applied nobody has looked at a new object.
    if (!waits || !shown.operating.empty()) turn(What::kOperatingStatus, shown.operating, status.operating);
    turn(What::kProvisioningStatus, shown.provisioning,
         failed  ? "ERROR"
         : waits ? std::string(shown.provisioning)
                 : "ACTIVE");
    if (!waits) shown.awaited = 0;
  }

  EventRecorder& owner_;
  const uint64_t applied_;
  const std::shared_ptr<const codec::Relations> relations_;
  Observed observed_;
  std::set<Id> seen_;
  std::vector<control::Event> events_;
};

EventRecorder::EventRecorder(const ApiState& state, control::EventFeed& feed) : state_(state), feed_(feed) {
  // The model as it is now, before anybody can write; what there is to do with it takes a while.
  thread_ = std::thread([this, first = state.service.model()] {
    begin(first);
    run();
  });
}

EventRecorder::~EventRecorder() {
  feed_.stop();
  thread_.join();
}

void EventRecorder::begin(const control::ModelPtr& first) {
  relations_ = std::make_shared<const codec::Relations>(first);
  Look all(*this, state_.views.reconciler.applied_revision());
  for (const auto& [id, lb] : relations_->model().load_balancers) all.tree(id);
  // What was there before we looked is no event, and neither is that a start applies it anew.
  for (auto& [id, shown] : shown_) shown.provisioning = "ACTIVE";
}

void EventRecorder::run() {
  while (const auto members = feed_.await()) look(*members);
}

void EventRecorder::look(const std::vector<Id>& members) {
  // Before the model: of what is applied by then, the model is not older.
  const uint64_t applied = state_.views.reconciler.applied_revision();
  follow(state_.relations(std::nullopt));
  const auto sinks = state_.views.reconciler.sinks();
  const bool failing = std::any_of(sinks.begin(), sinks.end(), [](const auto& sink) { return !sink.error.empty(); });
  Look look(*this, applied);
  for (auto at = awaited_.begin(); at != awaited_.end();) {
    const bool done = at->second <= applied;
    if (done || failing) look.tree(at->first);
    at = done ? awaited_.erase(at) : std::next(at);
  }
  for (const Id& id : members) look.member_and_above(id);
  feed_.journal().add(look.take());
}

template <class T>
void EventRecorder::follow_table(const Model& before, const codec::Relations& now) {
  const Model& after = now.model();
  model::Table<T>::differences(
      before.table<T>(), after.table<T>(), [&](const Id& id, const auto& old, const auto& one) {
        for (const Id& tree : {old ? tree_of(before, *old) : Id(), one ? tree_of(after, *one) : Id()})
          if (!tree.empty()) awaited_[tree] = after.revision;
        if (!one) {
          shown_.erase(id);
          return;
        }
        Shown& shown = shown_[id];
        if (!old) shown = {"PENDING_CREATE", "", 0};
        if (shown.provisioning == "ACTIVE") shown.provisioning = "PENDING_UPDATE";
        shown.awaited = after.revision;
      });
}

template <class... T>
void EventRecorder::follow_all(const std::variant<T...>*, const Model& before, const codec::Relations& now) {
  (follow_table<T>(before, now), ...);
}

void EventRecorder::follow(const std::shared_ptr<const codec::Relations>& now) {
  if (now == relations_) return;
  follow_all(static_cast<const model::Resource*>(nullptr), relations_->model(), *now);
  relations_ = now;
}

}  // namespace elb::api
