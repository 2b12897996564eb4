// SPDX-License-Identifier: Apache-2.0
#include "proxy/member_pool.h"

#include <algorithm>
#include <array>

namespace elb::proxy {
namespace {

// Neither a byte nor the end has come.
bool is_silent(MemberConnection& connection) {
  std::array<char, 1> probe;
  return connection.stream.read(probe).got == Got::kNothing;
}

}  // namespace

size_t EndpointHash::operator()(const Endpoint& endpoint) const {
  const auto& bytes = endpoint.address.bytes();
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) ^
         (size_t{endpoint.port} * 0x9e3779b97f4a7c15U);
}

std::unique_ptr<MemberConnection> MemberPool::take(const Endpoint& endpoint, SteadyTime now, std::chrono::seconds most,
                                                   bool careful) {
  const auto member = members_.find(endpoint);
  if (member == members_.end()) return nullptr;
  Idle& idle = member->second;
  const auto young = [&](size_t at) { return now - idle.all[at]->idle_since_ < std::min(most, limits_.idle); };
  while (!idle.all.empty()) {
    // Those that came back in this turn nobody vouches for: one from before, if there is any.
    const size_t fresh = fresh_of(idle);
    const size_t last = idle.all.size() - 1;
    const bool settled = fresh <= last && young(last - fresh);
    const size_t at = settled ? last - fresh : last;
    if (!young(at)) return nullptr;
    std::unique_ptr<MemberConnection> connection = std::move(idle.all[at]);
    if (at != last) idle.all[at] = std::move(idle.all[last]);
    idle.all.pop_back();
    if (!settled && fresh > 0) --idle.fresh;
    --idle_;
    // The event that tells so may wait behind that of the client who asks, and its next response would be another's.
    if ((careful || !vouched_ || !settled) && !is_silent(*connection)) {
      bury(std::move(connection));
      continue;
    }
    connection->pool_ = nullptr;
    return connection;
  }
  return nullptr;
}

size_t MemberPool::fresh_of(Idle& idle) const {
  if (idle.turn != turn_) idle.fresh = 0;
  idle.turn = turn_;
  return idle.fresh;
}

void MemberPool::give(std::unique_ptr<MemberConnection> connection, SteadyTime now) {
  connection->user_ = nullptr;
  connection->inbox().save();
  // The last read was as large as it could be: look whether more is there.
  if (connection->stream.readable() && !is_silent(*connection)) return bury(std::move(connection));
  if (idle_ >= limits_.idle_members || connection->stream.gone()) return bury(std::move(connection));
  connection->reused_ = true;
  connection->idle_since_ = now;
  connection->pool_ = this;
  wheel_.arm(*connection, now + limits_.idle);
  connection->given_in_ = turn_;
  Idle& idle = members_[connection->endpoint_];
  idle.fresh = fresh_of(idle) + 1;
  idle.all.push_back(std::move(connection));
  ++idle_;
}

void MemberPool::drop(MemberConnection& connection) {
  const auto member = members_.find(connection.endpoint_);
  if (member == members_.end()) return;
  Idle& idle = member->second;
  const auto found =
      std::find_if(idle.all.rbegin(), idle.all.rend(), [&](const auto& each) { return each.get() == &connection; });
  if (found == idle.all.rend()) return;
  if (connection.given_in_ == turn_) idle.fresh = fresh_of(idle) - 1;
  bury(std::move(*found));
  idle.all.erase(std::next(found).base());
  if (idle.all.empty()) members_.erase(member);
  --idle_;
}

void MemberPool::expire(MemberConnection& connection) {
  const SteadyTime due = connection.idle_since_ + limits_.idle;
  if (now_ < due) {
    wheel_.arm(connection, due);
  } else {
    drop(connection);
  }
}

void MemberPool::keep_only(const std::function<bool(const Endpoint&)>& wanted) {
  for (auto member = members_.begin(); member != members_.end();) {
    if (wanted(member->first)) {
      ++member;
      continue;
    }
    idle_ -= member->second.all.size();
    for (auto& connection : member->second.all) bury(std::move(connection));
    member = members_.erase(member);
  }
}

void MemberPool::bury(std::unique_ptr<MemberConnection> connection) {
  wheel_.disarm(*connection);
  connection->pool_ = nullptr;
  connection->user_ = nullptr;
  graveyard_.bury(std::move(connection));
}

}  // namespace elb::proxy
