// SPDX-License-Identifier: Apache-2.0
// The file is made beside its place with its final owner and mode, and then moved there: nobody can connect before it
// is as it should be, and there is no moment without it when an agent is replaced.
#include "api/unix_socket.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace elb::api {
namespace {

constexpr mode_t kMode = 0660;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return invalid("socket", fmt::format("'{}' is longer than {} bytes", path, sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

/// Whether the place is free to be taken over.
Status check_place(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) return invalid("socket", fmt::format("'{}' is there and is no socket", path));
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fail(ErrorCode::kConflict, fmt::format("another agent answers at {}", path), "socket");
  return {};
}

}  // namespace

Result<Fd> bind_unix_socket(const std::string& path, std::optional<uint32_t> group) {
  const auto final_address = address_of(path);
  if (!final_address) return pass_on(final_address.error());
  const std::string making = path + ".new";
  const auto address = address_of(making);
  if (!address) return pass_on(address.error());
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  if (!directory.empty() && ::mkdir(directory.c_str(), 0755) == 0) ::chmod(directory.c_str(), 0755);  // umask aside
  if (Status status = check_place(path, *final_address); !status) return pass_on(status.error());

  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "making a Unix socket");
  ::unlink(making.c_str());
  const auto* where = reinterpret_cast<const sockaddr*>(&*address);
  if (::bind(socket.get(), where, sizeof *address) != 0)
    return fail_errno(errno, fmt::format("binding the socket {} (--socket)", path));
  int error = 0;  // until listen() nobody can connect, whatever the mode is
  if (group && ::chown(making.c_str(), static_cast<uid_t>(-1), *group) != 0) error = errno;
  if (error == 0 && ::chmod(making.c_str(), kMode) != 0) error = errno;
  if (error == 0 && ::listen(socket.get(), SOMAXCONN) != 0) error = errno;
  if (error == 0 && ::rename(making.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return socket;
  ::unlink(making.c_str());
  return fail_errno(error, fmt::format("making the socket {} (--socket)", path));
}

}  // namespace elb::api
