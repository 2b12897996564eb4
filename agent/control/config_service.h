// SPDX-License-Identifier: Apache-2.0
// ConfigService: the only writer. transact() runs one closure over a Draft, validates the whole result, commits it to
// the store in one transaction and publishes the new model: all of it or nothing. Thread rule: any thread; writes are
// serialised, readers take the published model without waiting for a write.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "control/draft.h"
#include "model/resources.h"
#include "store/store.h"

namespace elb::control {

using ModelPtr = std::shared_ptr<const model::Model>;

class ConfigService {
 public:
  using Listener = std::function<void(ModelPtr)>;

  /// Loads the store. `node` comes from the agent's configuration. `published` is called with the initial model and
  /// after every commit, in order, from the writing thread; it must not block.
  static Result<std::unique_ptr<ConfigService>> open(store::Store& store, const Clock& clock, Random& random,
                                                     model::Node node, Listener published, Rules rules = {});

  /// The newest committed model. Never null.
  ModelPtr model() const;
  const model::Node& node() const { return node_; }

  /// Runs `edit`; on its error, on a validation error or a store error nothing has changed. An edit without changes
  /// commits nothing. Returns the revision that holds the result. kUnavailable when another process has changed the
  /// store: its state is read again, the caller may repeat.
  /// `origin` is who asks for it; its time is filled in.
  Result<uint64_t> transact(const std::function<Status(Draft&)>& edit, store::Origin origin = {});

  /// Commits that the store could not write since the start.
  uint64_t store_errors() const { return store_errors_; }

 private:
  ConfigService(store::Store& store, const Clock& clock, Random& random, model::Node node, Listener published,
                Rules rules);
  Status reload();  // both under write_mutex_
  void publish(ModelPtr model);

  store::Store& store_;
  const Clock& clock_;
  Random& random_;
  const model::Node node_;
  const Listener published_;
  const Rules rules_;
  std::atomic<uint64_t> store_errors_{0};
  std::mutex write_mutex_;
  mutable std::mutex model_mutex_;
  ModelPtr model_;
  // Under write_mutex_:
  std::shared_ptr<const model::Relations> relations_;  // of the model
  bool sound_ = false;                                 // the model has passed validate()
};

}  // namespace elb::control
