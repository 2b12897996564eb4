// SPDX-License-Identifier: Apache-2.0
#include "control/config_service.h"

#include <fmt/core.h>

#include <chrono>

#include "base/log.h"
#include "model/validate_change.h"

namespace elb::control {

ConfigService::ConfigService(store::Store& store, const Clock& clock, Random& random, model::Node node,
                             Listener published, Rules rules)
    : store_(store),
      clock_(clock),
      random_(random),
      node_(std::move(node)),
      published_(std::move(published)),
      rules_(rules) {}

Result<std::unique_ptr<ConfigService>> ConfigService::open(store::Store& store, const Clock& clock, Random& random,
                                                           model::Node node, Listener published, Rules rules) {
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<ConfigService> service(
      new ConfigService(store, clock, random, std::move(node), std::move(published), rules));
  const std::lock_guard lock(service->write_mutex_);
  if (auto status = service->reload(); !status) return pass_on(status.error());
  return service;
}

ModelPtr ConfigService::model() const {
  const std::lock_guard lock(model_mutex_);
  return model_;
}

Result<uint64_t> ConfigService::transact(const std::function<Status(Draft&)>& edit, store::Origin origin) {
  const std::lock_guard lock(write_mutex_);
  const ModelPtr base = model();
  Draft draft(*base, *relations_, node_, clock_, random_, rules_);
  if (auto status = edit(draft); !status) return pass_on(status.error());
  const auto changes = draft.changes();
  if (changes.empty()) return base->revision;
  if (auto status = sound_ ? validate_change(*base, draft.model(), draft.relations()) : validate(draft.model());
      !status)
    return pass_on(status.error());

  origin.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch()).count();
  const auto revision = store_.commit(base->revision, changes, origin);
  if (!revision && revision.error().code == ErrorCode::kConflict) {
    log::warn("the store was changed by another process, reading it again revision={}", base->revision);
    if (auto status = reload(); !status) return pass_on(status.error());
    return fail(ErrorCode::kUnavailable, "the configuration was changed by another process; try again");
  }
  if (!revision) {
    ++store_errors_;
    return pass_on(revision.error());
  }

  sound_ = true;
  auto next = std::make_shared<model::Model>(draft.take_model());
  next->revision = *revision;
  relations_ = std::make_shared<const model::Relations>(draft.take_relations());
  publish(std::move(next));
  return *revision;
}

Status ConfigService::reload() {
  auto loaded = store_.load();
  if (!loaded) return pass_on(loaded.error());
  // A rule that a newer version made stricter must not keep the node from serving what it served before.
  const auto status = validate(*loaded);
  sound_ = status.has_value();
  if (!status)
    log::warn("the stored configuration breaks a rule, it must be mended before anything else can be changed: {}",
              status.error().to_string());
  relations_ = std::make_shared<const model::Relations>(*loaded);
  publish(std::make_shared<const model::Model>(std::move(*loaded)));
  return {};
}

void ConfigService::publish(ModelPtr model) {
  {
    const std::lock_guard lock(model_mutex_);
    model_ = model;
  }
  if (published_) published_(std::move(model));
}

}  // namespace elb::control
