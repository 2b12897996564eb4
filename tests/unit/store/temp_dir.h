// SPDX-License-Identifier: Apache-2.0
// TempDir: a directory of the test's own, removed with everything in it. Thread rule: one thread.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace elb::test {

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "elb-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace elb::test
