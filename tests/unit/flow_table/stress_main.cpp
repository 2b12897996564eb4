// SPDX-License-Identifier: Apache-2.0
// flow_stress_VARIANT [SECONDS [SEED]]: one build of the stress test; VARIANT is the rule it leaves out (NONE: the
// table as it ships). Exit 0: no violation in that time; 1: one was found, at once; anything else: the test itself
// failed.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>

#include "unit/flow_table/ready_script.h"
#include "unit/flow_table/stress.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--ready") {
    const auto outcome = elb::test::play_ready_script();
    std::printf("played %d, accepted %d, valid %d, wrong client %u, later client %u\n", outcome.played,
                outcome.accepted, outcome.valid, outcome.wrong_client, outcome.later_client);
    return 0;
  }
  elb::test::StressOptions options;
  if (argc > 1) options.time = std::chrono::duration<double>(std::strtod(argv[1], nullptr));
  options.seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
  alarm(static_cast<unsigned>(options.time.count()) + 60);  // a table that is broken enough could stop for good
  std::printf("flow_stress_%s: %.0f s, seed %llu\n", ELB_VARIANT, options.time.count(),
              static_cast<unsigned long long>(options.seed));
  const auto start = std::chrono::steady_clock::now();
  const auto report = elb::test::run_stress(options);
  report.print();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%s after %.2f s\n", report.violated() ? "VIOLATED" : "no violation", took);
  return report.violated() ? 1 : 0;
}
