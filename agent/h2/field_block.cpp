// SPDX-License-Identifier: Apache-2.0
#include "h2/field_block.h"

namespace elb::h2 {
namespace {

constexpr size_t kOverhead = 32;
constexpr size_t kUsual = 12;  // fields of a request
constexpr size_t kUsualBytes = 480;

}  // namespace

void FieldBlock::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kOverhead;
  if (too_large()) return;
  if (name == "cookie") {
    if (!cookie_.empty() && !value.empty()) cookie_ += "; ";
    cookie_ += value;
    return;
  }
  if (fields_.size() == most_fields_) {
    too_many_ = true;
    return;
  }
  if (fields_.empty()) {
    fields_.reserve(kUsual);
    text_.reserve(kUsualBytes);
  }
  fields_.push_back(
      {static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())});
  text_ += name;
  text_ += value;
}

}  // namespace elb::h2
