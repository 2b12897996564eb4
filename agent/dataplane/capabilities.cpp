// SPDX-License-Identifier: Apache-2.0
#include "dataplane/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

namespace elb::dataplane {

Status check_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2]{};
  if (syscall(SYS_capget, &header, held) != 0) return fail_errno(errno, "capabilities of the agent");
  const auto has = [&](int capability) {
    return (held[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
  };

  std::string missing;
  const auto need = [&](bool held_already, const char* name) {
    if (!held_already) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  need(has(CAP_BPF) || has(CAP_SYS_ADMIN), "CAP_BPF");
  need(has(CAP_NET_ADMIN), "CAP_NET_ADMIN");
  need(has(CAP_PERFMON) || has(CAP_SYS_ADMIN), "CAP_PERFMON");
  if (missing.empty()) return {};
  return fail(ErrorCode::kSystem,
              fmt::format("the agent lacks {}: run it as root or give it to the service (AmbientCapabilities= of "
                          "elb-agent.service)",
                          missing));
}

}  // namespace elb::dataplane
