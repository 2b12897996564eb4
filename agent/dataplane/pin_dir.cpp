// SPDX-License-Identifier: Apache-2.0
#include "dataplane/pin_dir.h"

#include <bpf/bpf.h>
#include <elb/abi.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

namespace elb::dataplane {

namespace {

namespace fs = std::filesystem;

/// The file system that the path is on, or would be.
Result<bool> on_bpffs(const std::string& path) {
  fs::path existing = path;
  struct statfs info {};
  while (::statfs(existing.c_str(), &info) != 0) {
    if (errno != ENOENT || existing == existing.parent_path()) return fail_errno(errno, existing.string());
    existing = existing.parent_path();
  }
  return static_cast<uint32_t>(info.f_type) == BPF_FS_MAGIC;
}

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno(errno, fmt::format("mkdir {}", path));
  return {};
}

}  // namespace

Result<PinDir> PinDir::open(const std::string& path) {
  auto bpffs = on_bpffs(path);
  if (!bpffs) return pass_on(std::move(bpffs.error()));
  if (!*bpffs)
    return fail(
        ErrorCode::kSystem,
        fmt::format("{} is not on a BPF file system: run 'mount -t bpf bpf /sys/fs/bpf' as root in the host's mount "
                    "namespace (systemd does so at boot), or choose another pin-dir",
                    path));
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (auto status = make_directory(path); !status) return pass_on(std::move(status.error()));
  auto dir = lock(path);
  if (!dir) return dir;
  for (const char* part : {"/links", "/programs"})
    if (auto status = make_directory(path + part); !status) return pass_on(std::move(status.error()));
  return dir;
}

Result<PinDir> PinDir::open_existing(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", path));
    return fail_errno(errno, path);
  }
  auto bpffs = on_bpffs(path);
  if (!bpffs) return pass_on(std::move(bpffs.error()));
  if (!*bpffs) return fail(ErrorCode::kNotFound, fmt::format("{} is not on a BPF file system", path));
  return lock(path);
}

Result<PinDir> PinDir::look(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) {
    if (errno == ENOENT) return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", path));
    return fail_errno(errno, path);
  }
  auto bpffs = on_bpffs(path);
  if (!bpffs) return pass_on(std::move(bpffs.error()));
  if (!*bpffs) return fail(ErrorCode::kNotFound, fmt::format("{} is not on a BPF file system", path));
  return PinDir(path, Fd());
}

bool PinDir::in_use() const {
  const Fd probe(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return probe && ::flock(probe.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<PinDir> PinDir::lock(const std::string& path) {
  Fd lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return fail_errno(errno, path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return fail(ErrorCode::kConflict, fmt::format("another agent is using {}", path), "pin-dir");
    return fail_errno(errno, fmt::format("lock {}", path));
  }
  return PinDir(path, std::move(lock));
}

/// By index and not by name: bpffs refuses dots, interface names have them.
std::string PinDir::link_path(uint32_t ifindex) const { return fmt::format("{}/links/if{}", path_, ifindex); }

std::vector<uint32_t> PinDir::links() const {
  std::vector<uint32_t> result;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_ + "/links", error)) {
    const std::string name = entry.path().filename().string();
    uint32_t ifindex = 0;
    if (name.compare(0, 2, "if") != 0) continue;
    const auto [end, bad] = std::from_chars(name.data() + 2, name.data() + name.size(), ifindex);
    if (bad == std::errc{} && end == name.data() + name.size()) result.push_back(ifindex);
  }
  return result;
}

Status PinDir::pin(int fd, const std::string& path) const {
  if (auto status = unpin(path); !status) return status;
  if (bpf_obj_pin(fd, path.c_str()) != 0) return fail_errno(errno, fmt::format("pin {}", path));
  return {};
}

Result<Fd> PinDir::get(const std::string& path) const {
  Fd fd(bpf_obj_get(path.c_str()));
  if (!fd && errno != ENOENT) return fail_errno(errno, fmt::format("open {}", path));
  return fd;
}

Status PinDir::unpin(const std::string& path) const {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, fmt::format("unpin {}", path));
  return {};
}

bool PinDir::exists(const std::string& path) const { return ::access(path.c_str(), F_OK) == 0; }

Status PinDir::remove_pins() const {
  for (const uint32_t ifindex : links())
    if (auto status = unpin(link_path(ifindex)); !status) return status;
  if (auto status = unpin(program_path()); !status) return status;
  std::error_code error;
  std::vector<std::string> maps;
  for (const auto& entry : fs::directory_iterator(path_, error))
    if (entry.path().filename().string().compare(0, 4, "elb_") == 0) maps.push_back(entry.path().string());
  for (const std::string& map : maps)
    if (auto status = unpin(map); !status) return status;
  return {};
}

Status PinDir::remove() {
  if (auto status = remove_pins(); !status) return status;
  for (const std::string& directory : {path_ + "/links", path_ + "/programs", path_})
    if (::rmdir(directory.c_str()) != 0 && errno != ENOENT)
      return fail_errno(errno, fmt::format("rmdir {}", directory));
  lock_.reset();
  return {};
}

}  // namespace elb::dataplane
