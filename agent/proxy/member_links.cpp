// SPDX-License-Identifier: Apache-2.0
#include "proxy/member_links.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "proxy/loop_context.h"

namespace elb::proxy {
namespace {

// What is sent and not acknowledged for so long ends the connection: many clients wait for it.
constexpr unsigned kUserTimeoutMs = 20'000;

}  // namespace

MemberLinks::Joined MemberLinks::join(const Endpoint& endpoint, bool fresh, Wakeable& user) {
  Member& member = members_[endpoint];
  if (!fresh)
    for (const auto& link : member.links)
      if (link->has_room()) return {std::make_unique<MemberStream>(*link, user), false, 0};
  io::TcpAttempt attempt = loop_.connect(endpoint);
  if (attempt.error != 0 && attempt.error != EINPROGRESS) return {nullptr, false, attempt.error};
  setsockopt(attempt.fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
  auto made = std::make_unique<MemberLink>(loop_, *this, std::move(attempt.fd), endpoint, attempt.error == EINPROGRESS);
  if (made->failed() || !loop_.poller.add(made->fd(), *made)) return {nullptr, false, ENOMEM};
  MemberLink& link = *made;
  member.links.push_back(std::move(made));
  return {std::make_unique<MemberStream>(link, user), true, 0};
}

void MemberLinks::queue(MemberLink& link) {
  if (!std::exchange(link.queued, true)) queue_.push_back(&link);
}

// What comes into the queue meanwhile is for the next turn: others are served before.
void MemberLinks::flush() {
  for (MemberLink* link : std::exchange(queue_, {})) {
    link->queued = false;
    link->flush();
  }
}

void MemberLinks::bury(MemberLink& link) {
  std::erase(queue_, &link);
  const auto member = members_.find(link.endpoint());
  if (member == members_.end()) return;
  auto& links = member->second.links;
  const auto found = std::find_if(links.begin(), links.end(), [&](const auto& each) { return each.get() == &link; });
  if (found == links.end()) return;
  loop_.wheel.disarm(link);
  loop_.graveyard.bury(std::move(*found));
  links.erase(found);
}

void MemberLinks::keep_only(const std::function<bool(const Endpoint&)>& wanted) {
  for (auto member = members_.begin(); member != members_.end();) {
    if (!wanted(member->first)) {
      for (const auto& link : member->second.links) link->retire();
      if (member->second.links.empty()) {
        member = members_.erase(member);
        continue;
      }
    }
    ++member;
  }
}

size_t MemberLinks::size() const {
  size_t total = 0;
  for (const auto& [endpoint, member] : members_) total += member.links.size();
  return total;
}

size_t MemberLinks::streams_max(const Endpoint& endpoint) const {
  const auto member = members_.find(endpoint);
  return member == members_.end() ? SIZE_MAX : member->second.streams_max;
}

void MemberLinks::note_streams_max(const Endpoint& endpoint, size_t most) {
  if (const auto member = members_.find(endpoint); member != members_.end())
    member->second.streams_max = std::max<size_t>(most, 1);
}

}  // namespace elb::proxy
