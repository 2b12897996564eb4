// SPDX-License-Identifier: Apache-2.0
// R1: kill -9 at random moments of a write load. A child commits transactions and acknowledges each over a pipe; the
// parent kills it, opens the store and compares it with a history of its own. The transaction that leads from one
// revision to the next follows from the seed and that revision alone, so the parent knows every field of every state
// that may be found: the one acknowledged last, or the one after it, and nothing in between.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>

#include "control/config_service.h"
#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "unit/model/samples.h"
#include "unit/store/temp_dir.h"

namespace elb::control {
namespace {

using model::Id;
using model::Model;

constexpr size_t kMostLoadBalancers = 12;

int rounds() {
  const char* wanted = std::getenv("ELB_CRASH_ROUNDS");
  return wanted ? std::atoi(wanted) : 200;
}

const std::vector<model::Subnet>& subnets() {
  static const std::vector<model::Subnet> list = {{"s", "n", "", *Cidr::parse("10.0.0.0/16"), std::nullopt}};
  return list;
}

/// A load balancer with all that hangs on it: about a dozen rows in one transaction.
Status add_tree(Draft& draft, Random& random) {
  model::LoadBalancer lb;
  lb.vip_subnet_id = "s";
  lb.tags = {"a", "b"};
  const auto lb_id = draft.create(lb, false);
  if (!lb_id) return pass_on(lb_id.error());
  const auto listener = draft.create(test::sample_listener("", *lb_id));
  if (!listener) return pass_on(listener.error());
  const auto pool = draft.create(model::Pool{}, *listener);
  if (!pool) return pass_on(pool.error());
  for (uint32_t i = 0; i < 2 + random.next() % 6; ++i) {
    model::Member member = test::sample_member("", *pool);
    member.address = IpAddress::from_v4_host(0x0B000001 + i);
    if (const auto id = draft.create(member); !id) return pass_on(id.error());
  }
  const auto monitor = draft.create(test::sample_monitor("", *pool));
  return monitor ? Status() : Status(pass_on(monitor.error()));
}

/// The same new weight on every member, the revision in every load balancer's name: half of it would show at once.
Status touch_everything(Draft& draft, uint64_t revision) {
  const Model before = draft.model();
  for (const auto& [id, old] : before.members) {
    model::Member member = *old;
    member.weight = static_cast<int>(revision % 101);
    if (auto status = draft.update(member); !status) return status;
  }
  for (const auto& [id, old] : before.load_balancers) {
    model::LoadBalancer lb = *old;
    lb.name = fmt::format("revision {}", revision);
    lb.tags = {lb.name};
    if (auto status = draft.update(lb); !status) return status;
  }
  return {};
}

/// All members of a pool by others, some at the same address: erase and insert in one transaction.
Status replace_members(Draft& draft, Random& random) {
  const Model before = draft.model();
  auto pool = before.pools.begin();
  std::advance(pool, random.next() % before.pools.size());
  for (const auto& [id, member] : before.members)
    if (member->pool_id == pool->first)
      if (auto status = draft.remove_member(id); !status) return status;
  for (uint32_t i = 0; i < 3; ++i) {
    model::Member member = test::sample_member("", pool->first);
    member.address = IpAddress::from_v4_host(0x0B000002 + i);
    if (const auto id = draft.create(member); !id) return pass_on(id.error());
  }
  return {};
}

/// Leads from `revision` to the next; always changes something.
Status step(Draft& draft, uint64_t revision, Random& random) {
  const auto& lbs = draft.model().load_balancers;
  if (lbs.empty()) return add_tree(draft, random);
  const uint64_t dice = random.next() % 10;
  if (lbs.size() >= kMostLoadBalancers || dice < 2) {
    auto victim = lbs.begin();
    std::advance(victim, random.next() % lbs.size());
    return draft.remove_load_balancer(Id(victim->first), true);
  }
  if (dice < 6) return add_tree(draft, random);
  if (dice < 8) return replace_members(draft, random);
  return touch_everything(draft, revision + 1);
}

/// Ids come from here too, so a revision's transaction is the same in child and parent.
test::SeededRandom random_of(uint64_t seed, uint64_t revision) {
  return test::SeededRandom(seed * 1'000'003 + revision);
}

/// ConfigService holds on to one Random; this one is wound to each revision before its transaction.
class RewindableRandom final : public Random {
 public:
  uint64_t next() override { return current_.next(); }
  void wind(uint64_t seed, uint64_t revision) { current_ = random_of(seed, revision); }

 private:
  test::SeededRandom current_{0};
};

[[noreturn]] void write_until_killed(const std::string& path, uint64_t seed, int acknowledgements) {
  test::ManualClock clock;
  RewindableRandom random;
  auto store = store::open_sqlite(path);
  if (!store) _exit(2);
  auto service = ConfigService::open(**store, clock, random, subnets(), {});
  if (!service) _exit(3);
  for (;;) {
    const uint64_t revision = (*service)->model()->revision;
    random.wind(seed, revision);
    const auto next = (*service)->transact([&](Draft& draft) { return step(draft, revision, random); });
    if (!next || *next != revision + 1) _exit(4);
    if (write(acknowledgements, &*next, sizeof *next) != sizeof *next) _exit(5);
  }
}

/// What the store must hold, revision by revision, computed without any store.
class History {
 public:
  explicit History(uint64_t seed) : seed_(seed) {}
  uint64_t seed() const { return seed_; }
  const Model& model() const { return model_; }

  void advance() {
    RewindableRandom random;
    random.wind(seed_, model_.revision);
    Draft draft(model_, subnets(), clock_, random);
    const Status status = step(draft, model_.revision, random);
    ASSERT_TRUE(status) << status.error().to_string();
    Model next = draft.model();
    next.revision = model_.revision + 1;
    model_ = std::move(next);
  }

 private:
  uint64_t seed_;
  test::ManualClock clock_;
  Model model_;
};

template <class T>
bool same_table(const Model& a, const Model& b) {
  return std::ranges::equal(a.table<T>(), b.table<T>(),
                            [](const auto& x, const auto& y) { return x.first == y.first && *x.second == *y.second; });
}

bool same(const Model& a, const Model& b) {
  return a.revision == b.revision && same_table<model::LoadBalancer>(a, b) && same_table<model::Listener>(a, b) &&
         same_table<model::Pool>(a, b) && same_table<model::Member>(a, b) && same_table<model::HealthMonitor>(a, b);
}

/// Runs a writer, kills it after `lifetime`; the last acknowledged revision, or `before` if there was none.
uint64_t run_and_kill(const std::string& path, uint64_t seed, std::chrono::microseconds lifetime, uint64_t before) {
  int pipe_fds[2];
  EXPECT_EQ(pipe(pipe_fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_fds[0]);
    write_until_killed(path, seed, pipe_fds[1]);
  }
  close(pipe_fds[1]);
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
    const auto lifetime = std::chrono::microseconds(chance.next() % (round % 20 == 0 ? 15'000 : 120'000));
    const uint64_t acknowledged = run_and_kill(path, history->seed(), lifetime, base);
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
    while (history->model().revision < found->revision) ASSERT_NO_FATAL_FAILURE(history->advance());
    ASSERT_TRUE(same(*found, history->model()))
        << "round " << round << ": revision " << found->revision << " is not what was written";
    ASSERT_TRUE(validate(*found));
  }
  commits += history->model().revision;
  fmt::print("{} kills, {} commits, {} kills left a complete unacknowledged commit, {} hit before the first commit\n",
             total, commits, unacknowledged, before_first);
  EXPECT_GT(commits, static_cast<uint64_t>(total)) << "the load was too thin to show anything";
}

}  // namespace
}  // namespace elb::control
