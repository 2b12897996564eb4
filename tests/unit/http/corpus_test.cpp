// SPDX-License-Identifier: Apache-2.0
// Shows: S1, S7, S12, S15. The corpus of each fuzz target through its entry point, whole, cut short, and mutated at
// random: what libFuzzer looks for with coverage is tried here with repeatable dice.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "fuzz/targets.h"
#include "harness/seeded_random.h"

namespace elb::http {
namespace {

constexpr int kMutations = 4000;  // of each target

std::vector<std::string> corpus_of(std::string_view target) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(ELB_CORPUS) / target))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    inputs.push_back(bytes.str());
  }
  return inputs;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& corpus) : corpus_(corpus) {}

  std::string next() {
    std::string input = pick(corpus_);
    for (size_t changes = 1 + below(3); changes > 0; --changes) change(input);
    return input;
  }

 private:
  size_t below(size_t limit) { return limit == 0 ? 0 : static_cast<size_t>(random_.next() % limit); }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void change(std::string& input) {
    static const std::vector<std::string> kPieces = {"\r\n",
                                                     "\n",
                                                     "\r",
                                                     ":",
                                                     " ",
                                                     "\t",
                                                     "0",
                                                     "f",
                                                     ";",
                                                     "=",
                                                     "\"",
                                                     "%2e",
                                                     "%2F",
                                                     "%00",
                                                     "%c3",
                                                     "/",
                                                     "..",
                                                     "//",
                                                     "?",
                                                     "#",
                                                     "\\",
                                                     ",",
                                                     "\x7f",
                                                     "\xff",
                                                     std::string(1, '\0'),
                                                     "chunked",
                                                     "Content-Length: 5\r\n",
                                                     "Transfer-Encoding: chunked\r\n",
                                                     "Host: a\r\n",
                                                     "Connection: close\r\n",
                                                     "Connection: upgrade\r\n",
                                                     "Upgrade: x\r\n",
                                                     "HTTP/1.0",
                                                     "http://a",
                                                     "0\r\n\r\n",
                                                     "7fffffffffffffff"};
    const size_t at = below(input.size() + 1);
    switch (below(7)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(below(256));
        break;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 2:
        input.insert(at, pick(kPieces));
        break;
      case 3:
        input.erase(at, 1 + below(4));
        break;
      case 4:
        input.insert(at, input.substr(below(input.size() + 1), below(40)));
        break;
      case 5: {
        const std::string& other = pick(corpus_);
        input = input.substr(0, at) + other.substr(below(other.size() + 1));
        break;
      }
      default:
        input.insert(at, 1 + below(20), static_cast<char>(below(128)));
    }
  }

  const std::vector<std::string>& corpus_;
  test::SeededRandom random_{20'261'128};
};

class Corpus : public testing::TestWithParam<fuzz::Target> {};

// A violation aborts: the log says which claim and which input.
TEST_P(Corpus, S15_HoldsForEveryFile) {
  const auto inputs = corpus_of(GetParam().name);
  ASSERT_GE(inputs.size(), 10U);
  for (const std::string& input : inputs) GetParam().run(input);
}

TEST_P(Corpus, S15_HoldsForEveryFileCutShort) {
  for (const std::string& input : corpus_of(GetParam().name))
    for (size_t size = 0; size < input.size(); ++size) GetParam().run(std::string_view(input).substr(0, size));
}

TEST_P(Corpus, S15_HoldsForMutations) {
  const auto inputs = corpus_of(GetParam().name);
  Mutator mutator(inputs);
  for (int i = 0; i < kMutations; ++i) GetParam().run(mutator.next());
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, testing::ValuesIn(fuzz::kTargets),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace elb::http
