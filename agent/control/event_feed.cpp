// SPDX-License-Identifier: Apache-2.0
#include "control/event_feed.h"

#include <utility>
#include <variant>

namespace elb::control {
namespace {

template <class T>
void add_changes(model::Kind kind, const model::Model& before, const model::Model& after, std::vector<Event>& events) {
  model::Table<T>::differences(before.table<T>(), after.table<T>(),
                               [&](const model::Id& id, const auto& old, const auto& now) {
                                 const T& known = now ? *now : *old;
                                 Event event;
                                 event.what = !old ? What::kCreated : !now ? What::kDeleted : What::kUpdated;
                                 event.kind = kind;
                                 event.id = id;
                                 event.name = known.name;
                                 event.project_id = known.project_id;
                                 event.revision = after.revision;
                                 events.push_back(std::move(event));
                               });
}

template <class... T>
void add_all_changes(const std::variant<T...>*, const model::Model& before, const model::Model& after,
                     std::vector<Event>& events) {
  int kind = 0;  // in the variant's order
  (add_changes<T>(static_cast<model::Kind>(kind++), before, after, events), ...);
}

}  // namespace

void EventFeed::publish(std::shared_ptr<const model::Model> model) {
  std::vector<Event> events;
  if (published_) add_all_changes(static_cast<const model::Resource*>(nullptr), *published_, *model, events);
  published_ = std::move(model);
  journal_.add(std::move(events));
  note({});
}

void EventFeed::note(const std::vector<model::Id>& members) {
  {
    const std::lock_guard lock(mutex_);
    members_.insert(members.begin(), members.end());
    any_ = true;
  }
  noted_.notify_one();
}

std::optional<std::vector<model::Id>> EventFeed::await() {
  std::unique_lock lock(mutex_);
  noted_.wait(lock, [this] { return any_ || stopped_; });
  if (std::exchange(stopped_, false)) return std::nullopt;
  any_ = false;
  std::vector<model::Id> members(members_.begin(), members_.end());
  members_.clear();
  return members;
}

void EventFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  noted_.notify_all();
}

}  // namespace elb::control
