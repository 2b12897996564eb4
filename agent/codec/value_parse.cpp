// SPDX-License-Identifier: Apache-2.0
// Hostile documents must cost no more than their bytes. The library's event (SAX) parser keeps its nesting in a bit
// vector, so depth costs no stack, and the handler below stops it at the first breach: a document of depth 10,000 is
// read up to its 33rd bracket. Members are appended without the library's linear search for an equal key (200,000 keys
// would take minutes); equal keys are found by a hash set per open object instead.
#include "codec/value_parse.h"

#include <fmt/core.h>

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "codec/value.h"

namespace elb::codec {
namespace {

using Json = nlohmann::ordered_json;

std::string shorten(const std::string& text) {
  constexpr size_t kShown = 64;
  return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
}

class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(Json& root) : root_(root) {}

  bool null() override { return add(Json()); }
  bool boolean(bool value) override { return add(Json(value)); }
  bool number_integer(number_integer_t value) override { return add(Json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add(Json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return add(Json(value)); }
  bool string(string_t& value) override { return add(Json(std::move(value))); }
  bool binary(binary_t&) override { return false; }  // not JSON
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    Level& level = levels_.back();
    if (!level.keys.insert(value).second) {
      message_ = fmt::format("duplicate key '{}'", shorten(value));
      return false;
    }
    level.key = std::move(value);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    // The library's text is "[json.exception...] parse error at line 1, column 2: cause"; the cause is what helps.
    const std::string what = error.what();
    const size_t colon = what.find(": ");
    message_ = fmt::format("not valid JSON at byte {}: {}", position,
                           shorten(colon == std::string::npos ? what : what.substr(colon + 2)));
    return false;
  }

  const std::string& message() const { return message_; }

 private:
  struct Level {
    Json* value;
    std::string key;  // of the member being read
    std::unordered_set<std::string> keys;
  };

  // Pointers to open values stay good: only the innermost one grows, and it is the last element of its parent.
  Json* place(Json&& value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Level& level = levels_.back();
    if (level.value->is_array()) {
      auto& items = level.value->get_ref<Json::array_t&>();
      return &items.emplace_back(std::move(value));
    }
    auto& members = static_cast<Json::object_t::Container&>(level.value->get_ref<Json::object_t&>());
    members.emplace_back(std::move(level.key), std::move(value));
    return &members.back().second;
  }

  bool add(Json&& value) {
    place(std::move(value));
    return true;
  }

  bool open(Json&& value) {
    if (levels_.size() >= static_cast<size_t>(kMaxDepth)) {
      message_ = fmt::format("nested deeper than {} levels", kMaxDepth);
      return false;
    }
    levels_.push_back({place(std::move(value)), {}, {}});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  Json& root_;
  std::vector<Level> levels_;
  std::string message_;
};

}  // namespace

Status parse_json(std::string_view text, size_t max_bytes, Json& root) {
  if (text.size() > max_bytes) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("document of {} bytes is larger than {} bytes", text.size(), max_bytes));
  }
  // The library takes a NUL byte for the end of the document and would not look at what follows.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return fail(ErrorCode::kInvalid, fmt::format("not valid JSON at byte {}: NUL byte", nul + 1));
  }
  Builder builder(root);
  if (!Json::sax_parse(text, &builder)) return fail(ErrorCode::kInvalid, builder.message());
  return {};
}

}  // namespace elb::codec
