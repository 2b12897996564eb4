// SPDX-License-Identifier: Apache-2.0
#include "main/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace elb {
namespace {

using CapabilitySets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

Status become(const std::string& user) {
  errno = 0;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) return invalid("user", fmt::format("there is no user '{}'", user));
  if (entry->pw_uid == 0) return invalid("user", fmt::format("'{}' is root", user));
  if (::setgroups(0, nullptr) != 0 || ::setgid(entry->pw_gid) != 0 || ::setuid(entry->pw_uid) != 0)
    return fail_errno(errno, fmt::format("becoming user '{}'", user));
  return {};
}

/// Those of an unprivileged user, which a unit may have handed on.
void clear_capabilities() {
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilitySets none{};
  (void)::syscall(SYS_capset, &header, none.data());  // looked at afterwards
}

bool has_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilitySets held{};
  if (::syscall(SYS_capget, &header, held.data()) != 0) return true;
  for (const auto& word : held)
    if ((word.effective | word.permitted) != 0) return true;
  return false;
}

}  // namespace

Status drop_privileges(const std::string& user) {
  if (::geteuid() == 0) {
    if (auto status = become(user); !status) return status;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no_new_privs");
  clear_capabilities();
  if (::geteuid() == 0 || has_capabilities())
    return fail(ErrorCode::kSystem, "the proxy still has privileges, and does not start with them");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno(errno, "no core dumps");
  return {};
}

Result<size_t> raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno(errno, "limit of descriptors");
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<size_t>(limit.rlim_cur);
}

}  // namespace elb
