// SPDX-License-Identifier: Apache-2.0
#include "dataplane/tick.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/fd.h"

namespace elb::dataplane {

namespace {

constexpr uint32_t kKnownHz[] = {100, 250, 300, 1000};
constexpr std::chrono::milliseconds kMeasureFor{120};

Result<uint32_t> run(int program) {
  uint8_t frame[64] = {};
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof frame, .repeat = 1);
  if (bpf_prog_test_run_opts(program, &opts) != 0) return fail_errno(errno, "run of the clock program");
  return opts.retval;
}

}  // namespace

uint32_t TickRate::ticks(uint32_t seconds) const {
  return static_cast<uint32_t>(((static_cast<uint64_t>(seconds) * hz) >> shift) + 1);
}

double TickRate::seconds(uint32_t ticks) const {
  return static_cast<double>(static_cast<uint64_t>(ticks) << shift) / hz;
}

Result<uint32_t> measure_hz() {
  const bpf_insn code[] = {
      {.code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = BPF_FUNC_jiffies64},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  const Fd program(bpf_prog_load(BPF_PROG_TYPE_XDP, "elb_hz", "Dual BSD/GPL", code, std::size(code), nullptr));
  if (!program) {
    if (errno == EPERM)
      return fail(ErrorCode::kSystem,
                  "loading BPF programs is not permitted: the agent needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
    return fail_errno(errno, "load of the clock program");
  }
  const auto first = run(program.get());
  if (!first) return first;
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(kMeasureFor);
  const auto last = run(program.get());
  if (!last) return last;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double rate = (*last - *first) / took.count();
  uint32_t best = kKnownHz[0];
  for (const uint32_t hz : kKnownHz)
    if (std::abs(std::log(rate / hz)) < std::abs(std::log(rate / best))) best = hz;
  return best;
}

uint32_t tick_shift_for(uint32_t hz) { return static_cast<uint32_t>(std::lround(std::log2(hz / 2.0))); }

}  // namespace elb::dataplane
