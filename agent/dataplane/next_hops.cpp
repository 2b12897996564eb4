// SPDX-License-Identifier: Apache-2.0
#include "dataplane/next_hops.h"

#include <linux/rtnetlink.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/mailbox.h"
#include "dataplane/hop_tables.h"
#include "dataplane/mac_text.h"
#include "dataplane/routes.h"

namespace elb::dataplane {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{1000};
constexpr milliseconds kSettle{50};  // after a route or link changed: look once, not at every step of the change
constexpr milliseconds kNewTargetWait{300};   // for the neighbours of new members
constexpr std::chrono::seconds kKeepLost{3};  // a neighbour entry that was flushed comes back: keep sending meanwhile
constexpr size_t kMailboxSize = 64;
constexpr size_t kTold = 20;  // addresses named in the log at once; of the rest, how many

/// A member address.
struct Target {
  uint32_t index = 0;
  std::optional<RouteInfo> route;
  std::string problem = "not looked up yet";
  std::string told = problem;      // what the log said last
  std::optional<SteadyTime> lost;  // since when the neighbour is unknown
};

/// What is found out once for all targets that are looked at together: thousands may be behind one router.
struct Round {
  std::map<std::pair<uint32_t, IpAddress>, std::optional<Mac>> neighbours;  // by interface and address
  std::set<std::pair<uint32_t, IpAddress>> managed;
  size_t told = 0;
};

class NextHopsThread final : public NextHops {
 public:
  NextHopsThread(MapPort& port, const Clock& clock, Routes routes, Netlink notifications)
      : clock_(clock), tables_(port), routes_(std::move(routes)), notifications_(std::move(notifications)) {}
  NextHopsThread(const NextHopsThread&) = delete;
  NextHopsThread& operator=(const NextHopsThread&) = delete;
  ~NextHopsThread() override {
    stopping_ = true;
    tasks_.wake();
    if (thread_.joinable()) thread_.join();
  }

  Status begin() {
    if (auto status = tables_.load(); !status) return status;
    if (auto status = read_links(); !status) return status;
    thread_ = std::thread([this] { run(); });
    return {};
  }

  Status attach(std::set<uint32_t> ifindexes) override {
    return call([&] {
      attached_ = std::move(ifindexes);
      return write_links();
    });
  }

  Status want(const std::map<IpAddress, uint32_t>& hops) override {
    bool waiting = false;
    auto status = call([&] { return set_targets(hops, waiting); });
    // The answers of new neighbours arrive as notifications.
    for (milliseconds waited{0}; status && waiting && waited < kNewTargetWait; waited += milliseconds(10)) {
      std::this_thread::sleep_for(milliseconds(10));
      status = call([&] {
        waiting = std::any_of(targets_.begin(), targets_.end(),
                              [](const auto& entry) { return entry.second.lost && !entry.second.problem.empty(); });
        return Status{};
      });
    }
    return status;
  }

  Status audit(model::Audit& audit) override {
    return call([&] { return tables_.audit(audit); });
  }

  std::map<IpAddress, std::string> problems() override {
    std::map<IpAddress, std::string> result;
    const auto status = call([&] {
      for (const auto& [address, target] : targets_)
        if (!target.problem.empty()) result[address] = target.problem;
      return Status{};
    });
    if (!status) log::debug("next hops are busy error=\"{}\"", status.error().to_string());
    return result;
  }

  uint64_t writes() const override { return writes_; }

 private:
  using Task = std::function<void()>;

  Status call(const std::function<Status()>& what) {
    std::promise<Status> promise;
    auto answer = promise.get_future();
    if (!tasks_.push([&] { promise.set_value(what()); })) return fail(ErrorCode::kUnavailable, "next hops are busy");
    return answer.get();
  }

  void run() {
    SteadyTime next_tick = clock_.steady() + kTick;
    while (!stopping_) {
      pollfd fds[] = {{tasks_.event_fd(), POLLIN, 0}, {notifications_.fd(), POLLIN, 0}};
      poll(fds, 2, static_cast<int>((unsettled_ ? kSettle : kTick).count()));
      for (const Task& task : tasks_.take_all()) task();
      const bool complete =
          notifications_.receive_pending([this](const NetlinkMessage& message) { notified(message); });
      if (!complete) {
        unsettled_ = true;
        report(read_links(), "links");
      }
      if (unsettled_ && clock_.steady() - looked_ >= kSettle) look_again([](const Target&) { return true; });
      if (clock_.steady() >= next_tick) {
        next_tick = clock_.steady() + kTick;
        look_again([](const Target& target) { return target.lost || !target.problem.empty(); });
      }
      writes_ = tables_.writes();
    }
    for (const Task& task : tasks_.take_all()) task();
  }

  void notified(const NetlinkMessage& message) {
    if (const auto neighbour = parse_neighbour(message)) {
      follow(*neighbour);
      return;
    }
    if (auto link = parse_link(message)) {
      links_[link->ifindex] = std::move(*link);
      report(write_links(), "interface");
    } else if (message.type() == RTM_DELLINK) {
      report(read_links(), "links");
    }
    unsettled_ = true;
  }

  void follow(const NeighbourInfo& neighbour) {
    Round round;
    round.neighbours[{neighbour.ifindex, neighbour.address}] = neighbour.mac;
    for (auto& [address, target] : targets_) {
      if (!target.route || target.route->ifindex != neighbour.ifindex || target.route->neighbour != neighbour.address)
        continue;
      if (neighbour.mac && target.problem.empty() && leads_to(target, *neighbour.mac)) continue;
      report(settle(address, target, false, round), "next hop");
    }
    tell_rest(round);
  }

  bool leads_to(const Target& target, const Mac& mac) const {
    const auto held = tables_.hops().find(target.index);
    return held != tables_.hops().end() && held->second.valid != 0 &&
           std::equal(mac.begin(), mac.end(), held->second.dest_mac);
  }

  Status read_links() {
    auto links = routes_.links();
    if (!links) return pass_on(std::move(links.error()));
    links_.clear();
    for (LinkInfo& link : *links) links_[link.ifindex] = std::move(link);
    return write_links();
  }

  Status write_links() {
    std::set<uint32_t> hop_indexes, ports = attached_;
    for (const auto& [address, target] : targets_) {
      hop_indexes.insert(target.index);
      if (target.route) ports.insert(target.route->ifindex);
    }
    for (const uint32_t ifindex : attached_) {
      const auto link = links_.find(ifindex);
      if (link == links_.end() || !link->second.mac) continue;
      elb_link value{};
      std::copy(link->second.mac->begin(), link->second.mac->end(), value.mac);
      value.mtu = static_cast<uint16_t>(std::min<uint32_t>(link->second.mtu, UINT16_MAX));
      if (auto status = tables_.set_link(ifindex, value); !status) return status;
    }
    // Until the first snapshot has said which are wanted, those of the agent before stay: live connections use them.
    if (!wanted_once_) ports.insert(tables_.tx_ports().begin(), tables_.tx_ports().end());
    for (auto it = ports.begin(); it != ports.end();) it = links_.count(*it) > 0 ? std::next(it) : ports.erase(it);
    if (auto status = tables_.set_tx_ports(ports); !status) return status;
    return wanted_once_ ? tables_.keep_only(hop_indexes, attached_) : Status{};
  }

  Status set_targets(const std::map<IpAddress, uint32_t>& hops, bool& waiting) {
    wanted_once_ = true;
    for (auto it = targets_.begin(); it != targets_.end();) {
      if (hops.count(it->first) > 0) {
        ++it;
        continue;
      }
      const auto route = it->second.route;
      it = targets_.erase(it);
      if (route && !is_used(*route)) report(routes_.release_neighbour(route->ifindex, route->neighbour), "neighbour");
    }
    Status result;
    Round round;
    for (const auto& [address, index] : hops) {
      const auto [it, is_new] = targets_.try_emplace(address);
      const bool moved = it->second.index != index;
      it->second.index = index;
      if (!is_new && !moved) continue;
      if (auto status = resolve(address, it->second, round); !status) result = std::move(status);
      waiting = waiting || it->second.lost.has_value();
    }
    tell_rest(round);
    if (auto status = write_links(); !status) result = std::move(status);
    return result;
  }

  bool is_used(const RouteInfo& route) const {
    return std::any_of(targets_.begin(), targets_.end(), [&](const auto& entry) {
      const auto& other = entry.second.route;
      return other && other->ifindex == route.ifindex && other->neighbour == route.neighbour;
    });
  }

  template <class Which>
  void look_again(Which which) {
    looked_ = clock_.steady();
    unsettled_ = false;
    Round round;
    for (auto& [address, target] : targets_)
      if (which(target)) report(resolve(address, target, round), "next hop");
    tell_rest(round);
    report(write_links(), "interfaces");
  }

  /// Looks route and neighbour up and writes the hop if it differs. Errors are those of the system; a member that can
  /// not be reached is a problem of the target.
  Status resolve(const IpAddress& address, Target& target, Round& round) {
    auto route = routes_.route_to(address);
    if (!route) {
      if (route.error().code != ErrorCode::kNotFound) return pass_on(std::move(route.error()));
      target.route.reset();
      return note(address, target, nullptr, std::nullopt, route.error().message, round);
    }
    const bool moved =
        !target.route || target.route->ifindex != route->ifindex || target.route->neighbour != route->neighbour;
    target.route = *route;
    return settle(address, target, moved, round);
  }

  /// The target's route is known. `manage`: the kernel may not know yet that the neighbour matters.
  Status settle(const IpAddress& address, Target& target, bool manage, Round& round) {
    const RouteInfo& route = *target.route;
    const auto link = links_.find(route.ifindex);
    if (link == links_.end() || !link->second.mac)
      return note(address, target, nullptr, std::nullopt,
                  fmt::format("the route leaves by interface {}, which has no Ethernet address", route.ifindex), round);
    const auto [known, is_new] = round.neighbours.try_emplace({route.ifindex, route.neighbour});
    if (is_new) {
      auto neighbour = routes_.neighbour(route.ifindex, route.neighbour);
      if (!neighbour) {
        round.neighbours.erase(known);
        return pass_on(std::move(neighbour.error()));
      }
      if (*neighbour) known->second = (*neighbour)->mac;
    }
    const std::optional<Mac>& mac = known->second;
    if ((manage || !mac) && round.managed.insert(known->first).second)
      report(routes_.manage_neighbour(route.ifindex, route.neighbour), "neighbour");
    std::string problem;
    if (!mac)
      problem = fmt::format("{} does not answer {} on {}", route.neighbour.to_string(),
                            route.neighbour.is_v4() ? "ARP" : "neighbour solicitations", link->second.name);
    return note(address, target, &link->second, mac, std::move(problem), round);
  }

  Status note(const IpAddress& address, Target& target, const LinkInfo* link, const std::optional<Mac>& mac,
              std::string problem, Round& round) {
    elb_hop hop{};
    if (link != nullptr && mac) {
      std::copy(mac->begin(), mac->end(), hop.dest_mac);
      std::copy(link->mac->begin(), link->mac->end(), hop.source_mac);
      hop.ifindex = link->ifindex;
      const uint32_t mtu = target.route->mtu != 0 ? std::min(target.route->mtu, link->mtu) : link->mtu;
      hop.mtu = static_cast<uint16_t>(std::min<uint32_t>(mtu, UINT16_MAX));
      hop.valid = 1;
      target.lost.reset();
    } else if (link != nullptr) {
      if (!target.lost) target.lost = clock_.steady();
      const auto held = tables_.hops().find(target.index);
      const bool keep =
          held != tables_.hops().end() && held->second.valid != 0 && held->second.ifindex == link->ifindex;
      if (keep && clock_.steady() - *target.lost < kKeepLost) hop = held->second;
    } else {
      target.lost.reset();
    }
    target.problem = std::move(problem);
    tell(address, target, link, hop, round);
    return tables_.set_hop(target.index, hop);
  }

  /// Once for each change; a neighbour gets a moment to answer before it is called missing.
  void tell(const IpAddress& address, Target& target, const LinkInfo* link, const elb_hop& hop, Round& round) {
    if (target.problem == target.told || (target.lost && clock_.steady() - *target.lost < kTick)) return;
    if (++round.told > kTold) {
      target.told = target.problem;
      return;
    }
    if (target.problem.empty() && attached_.count(link->ifindex) == 0)
      log::warn(
          "packets to a member leave by an interface that is not among the configured ones: its replies are not "
          "balanced "
          "unless they arrive by one that is address={} interface={}",
          address.to_string(), link->name);
    if (target.problem.empty())
      log::info("next hop resolved address={} via={} interface={} mac={}", address.to_string(),
                target.route->neighbour.to_string(), link->name, mac_text(hop.dest_mac));
    else
      log::warn("no next hop address={} reason=\"{}\"", address.to_string(), target.problem);
    target.told = target.problem;
  }

  static void tell_rest(const Round& round) {
    if (round.told > kTold)
      log::info("next hops of more addresses were resolved or lost, 'elbctl doctor' tells which are missing more={}",
                round.told - kTold);
  }

  /// Says an error once, not every second.
  void report(const Status& status, std::string_view what) {
    std::string text = status ? "" : status.error().to_string();
    std::string& last = reported_[std::string(what)];
    if (text == last) return;
    if (!text.empty()) log::error("{} can not be updated error=\"{}\"", what, text);
    last = std::move(text);
  }

  const Clock& clock_;
  HopTables tables_;
  Routes routes_;
  Netlink notifications_;
  std::map<uint32_t, LinkInfo> links_;
  std::set<uint32_t> attached_;
  std::map<IpAddress, Target> targets_;
  bool wanted_once_ = false;
  bool unsettled_ = false;
  SteadyTime looked_{};
  std::map<std::string, std::string> reported_;

  Mailbox<Task> tasks_{kMailboxSize};
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> writes_{0};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<NextHops>> NextHops::start(MapPort& port, const Clock& clock) {
  auto routes = Routes::open();
  if (!routes) return pass_on(std::move(routes.error()));
  auto notifications = Netlink::open(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE);
  if (!notifications) return pass_on(std::move(notifications.error()));
  auto thread = std::make_unique<NextHopsThread>(port, clock, std::move(*routes), std::move(*notifications));
  if (auto status = thread->begin(); !status) return pass_on(std::move(status.error()));
  return thread;
}

}  // namespace elb::dataplane
