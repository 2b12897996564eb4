// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow_sweeper.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace elb::dataplane {

namespace {

constexpr std::chrono::milliseconds kPause{1000};
constexpr uint32_t kSlice = 1U << 16;  // slots between two looks at `stop`
/// After both FINs or a RST only stragglers come; the local port rests separately.
constexpr uint32_t kClosedSeconds = 10;
/// A packet that is being handled counts on the entry it found; it is through long before.
constexpr uint32_t kGraceSeconds = 1;

struct Observed {
  const elb_table& table;
  const IndexView& view;
  SweepResult& result;
  LoadCounts* loads;
  const Revocations* revocations;
  FlowSampler* sampler;
};

int gone(void* context, __u16 member) {
  const auto& live = static_cast<Observed*>(context)->view.live;
  return !live.empty() && (member >= live.size() || !live[member]);
}

void alive(void* context, const elb_flow* forward, elb_flow_state state) {
  const auto& observed = *static_cast<Observed*>(context);
  if (observed.sampler != nullptr) observed.sampler->alive(observed.table, forward);
  auto& open = observed.result.open;
  const uint32_t member = ELB_FLOW_MEMBER(ELB_LOAD(forward->traffic));
  if (member >= open.size()) return;
  if (state == ELB_STATE_ESTABLISHED || state == ELB_STATE_UDP)
    ++open[member].active;
  else if (state != ELB_STATE_CLOSED)
    ++open[member].inactive;
}

void ended(void* context, const elb_flow* forward, const elb_flow* reverse, elb_flow_state state, elb_flow_end why) {
  const auto& observed = *static_cast<Observed*>(context);
  if (observed.sampler != nullptr) observed.sampler->ended(observed.table, forward, reverse, state, why);
  SweepResult& result = observed.result;
  const size_t before = result.resets.size();
  add_resets(observed.table, *forward, *reverse, state, result.resets);
  if (result.resets.size() <= kResetsPerSweep) return;
  result.resets_left_out += result.resets.size() - before;
  result.resets.resize(before);
}

/// The client of a connection of either family.
elb_ip client_of(const elb_table& table, const elb_flow* forward) {
  if ((ELB_LOAD(forward->ctl) & ELB_FLOW_V6) != 0 && table.beside != nullptr)
    return table.beside[forward - table.base].key_source;
  return elb_mapped(static_cast<uint32_t>(ELB_LOAD(forward->key_addrs) >> 32));
}

int revoked(void* context, const elb_flow* forward) {
  auto& observed = *static_cast<Observed*>(context);
  const uint32_t listener = observed.view.listener_of(ELB_FLOW_MEMBER(ELB_LOAD(forward->traffic)));
  if (!observed.revocations->revokes(listener, client_of(observed.table, forward))) return 0;
  ++observed.result.revoked;
  return 1;
}

void uncounted(void* context, const elb_flow* forward) {
  auto& observed = *static_cast<Observed*>(context);
  if (observed.loads != nullptr) observed.loads->uncount(ELB_FLOW_MEMBER(ELB_LOAD(forward->traffic)), observed.view);
}

}  // namespace

void Revocations::sweep_begins(const IndexView& view) {
  due_.clear();
  std::erase_if(known_, [&](const auto& known) { return view.whitelists.count(known.first) == 0; });
  for (const auto& [listener, list] : view.whitelists) {
    Known& known = known_[listener];
    if (known.list != list) known = {list, kSweeps};
    if (known.left > 0) due_[listener] = known.list.get();
  }
}

void Revocations::sweep_ended() {
  for (const auto& [listener, list] : due_) --known_[listener].left;
}

bool Revocations::revokes(uint32_t listener, const elb_ip& client) const {
  const auto due = due_.find(listener);
  return due != due_.end() && !due->second->has(client);
}

elb_flow_limits limits_of(const FlowTimes& times, const TickRate& rate) {
  elb_flow_limits limits{};
  limits.idle[ELB_STATE_OPENING] = rate.ticks(times.tcp_opening_s);
  limits.idle[ELB_STATE_ESTABLISHED] = rate.ticks(times.tcp_idle_s);
  limits.idle[ELB_STATE_CLOSING] = rate.ticks(times.tcp_closing_s);
  limits.idle[ELB_STATE_CLOSED] = rate.ticks(std::min(times.tcp_closing_s, kClosedSeconds));
  limits.idle[ELB_STATE_UDP] = rate.ticks(times.udp_idle_s);
  limits.rest = rate.ticks(times.port_rest_s);
  limits.grace = rate.ticks(kGraceSeconds);
  return limits;
}

SweepResult sweep_once(const elb_table& table, uint32_t now, const elb_flow_limits& limits, const IndexView& view,
                       uint32_t max_members, const std::function<bool()>& stop, LoadCounts* loads,
                       const Revocations* revocations, FlowSampler* sampler) {
  SweepResult result;
  result.at = now;
  result.open.resize(max_members);
  result.held.resize(max_members);
  Observed observed{table, view, result, loads, revocations, sampler};
  elb_flow_observer observer{};
  observer.context = &observed;
  observer.gone = gone;
  observer.alive = alive;
  observer.ended = ended;
  observer.uncounted = uncounted;
  if (revocations != nullptr && revocations->any()) observer.revoked = revoked;
  for (uint32_t slot = 0;; ++slot) {
    elb_flow_sweep_slot(&table, slot, now, &limits, &observer, &result.counts);
    const elb_flow* flow = elb_table_slot(&table, slot);
    if (elb_flow_phase(ELB_LOAD(flow->ctl)) != ELB_FREE) {
      const uint32_t member = ELB_FLOW_MEMBER(ELB_LOAD(flow->traffic));
      if (member < max_members) ++result.held[member];
    }
    if (slot == table.mask || (slot % kSlice == kSlice - 1 && stop())) return result;
  }
}

FlowSweeper::FlowSweeper(const FlowTable& table, LoadCounts& loads, const DataplaneOptions& options,
                         const TickRate& rate, std::function<Result<uint32_t>()> tick, const Published<IndexView>& view,
                         ResetSender& resets, FlowSampler* sampler)
    : table_(table),
      loads_(loads),
      max_members_(options.max_members),
      limits_(limits_of(options.times, rate)),
      tick_(std::move(tick)),
      view_(view),
      resets_(resets),
      sampler_(sampler) {
  thread_ = std::thread([this] { run(); });
}

FlowSweeper::~FlowSweeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void FlowSweeper::run() {
  const auto stopping = [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  };
  while (!stopping()) {
    const auto now = tick_();
    if (now) {
      {
        const std::lock_guard lock(mutex_);
        ++begun_;
      }
      // The view is read after the sweep has been counted as begun: an index released before is seen as gone here.
      const auto view = view_.get();
      revocations_.sweep_begins(*view);
      loads_.sweep_begins(*now);
      if (sampler_ != nullptr) sampler_->sweep_begins(*now, *view);
      SweepResult result =
          sweep_once(table_.table(), *now, limits_, *view, max_members_, stopping, &loads_, &revocations_, sampler_);
      if (sampler_ != nullptr) sampler_->sweep_ended();
      if (stopping()) return;
      revocations_.sweep_ended();
      send_resets(result);
      settle(result, *view);
      const std::lock_guard lock(mutex_);
      if (result.counts.split > 0)
        log::error("connections had only one of their two entries, they were ended connections={}",
                   result.counts.split);
      ended_flows_ += result.counts.ended;
      released_ports_ += result.counts.released;
      last_ = std::move(result);
      ended_ = begun_;
    } else {
      log::error("no sweep of the flow table error=\"{}\"", now.error().to_string());
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kPause, [this] { return stopping_ || hurry_; });
    hurry_ = false;
  }
}

void FlowSweeper::send_resets(SweepResult& result) {
  if (result.resets_left_out > 0)
    log::warn("more connections ended at once than are told by a reset left_out={}", result.resets_left_out);
  if (auto status = resets_.send(result.resets); !status)
    log::error("ends of closed connections are not told error=\"{}\"", status.error().to_string());
  result.resets = {};
}

/// What follows from a whole sweep for those who share the counters.
void FlowSweeper::settle(const SweepResult& result, const IndexView& view) {
  if (result.revoked > 0)
    log::info("connections were ended, their clients are in the listener's whitelist no more connections={}",
              result.revoked);
  std::vector<uint32_t> counted;
  for (const OpenFlows& open : result.open) counted.push_back(open.active + open.inactive);
  loads_.sweep_ended(counted, view);
  loads_.share_out(table_.slots(), result.held, view);
}

void FlowSweeper::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurry_ = true;
  }
  wake_.notify_all();
}

Usage FlowSweeper::usage() const {
  const std::lock_guard lock(mutex_);
  return Usage{begun_, ended_, last_.held};
}

OpenFlows FlowSweeper::open_flows(uint32_t member) const {
  const std::lock_guard lock(mutex_);
  return member < last_.open.size() ? last_.open[member] : OpenFlows{};
}

std::optional<uint32_t> FlowSweeper::swept_at() const {
  const std::lock_guard lock(mutex_);
  return last_.at;
}

elb_sweep_counts FlowSweeper::counts() const {
  const std::lock_guard lock(mutex_);
  elb_sweep_counts counts = last_.counts;
  counts.ended = ended_flows_;
  counts.released = released_ports_;
  return counts;
}

}  // namespace elb::dataplane
