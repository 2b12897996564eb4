// SPDX-License-Identifier: Apache-2.0
// docs/drop-reasons.md is the one list an operator reads; it may not fall behind abi.h.
#include <gtest/gtest.h>

#include <fstream>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

/// The first cell of each table row that names a reason in code style: | `name` | ...
std::vector<std::pair<std::string, std::string>> rows() {
  std::vector<std::pair<std::string, std::string>> found;
  std::ifstream file(ELB_SOURCE_DIR "/docs/drop-reasons.md");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const size_t end = line.find('`', 3), second = line.find("| ", end), third = line.find(" |", second);
    found.emplace_back(line.substr(3, end - 3),
                       third == std::string::npos ? "" : line.substr(second + 2, third - second - 2));
  }
  return found;
}

TEST(DropReasonsDocument, HasOneRowForEachReasonInOrder) {
  const auto found = rows();
  std::vector<std::pair<std::string, std::string>> wanted;
#define ELB_ROW(NAME, name, drop, text) \
  wanted.emplace_back(name, drop ? "dropped" : std::string_view(name).ends_with("_answered") ? "answered" : "passed");
  ELB_REASONS(ELB_ROW)
#undef ELB_ROW
  wanted[ELB_REASON_TOO_BIG_TOLD].second = "answered";
  wanted[ELB_REASON_SYN_COOKIE_SENT].second = "answered";
  wanted[ELB_REASON_ICMP_TRANSLATED].second = "forwarded";
  EXPECT_EQ(found, wanted);
}

}  // namespace
}  // namespace elb::test
