// SPDX-License-Identifier: Apache-2.0
#include "toa/command.h"

#include <elb/toa_member.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "toa/host.h"
#include "toa/prefix.h"
#include "toa/twin.h"

namespace elb::toa {

namespace {

constexpr int kFailed = 1, kUsage = 2, kNotLoaded = 3;

constexpr const char* kFooter = R"(
The programs stay in the kernel when elb-toa ends: links and maps are pinned in the pin directory.
Exit status: 0 done, 1 failed, 2 wrong usage, 3 not loaded, or not completely.

Examples:
  elb-toa load                                      # believe 100.125.0.0/16, for all processes of the host
  elb-toa load --trusted 100.125.7.0/24,fd00:125::/64
  elb-toa load --cgroup /sys/fs/cgroup/system.slice/nginx.service
  elb-toa status && elb-toa stats
  elb-toa unload)";

struct Words {
  std::string pin_dir = kPinDir;
  std::string cgroup;
  std::vector<std::string> trusted{ELB_TOA_TRUSTED_DEFAULT};
};

int report(const Error& error) {
  fmt::print(stderr, "elb-toa: {}\n", error.to_string());
  return error.code == ErrorCode::kNotFound ? kNotLoaded : error.code == ErrorCode::kInvalid ? kUsage : kFailed;
}

int do_load(const Words& words) {
  LoadOptions options{.pin_dir = words.pin_dir, .cgroup = words.cgroup, .trusted = {}};
  auto trusted = parse_trusted(words.trusted);
  if (!trusted) return report(trusted.error());
  options.trusted = std::move(*trusted);
  if (options.cgroup.empty()) {
    auto root = find_cgroup2();
    if (!root) return report(root.error());
    options.cgroup = *root;
  }
  const auto before = load(options);
  if (!before) return report(before.error());
  fmt::print("{} for {}\n", *before ? "updated" : "loaded", options.cgroup);
  return 0;
}

int do_unload(const Words& words) {
  if (auto status = unload(words.pin_dir); !status) return report(status.error());
  fmt::print("unloaded\n");
  return 0;
}

int do_status(const Words& words) {
  const auto state = status(words.pin_dir);
  if (!state) return report(state.error());
  fmt::print("{:10}{}\n", "loaded", state->complete() ? "yes" : "not completely: run 'elb-toa load' again");
  for (const Attachment& one : state->attachments) {
    std::string where = "missing";
    if (one.pinned) {
      const std::string path = one.cgroup_id == 0 ? "" : cgroup_path(one.cgroup_id);
      where = one.cgroup_id == 0 ? "its cgroup was removed"
              : path.empty()     ? fmt::format("cgroup {}", one.cgroup_id)
                                 : path;
    }
    fmt::print("{:10}{} on {}\n", "program", one.name, where);
  }
  for (const Cidr& cidr : state->trusted) fmt::print("{:10}{}\n", "trusted", cidr.to_string());
  fmt::print("{:10}{}\n", "pins", words.pin_dir);
  return state->complete() ? 0 : kNotLoaded;
}

int do_stats(const Words& words) {
  const auto counters = stats(words.pin_dir);
  if (!counters) return report(counters.error());
  for (const Stat& stat : *counters) fmt::print("{} {}\n", stat.name, stat.value);
  return 0;
}

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app{
      "elb-toa: tells the processes of a member who the client behind the balancer is. accept() and getpeername()\n"
      "then give the client's address and port, without a kernel module and without a change of the application.",
      "elb-toa"};
  Words words;
  bool verbose = false;
  app.footer(kFooter);
  app.set_help_flag();
  app.set_help_all_flag("-h,--help", "print this text and exit");
  app.set_version_flag("--version", "elb-toa " ELB_RELEASE);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--pin-dir", words.pin_dir, "directory on a BPF file system that keeps programs and maps")
      ->envname("ELB_TOA_PIN_DIR")
      ->capture_default_str();
  app.add_flag("--verbose", verbose, "show messages of libbpf and of the kernel's verifier");
  CLI::App* load = app.add_subcommand("load", "attach the programs; again: change what is loaded, in place");
  load->add_option(
          "--trusted", words.trusted,
          "the balancer's local addresses (CIDR, IPv4 or IPv6; comma list or repeated): whose option is believed")
      ->envname("ELB_TOA_TRUSTED")
      ->delimiter(',')
      ->capture_default_str();
  load->add_option("--cgroup", words.cgroup,
                   "only for sockets made in this cgroup and below it (default: all, the root of "
                   "the cgroup2 mount)")
      ->envname("ELB_TOA_CGROUP");
  CLI::App* unload = app.add_subcommand("unload", "detach: connections show the balancer's address again");
  CLI::App* status = app.add_subcommand("status", "what is attached where, and whom it believes");
  app.add_subcommand("stats", "counters since it was loaded, by the names of the kernel module's /proc/net/toa_stats");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  set_verbose(verbose);
  if (*load) return do_load(words);
  if (*unload) return do_unload(words);
  return *status ? do_status(words) : do_stats(words);
}

}  // namespace elb::toa
