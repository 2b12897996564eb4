// SPDX-License-Identifier: Apache-2.0
#include "unit/flow_table/stress.h"

#include <algorithm>
#include <barrier>
#include <cstdio>
#include <memory>
#include <thread>

#include "unit/flow_table/sweeper.h"

namespace elb::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr uint32_t kPacketsInRound = 4000;  // of each thread
constexpr int kRoundsInEpisode = 8;

/// A tick is 4 to 16 us: short enough that a thread which was stopped wakes in another time, and long enough that two
/// packets share one.
uint32_t tick(uint32_t shift) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count() >> shift);
}

/// Delays a thread at pause points: yields, spins and, seldom, sleeps. Some points are favourites: a mistake that needs
/// two threads stopped at two places is met much sooner when both are.
class Jitter : public PauseHook {
 public:
  Jitter(uint64_t seed, uint32_t yield_every, uint32_t favourites)
      : random_(seed), yield_every_(yield_every), favourites_(favourites) {}

  void at(std::string_view point) override {
    const uint32_t x = random_.next();
    const auto group = (point.size() * 5 + static_cast<unsigned char>(point.back())) % 8;
    if (x % yield_every_ == 0 || (favourites_ >> group & 1 && x >> 8 & 1 && x % 8 == 3)) {
      std::this_thread::yield();
    } else if (x % 16384 == 1) {
      std::this_thread::sleep_for(std::chrono::microseconds(x >> 26));
    } else if (x % 128 == 2) {
      spin(x >> 24);
    }
  }

 protected:
  ~Jitter() = default;
  Xorshift random_;

 private:
  uint32_t yield_every_;
  uint32_t favourites_;
};

class PacketJitter final : public Jitter {
  using Jitter::Jitter;
};

class AgentJitter final : public Jitter {
 public:
  AgentJitter(uint64_t seed, uint32_t yield_every, uint32_t favourites, uint32_t die_every)
      : Jitter(seed, yield_every, favourites), die_(die_every) {}

  void at(std::string_view point) override {
    if (die_ != 0 && random_.next() % die_ == 0) throw AgentDied{};
    Jitter::at(point);
  }

 private:
  uint32_t die_;
};

/// What differs between episodes.
struct Habits {
  uint32_t slots, crowd, tick_shift, yield_every, favourites, die_every, gone_every;
  elb_flow_limits limits;
};

Habits habits(Xorshift& random) {
  const uint32_t x = random.next();
  const uint32_t scale = 1 + (x >> 8) % 3;
  Habits made{};
  made.slots = x % 4 == 0 ? 128 : 256;
  made.crowd = x & 1 << 28 ? 8 : 1;
  made.tick_shift = 12 + (x >> 14) % 3;
  made.favourites = x & 256 ? x >> 16 & 255 : 0;
  made.yield_every = x & 16 ? 256 : 61;
  made.die_every = x & 32 ? 1021 : x & 64 ? 127 : 0;
  made.gone_every = x & 128 ? 257 : 0;
  made.limits.idle[ELB_STATE_OPENING] = 5 * scale;
  made.limits.idle[ELB_STATE_ESTABLISHED] = 8 * scale;
  made.limits.idle[ELB_STATE_CLOSING] = 4 * scale;
  made.limits.idle[ELB_STATE_CLOSED] = 2 * scale;
  made.limits.idle[ELB_STATE_UDP] = 6 * scale;
  made.limits.rest = 3;
  made.limits.grace = (x >> 12) % 3;
  return made;
}

void add(PacketCounts& sum, const PacketCounts& part) {
  sum.packets += part.packets;
  sum.forward += part.forward;
  sum.reverse += part.reverse;
  sum.stray += part.stray;
  sum.vanished += part.vanished;
  sum.opened += part.opened;
  sum.rolled_back += part.rolled_back;
  sum.full += part.full;
  sum.no_port += part.no_port;
}

void add(elb_sweep_counts& sum, const elb_sweep_counts& part) {
  sum.ended += part.ended;
  sum.released += part.released;
  sum.objected += part.objected;
  sum.split += part.split;
}

class Episode {
 public:
  Episode(const Habits& habits, uint64_t seed, uint32_t threads)
      : habits_(habits),
        seed_(seed),
        table_(habits.slots, seed),
        shadow_(table_),
        sweeper_(table_, shadow_, habits.limits, habits.gone_every),
        start_(threads + 1),
        end_(threads + 1) {
    for (uint32_t i = 0; i < threads; ++i) {
      packets_.push_back(std::make_unique<Packets>(table_, shadow_, seed * 64 + i, habits.crowd));
    }
  }

  void run(StressReport& report, Clock::time_point until) {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < packets_.size(); ++i) threads.emplace_back([this, i] { send(i); });
    AgentJitter jitter(seed_ * 64 + 63, habits_.yield_every, habits_.favourites, habits_.die_every);
    for (int round = 0; round < kRoundsInEpisode && !shadow_.violated && Clock::now() < until; ++round) {
      running_ = static_cast<int>(packets_.size());
      start_.arrive_and_wait();
      {
        const ScopedHook hook(jitter);
        do sweeper_.sweep(tick(habits_.tick_shift));
        while (running_ != 0);
      }
      end_.arrive_and_wait();
      audit(table_, shadow_);
      ++report.rounds;
    }
    stop_ = true;
    start_.arrive_and_wait();
    threads.clear();
    if (!shadow_.violated) {
      sweeper_.drain(tick(habits_.tick_shift) + 1);
      audit_empty(table_, shadow_);
    }
    add_to(report);
  }

 private:
  void send(size_t index) {
    PacketJitter jitter(seed_ * 64 + index, habits_.yield_every, habits_.favourites);
    const ScopedHook hook(jitter);
    for (;;) {
      start_.arrive_and_wait();
      if (stop_) return;
      for (uint32_t i = 0; i < kPacketsInRound && !shadow_.violated; ++i)
        packets_[index]->one(tick(habits_.tick_shift));
      --running_;
      end_.arrive_and_wait();
    }
  }

  void add_to(StressReport& report) {
    ++report.episodes;
    for (const auto& packets : packets_) add(report.packets, packets->counts);
    add(report.swept, sweeper_.counts);
    report.sweeps += sweeper_.sweeps;
    report.deaths += sweeper_.deaths;
    report.gone += sweeper_.gone;
    report.late += sweeper_.compared;
    for (size_t i = 0; i < report.violations.size(); ++i) report.violations[i] += shadow_.violations[i];
  }

  const Habits habits_;
  const uint64_t seed_;
  Table table_;
  Shadow shadow_;
  Sweeper sweeper_;
  std::vector<std::unique_ptr<Packets>> packets_;
  std::barrier<> start_, end_;
  std::atomic<int> running_{0};
  std::atomic<bool> stop_{false};
};

}  // namespace

uint64_t StressReport::violated() const {
  uint64_t sum = 0;
  for (const uint64_t count : violations) sum += count;
  return sum;
}

void StressReport::print() const {
  const auto n = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "packets %llu: client %llu, member %llu, stray %llu, vanished %llu, opened %llu, rolled back %llu, full %llu, "
      "no port %llu\n",
      n(packets.packets), n(packets.forward), n(packets.reverse), n(packets.stray), n(packets.vanished),
      n(packets.opened), n(packets.rolled_back), n(packets.full), n(packets.no_port));
  std::printf(
      "agent: episodes %llu, rounds %llu, sweeps %llu, deaths %llu, ended %llu (gone %llu), objected %llu, released "
      "%llu, ends compared %llu\n",
      n(episodes), n(rounds), n(sweeps), n(deaths), n(swept.ended), n(gone), n(swept.objected), n(swept.released),
      n(late));
  static constexpr std::array<std::array<const char*, 2>, static_cast<size_t>(Violation::count)> kTexts{{
#define ELB_VIOLATION_TEXT(name, text) {#name, text},
      ELB_VIOLATIONS(ELB_VIOLATION_TEXT)
#undef ELB_VIOLATION_TEXT
  }};
  for (size_t i = 0; i < violations.size(); ++i) {
    if (violations[i] != 0) std::printf("violation %s x%llu: %s\n", kTexts[i][0], n(violations[i]), kTexts[i][1]);
  }
}

StressReport run_stress(const StressOptions& options) {
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(options.time);
  Xorshift random(options.seed);
  StressReport report;
  while (report.violated() == 0 && Clock::now() < until) {
    const Habits made = habits(random);
    std::make_unique<Episode>(made, random.next(), options.threads)->run(report, until);
  }
  return report;
}

}  // namespace elb::test
