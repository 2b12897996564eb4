// SPDX-License-Identifier: Apache-2.0
#include "dataplane/syn_cookies.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>

#include <fstream>

namespace elb::dataplane {

namespace {

constexpr const char* kSwitch = "/proc/sys/net/ipv4/tcp_syncookies";

bool has_helpers() {
  return libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_tcp_raw_gen_syncookie_ipv4, nullptr) == 1 &&
         libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_tcp_raw_check_syncookie_ipv6, nullptr) == 1;
}

}  // namespace

std::string syn_cookie_obstacle() {
  if (!has_helpers()) return "the kernel was built without SYN cookies (CONFIG_SYN_COOKIES)";
  int value = 1;
  std::ifstream file(kSwitch);
  // What can not be read was not switched off by anybody that we know of; the helpers work either way.
  if (file >> value && value == 0) return "net.ipv4.tcp_syncookies is 0";
  return "";
}

bool uses_syn_cookies(const DataplaneOptions& options) { return options.syn_cookies && syn_cookie_obstacle().empty(); }

model::Finding judge_syn_cookies(const DataplaneOptions& options, const std::string& obstacle) {
  const auto finding = [](model::Severity severity, std::string text, std::string remedy = "") {
    return model::Finding{severity, "syn_cookies", "data path", std::move(text), std::move(remedy)};
  };
  const uint32_t rate = options.max_new_connections_per_s;
  if (rate == 0)
    return finding(model::Severity::kOk,
                   "max-new-connections-per-s is not set: no SYN is held back, nor answered by cookie");
  if (!options.syn_cookies)
    return finding(model::Severity::kOk,
                   fmt::format("syn-cookies is false: SYNs above {} a second on each CPU are dropped", rate));
  if (!obstacle.empty())
    return finding(model::Severity::kWarning,
                   fmt::format("SYNs above {} a second on each CPU are dropped instead of answered by cookies: {}",
                               rate, obstacle),
                   "sysctl -w net.ipv4.tcp_syncookies=1 && systemctl restart elb-agent");
  return finding(model::Severity::kOk, fmt::format("SYNs above {} a second on each CPU are answered by cookies", rate));
}

}  // namespace elb::dataplane
