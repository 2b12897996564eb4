// SPDX-License-Identifier: Apache-2.0
// Tree: lines of text hung under one another with box-drawing characters; colours when the terminal takes them.
// Thread rule: one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace elb::cli {

struct Tree {
  std::string line;
  std::vector<Tree> children{};

  /// The root's line, then its children, one line each.
  std::string to_text() const;
};

/// `status` (ONLINE, ERROR ...) in the colour of its meaning when `colour`, else as it is.
std::string coloured_status(std::string_view status, bool colour);
std::string dimmed(std::string_view text, bool colour);

}  // namespace elb::cli
