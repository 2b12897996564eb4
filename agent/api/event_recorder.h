// SPDX-License-Identifier: Apache-2.0
// EventRecorder: makes events of statuses that changed. It looks again at what a note of the EventFeed may have
// changed: the members it names with what is above them, and the load balancers that were written, whole, until what
// was written is applied. Private to api. Thread rule: a thread of its own; made and destroyed by one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "api/context.h"
#include "control/event_feed.h"

namespace elb::api {

class EventRecorder {
 public:
  /// Statuses of now are where it begins; both outlive it.
  EventRecorder(const ApiState& state, control::EventFeed& feed);
  ~EventRecorder();

 private:
  class Look;  // at one moment
  struct Shown {
    std::string provisioning, operating;  // as the last event said, or as they were at first
    uint64_t awaited = 0;                 // revision of its last write; 0: applied
  };

  void run();
  void begin(const control::ModelPtr& first);
  void look(const std::vector<model::Id>& members);
  /// What the newest model has changed, into shown_ and awaited_.
  void follow(const std::shared_ptr<const codec::Relations>& now);
  template <class T>
  void follow_table(const model::Model& before, const codec::Relations& now);
  template <class... T>
  void follow_all(const std::variant<T...>*, const model::Model& before, const codec::Relations& now);

  const ApiState& state_;
  control::EventFeed& feed_;
  std::shared_ptr<const codec::Relations> relations_;  // as looked at last
  std::unordered_map<model::Id, Shown> shown_;
  std::unordered_map<model::Id, uint64_t> awaited_;  // load balancers, each with the revision that it waits for
  std::thread thread_;
};

}  // namespace elb::api
