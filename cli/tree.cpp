// SPDX-License-Identifier: Apache-2.0
#include "cli/tree.h"

#include <fmt/core.h>

namespace elb::cli {
namespace {

void append_children(const Tree& tree, const std::string& indent, std::string& out) {
  for (size_t i = 0; i < tree.children.size(); ++i) {
    const bool last = i + 1 == tree.children.size();
    out += indent + (last ? "└─ " : "├─ ") + tree.children[i].line + "\n";
    append_children(tree.children[i], indent + (last ? "   " : "│  "), out);
  }
}

std::string painted(std::string_view text, const char* code) { return fmt::format("\x1b[{}m{}\x1b[0m", code, text); }

}  // namespace

std::string Tree::to_text() const {
  std::string out = line + "\n";
  append_children(*this, "", out);
  return out;
}

std::string coloured_status(std::string_view status, bool colour) {
  if (!colour) return std::string(status);
  if (status == "ONLINE" || status == "ACTIVE") return painted(status, "32");
  if (status == "ERROR") return painted(status, "1;31");
  if (status == "DEGRADED" || status == "DRAINING" || status.starts_with("PENDING")) return painted(status, "33");
  return painted(status, "2");
}

std::string dimmed(std::string_view text, bool colour) { return colour ? painted(text, "2") : std::string(text); }

}  // namespace elb::cli
