// SPDX-License-Identifier: Apache-2.0
// What the files of Tracer share: look-ups in the kernel's maps, and the steps of its answer.
// Thread rule: any thread.
#pragma once

#include <bpf/bpf.h>

#include <optional>
#include <string>

#include "dataplane/bpf_object.h"
#include "model/diagnosis.h"

namespace elb::dataplane {

/// The map's value under the key; nothing without one.
template <class Value, class Key>
std::optional<Value> look_up(const BpfObject& object, const char* map, const Key& key) {
  Value value{};
  if (bpf_map_lookup_elem(object.map_fd(map), &key, &value) != 0) return std::nullopt;
  return value;
}

void step(model::Trace& trace, std::string name, std::string seen);
/// The packet's way ends with this step.
void stop(model::Trace& trace, std::string name, elb_reason reason, std::string seen);

}  // namespace elb::dataplane
