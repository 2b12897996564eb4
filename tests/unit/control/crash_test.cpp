// SPDX-License-Identifier: Apache-2.0
// R1: kill -9 at random moments of a write load. A child commits transactions and acknowledges each over a pipe; the
// parent kills it, opens the store and compares it with a history of its own. What may be found is the state that was
// acknowledged last, or the one after it, and nothing in between.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "unit/control/write_load.h"
#include "unit/store/temp_dir.h"

namespace elb::control {
namespace {

int rounds() {
  const char* wanted = std::getenv("ELB_CRASH_ROUNDS");
  return wanted ? std::atoi(wanted) : 200;
}

[[noreturn]] void write_until_killed(const std::string& path, uint64_t seed, int acknowledgements) {
  test::ManualClock clock;
  RewindableRandom random;
  auto store = store::open_sqlite(path);
  if (!store) _exit(2);
  auto service = ConfigService::open(**store, clock, random, write_load_node(), {});
  if (!service) _exit(3);
  for (;;) {
    const uint64_t revision = (*service)->model()->revision;
    random.wind(seed, revision);
    const auto next = (*service)->transact([&](Draft& draft) { return write_load_step(draft, revision, random); });
    if (!next || *next != revision + 1) _exit(4);
    if (write(acknowledgements, &*next, sizeof *next) != sizeof *next) _exit(5);
  }
}

/// Runs a writer and kills it `lifetime` after its start, or (`in_load`) after its first acknowledgement, however slow
/// the machine is. Returns the last acknowledged revision, or `before` if there was none.
uint64_t run_and_kill(const std::string& path, uint64_t seed, bool in_load, std::chrono::microseconds lifetime,
                      uint64_t before) {
  int pipe_fds[2];
  EXPECT_EQ(pipe(pipe_fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_fds[0]);
    write_until_killed(path, seed, pipe_fds[1]);
  }
  close(pipe_fds[1]);
  pollfd first{pipe_fds[0], POLLIN, 0};
  if (in_load) poll(&first, 1, 10'000);
  usleep(static_cast<useconds_t>(lifetime.count()));
  kill(child, SIGKILL);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
      << "the writer ended by itself with " << WEXITSTATUS(status);
  uint64_t acknowledged = before;
  for (uint64_t revision = 0; read(pipe_fds[0], &revision, sizeof revision) == sizeof revision;) {
    EXPECT_EQ(revision, acknowledged + 1);
    acknowledged = revision;
  }
  close(pipe_fds[0]);
  return acknowledged;
}

TEST(Crash, R1_KilledAtRandomMomentsNothingAcknowledgedIsLostAndNothingIsHalf) {
  const test::TempDir dir;
  test::SeededRandom chance(20261123);
  std::unique_ptr<History> history;
  std::string path;
  uint64_t commits = 0;
  int unacknowledged = 0, before_first = 0;
  const int total = rounds();
  for (int round = 0; round < total; ++round) {
    if (round % 20 == 0) {  // a new store now and then: its creation is hit too
      if (!path.empty()) commits += history->model().revision;
      path = dir.file(fmt::format("store{}.db", round));
      history = std::make_unique<History>(1 + static_cast<uint64_t>(round));
    }
    const uint64_t base = history->model().revision;
    const bool in_load = round % 4 != 0;  // the others may hit opening, recovery and creation
    const auto lifetime = std::chrono::microseconds(chance.next() % (in_load ? 60'000 : 20'000));
    const uint64_t acknowledged = run_and_kill(path, history->seed(), in_load, lifetime, base);
    if (acknowledged == base) ++before_first;

    const auto store = store::open_sqlite(path);
    ASSERT_TRUE(store) << "round " << round << ": " << store.error().to_string();
    const Status intact = (*store)->check();
    ASSERT_TRUE(intact) << "round " << round << ": " << intact.error().to_string();
    const auto found = (*store)->load();
    ASSERT_TRUE(found) << "round " << round << ": " << found.error().to_string();
    ASSERT_GE(found->revision, acknowledged) << "round " << round << ": an acknowledged write is lost";
    ASSERT_LE(found->revision, acknowledged + 1) << "round " << round << ": more than one write was under way";
    if (found->revision > acknowledged) ++unacknowledged;
    while (history->model().revision < found->revision) ASSERT_TRUE(history->advance());
    ASSERT_TRUE(same(*found, history->model()))
        << "round " << round << ": revision " << found->revision << " is not what was written";
    ASSERT_TRUE(validate(*found));
  }
  commits += history->model().revision;
  fmt::print("{} kills, {} commits, {} kills left a complete unacknowledged commit, {} hit before the first commit\n",
             total, commits, unacknowledged, before_first);
  EXPECT_GT(commits, static_cast<uint64_t>(total) / 2) << "the load was too thin to show anything";
}

}  // namespace
}  // namespace elb::control
