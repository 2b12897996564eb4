// SPDX-License-Identifier: Apache-2.0
// FieldBlock: the fields of one header block as HPACK yields them, copied, since they are good only while they are
// decoded. Crumbs of a cookie (RFC 9113 8.2.3) become one field again. What is beyond the limits is counted, not kept.
// Thread rule: a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elb::h2 {

class FieldBlock {
 public:
  /// `bytes` as RFC 9113 6.5.2 counts them: 32 more for each field.
  FieldBlock(size_t bytes, size_t fields) : most_bytes_(bytes), most_fields_(fields) {}

  void add(std::string_view name, std::string_view value);

  size_t size() const { return fields_.size(); }
  std::string_view name(size_t i) const { return {text_.data() + fields_[i].at, fields_[i].name}; }
  std::string_view value(size_t i) const { return {text_.data() + fields_[i].at + fields_[i].name, fields_[i].value}; }
  /// All cookies, empty if there is none.
  std::string_view cookie() const { return cookie_; }

  /// Everything that came, kept or not.
  size_t bytes() const { return bytes_; }
  bool too_large() const { return bytes_ > most_bytes_ || too_many_; }

 private:
  struct Field {
    uint32_t at;
    uint32_t name;
    uint32_t value;
  };
  size_t most_bytes_;
  size_t most_fields_;
  size_t bytes_ = 0;
  bool too_many_ = false;
  std::string text_;
  std::string cookie_;
  std::vector<Field> fields_;
};

}  // namespace elb::h2
