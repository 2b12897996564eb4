// SPDX-License-Identifier: Apache-2.0
// Args: what was typed, by the key of the option or the name of the positional. Values are still text.
// Thread rule: plain value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace elb::cli {

class Args {
 public:
  void add(const std::string& key, std::string value) { values_[key].push_back(std::move(value)); }
  void add_flag(const std::string& key) { values_[key]; }

  bool has(std::string_view key) const { return values_.contains(std::string(key)); }
  std::optional<std::string> get(std::string_view key) const {
    const auto found = values_.find(std::string(key));
    if (found == values_.end() || found->second.empty()) return std::nullopt;
    return found->second.back();
  }
  std::string text(std::string_view key) const { return get(key).value_or(""); }
  std::vector<std::string> all(std::string_view key) const {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? std::vector<std::string>{} : found->second;
  }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

}  // namespace elb::cli
