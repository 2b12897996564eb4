// SPDX-License-Identifier: Apache-2.0
// StubViews: what the reconciler and the data path would show, as a test sets it. Unless told otherwise every revision
// is applied at once and every monitored member is healthy. Thread rule: safe from any thread.
#pragma once

#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "model/http_traffic.h"
#include "model/views.h"

namespace elb::test {

class StubViews final : public model::ReconcilerView, public model::TrafficView, public model::HttpTrafficView {
 public:
  model::Health member_health(const model::Id& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = health_.find(id);
    return found == health_.end() ? fallback_ : found->second;
  }
  std::vector<model::SinkStatus> sinks() const override { return locked(sinks_); }
  uint64_t applied_revision() const override { return locked(applied_); }

  std::optional<model::Traffic> listener_traffic(const model::Id& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = traffic_.find(id);
    return found == traffic_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<model::Traffic> member_traffic(const model::Id&) const override { return std::nullopt; }
  std::optional<model::HttpListenerTraffic> http_listener_traffic(const model::Id& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = http_.find(id);
    return found == http_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<model::HttpMemberTraffic> http_member_traffic(const model::Id& id) const override {
    const std::lock_guard lock(mutex_);
    const auto found = http_members_.find(id);
    return found == http_members_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<model::DropCount> drops() const override { return locked(drops_); }
  model::FlowPage flows(const model::FlowFilter& filter) const override {
    const std::lock_guard lock(mutex_);
    last_filter_ = filter;
    return flows_;
  }

  void set_health(const model::Id& id, model::Health health) {
    const std::lock_guard lock(mutex_);
    health_[id] = std::move(health);
  }
  void set_fallback(model::Health health) { set(fallback_, std::move(health)); }
  void set_sinks(std::vector<model::SinkStatus> sinks) { set(sinks_, std::move(sinks)); }
  void set_applied(uint64_t revision) { set(applied_, revision); }
  void set_traffic(const model::Id& id, model::Traffic traffic) {
    const std::lock_guard lock(mutex_);
    traffic_[id] = traffic;
  }
  void set_http(const model::Id& id, const model::HttpListenerTraffic& traffic) {
    const std::lock_guard lock(mutex_);
    http_[id] = traffic;
  }
  void set_http_member(const model::Id& id, const model::HttpMemberTraffic& traffic) {
    const std::lock_guard lock(mutex_);
    http_members_[id] = traffic;
  }
  void set_drops(std::vector<model::DropCount> drops) { set(drops_, std::move(drops)); }
  void set_flows(model::FlowPage flows) { set(flows_, std::move(flows)); }
  model::FlowFilter last_filter() const { return locked(last_filter_); }

 private:
  template <class T>
  T locked(const T& what) const {
    const std::lock_guard lock(mutex_);
    return what;
  }
  template <class T>
  void set(T& what, T to) {
    const std::lock_guard lock(mutex_);
    what = std::move(to);
  }

  mutable std::mutex mutex_;
  model::Health fallback_{model::HealthState::kHealthy, "", {}, {}, -1};
  std::map<model::Id, model::Health> health_;
  std::vector<model::SinkStatus> sinks_;
  uint64_t applied_ = std::numeric_limits<uint64_t>::max();
  std::map<model::Id, model::Traffic> traffic_;
  std::map<model::Id, model::HttpListenerTraffic> http_;
  std::map<model::Id, model::HttpMemberTraffic> http_members_;
  std::vector<model::DropCount> drops_;
  model::FlowPage flows_;
  mutable model::FlowFilter last_filter_;
};

}  // namespace elb::test
