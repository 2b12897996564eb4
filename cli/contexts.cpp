// SPDX-License-Identifier: Apache-2.0
#include "cli/contexts.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/fd.h"
#include "codec/value.h"

namespace elb::cli {

using codec::Value;

std::string contexts_path(const Variable& variable) {
  if (std::string path = variable("ELB_CONTEXTS"); !path.empty()) return path;
  std::string base = variable("XDG_CONFIG_HOME");
  if (base.empty()) base = variable("HOME") + "/.config";
  return base + "/elb/contexts.json";
}

Outcome<Contexts> load_contexts(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return Contexts{};
  if ((info.st_mode & 0077U) != 0)
    return usage_error(fmt::format("others may use {}", path), fmt::format("chmod 600 {}", path));
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto document = Value::parse(text);
  if (!document) return usage_error(fmt::format("{} is not a file of contexts: {}", path, document.error().message));
  Contexts contexts;
  contexts.current = document->get("current").as_string();
  const Value all = document->get("contexts");
  for (const std::string& name : all.keys()) {
    const Value one = all.get(name);
    contexts.all[name] = {one.get("endpoint").as_string(), one.get("token_file").as_string(),
                          one.get("project").as_string(), one.get("ca_file").as_string()};
  }
  return contexts;
}

Done save_contexts(const std::string& path, const Contexts& contexts) {
  Value all = Value::object();
  for (const auto& [name, one] : contexts.all) {
    Value item = Value::object();
    item.set("endpoint", one.endpoint).set("token_file", one.token_file);
    all.set(name, std::move(item.set("project", one.project).set("ca_file", one.ca_file)));
  }
  Value document = Value::object();
  const std::string text = document.set("current", contexts.current).set("contexts", std::move(all)).dump(2) + "\n";
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string making = path + ".new";
  unlink(making.c_str());
  const Fd file(open(making.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      rename(making.c_str(), path.c_str()) != 0)
    return give_up(Exit::kError, fmt::format("cannot write {}: {}", path, std::generic_category().message(errno)));
  return {};
}

}  // namespace elb::cli
