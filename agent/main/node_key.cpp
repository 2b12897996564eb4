// SPDX-License-Identifier: Apache-2.0
#include "main/node_key.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace elb {
namespace {

Result<proxy::StickyKey> read_key(const Fd& file, const std::string& path) {
  proxy::StickyKey key{};
  std::array<uint8_t, sizeof key + 1> bytes{};
  const ssize_t n = ::read(file.get(), bytes.data(), bytes.size());
  if (n < 0) return fail_errno(errno, path);
  if (static_cast<size_t>(n) != key.size())
    return fail(ErrorCode::kSystem, fmt::format("{} is no key of {} bytes: remove it, and a new one is drawn (clients "
                                                "that stick to members are then balanced anew)",
                                                path, key.size()));
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

/// Under another name first: a crash leaves no half of a key.
Status write_key(const proxy::StickyKey& key, const std::string& path) {
  const std::string draft = path + ".new";
  const Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, draft);
  if (::write(file.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) || ::fsync(file.get()) != 0)
    return fail_errno(errno, draft);
  if (::rename(draft.c_str(), path.c_str()) != 0) return fail_errno(errno, path);
  return {};
}

}  // namespace

Result<proxy::StickyKey> load_node_key(const std::string& path, Random& random) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file) return read_key(file, path);
  if (errno != ENOENT) return fail_errno(errno, path);
  proxy::StickyKey key{};
  for (size_t i = 0; i < key.size(); i += sizeof(uint64_t)) {
    const uint64_t word = random.next();
    std::memcpy(&key[i], &word, sizeof word);
  }
  if (auto status = write_key(key, path); !status) return pass_on(std::move(status.error()));
  return key;
}

}  // namespace elb
