// SPDX-License-Identifier: Apache-2.0
// Contexts: named ways to reach an agent (endpoint, token file, project, CA), in a file of the user, mode 0600.
// Thread rule: one thread.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "cli/failure.h"

namespace elb::cli {

struct NamedContext {
  std::string endpoint;
  std::string token_file;
  std::string project;
  std::string ca_file;
};

struct Contexts {
  std::string current;  // empty: none
  std::map<std::string, NamedContext> all;
};

using Variable = std::function<std::string(const char* name)>;

/// ELB_CONTEXTS, else contexts.json in elb below XDG_CONFIG_HOME or ~/.config.
std::string contexts_path(const Variable& variable);
/// Empty when there is no file. A usage failure when others may read it, or when it is no such file.
Outcome<Contexts> load_contexts(const std::string& path);
Done save_contexts(const std::string& path, const Contexts& contexts);

}  // namespace elb::cli
