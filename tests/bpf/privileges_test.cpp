// SPDX-License-Identifier: Apache-2.0
// R14: the programs load, run and attach for a user who is not root and has CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON
// only, and the verifier's work stays small. tests/bpf/verified_insns.txt holds the limit of each program.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <net/if.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

/// The calling process becomes `nobody` with these two capabilities and no way to get another.
bool become_nobody_with(std::initializer_list<uint32_t> capabilities) {
  const passwd* nobody = getpwnam("nobody");
  if (!nobody || prctl(PR_SET_KEEPCAPS, 1) != 0 || setresgid(nobody->pw_gid, nobody->pw_gid, nobody->pw_gid) != 0 ||
      setresuid(nobody->pw_uid, nobody->pw_uid, nobody->pw_uid) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (const uint32_t capability : capabilities)
    data[capability / 32].effective = data[capability / 32].permitted |= 1u << capability % 32;
  return syscall(SYS_capset, &header, data) == 0;
}

/// Runs `body` in a child; its return value, 0..255.
template <class Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

TEST(R14, LoadsRunsAndAttachesWithThreeCapabilities) {
  const int result = in_child([] {
    if (!become_nobody_with({CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON})) return 1;
    if (geteuid() == 0) return 2;
    Testbed bed;
    if (!bed.runner.ok()) return 3;
    const Bytes syn = Ethernet{} / IPv4{.dst = kVip} / TCP{.flags = kSyn};
    if (bed.runner.run(syn).verdict != XDP_TX) return 4;
    for (const char* interface : {"lo", "elb-other"}) {
      const int link = bpf_link_create(bed.runner.program_fd("xdp_balancer"),
                                       static_cast<int>(if_nametoindex(interface)), BPF_XDP, nullptr);
      if (link < 0) return 5;
      close(link);
    }
    return 0;
  });
  EXPECT_EQ(result, 0) << "1, 2: privileges not dropped, 3: not loaded, 4: not run, 5: not attached";
}

/// Shows that the test above is about these capabilities.
TEST(R14, DoesNotLoadWithout) {
  EXPECT_EQ(in_child([] {
              if (!become_nobody_with({CAP_NET_ADMIN})) return 1;
              return ProgRunner(balancer_elf(), {}).ok() ? 2 : 0;
            }),
            0);
}

TEST(R14, TheVerifierHasLittleToDo) {
  std::map<std::string, uint32_t> limits;
  std::ifstream file(ELB_SOURCE_DIR "/tests/bpf/verified_insns.txt");
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#')
      limits[line.substr(0, line.find(' '))] = std::stoul(line.substr(line.find(' ')));
  // As the agent loads it: root has the verifier follow other paths.
  const int result = in_child([&] {
    if (!become_nobody_with({CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON})) return 1;
    const ProgRunner runner(balancer_elf(), {});
    int over = 0;
    for (const ProgramFacts& facts : runner.facts()) {
      std::printf("%s: verified_insns %u (limit %u), %u bytes of machine code\n", facts.name.c_str(),
                  facts.verified_instructions, limits[facts.name], facts.jited_bytes);
      over += facts.verified_instructions > limits[facts.name] || limits[facts.name] > 400000;
    }
    std::fflush(stdout);
    return !runner.ok() ? 2 : over ? 3 : 0;
  });
  EXPECT_EQ(result, 0) << "1: privileges not dropped, 2: not loaded, 3: a program needs more than its limit";
}

}  // namespace
}  // namespace elb::test
