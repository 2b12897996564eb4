// SPDX-License-Identifier: Apache-2.0
// What every resource of the API carries. Times are seconds since 1970 (UTC), ids are UUID text.
// Thread rule: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace elb::model {

using Id = std::string;

inline constexpr size_t kNameMax = 255;  // characters, GEN-14; descriptions too
inline constexpr size_t kTagsMax = 20;   // LB-18

struct Common {
  Id id;
  std::string project_id;
  std::string name;
  std::string description;
  bool admin_state_up = true;
  std::vector<std::string> tags;
  int64_t created_at = 0;
  int64_t updated_at = 0;
  bool operator==(const Common&) const = default;
};

}  // namespace elb::model
