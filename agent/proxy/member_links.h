// SPDX-License-Identifier: Apache-2.0
// MemberLinks: the HTTP/2 connections of one loop to members. A request goes to the first connection with room, so that
// few are open and the others grow idle and end. Thread rule: its loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/member_link.h"
#include "proxy/member_pool.h"

namespace elb::proxy {

class MemberLinks {
 public:
  struct Joined {
    std::unique_ptr<MemberStream> stream;
    bool made = false;  // on a connection that is new
    int error = 0;      // errno: there is none
  };

  explicit MemberLinks(LoopContext& loop) : loop_(loop) {}

  /// `fresh`: on a new connection. `user` is woken for every event.
  Joined join(const Endpoint& endpoint, bool fresh, Wakeable& user);
  /// Sends what was written since, of all links.
  void flush();
  /// flush() has something to do.
  bool busy() const { return !queue_.empty(); }
  /// Retires those to members that are no more.
  void keep_only(const std::function<bool(const Endpoint&)>& wanted);
  size_t size() const;

  // for links
  void queue(MemberLink& link);
  void bury(MemberLink& link);
  /// What the member allowed on the last connection that said so; a new one has not said yet.
  size_t streams_max(const Endpoint& endpoint) const;
  void note_streams_max(const Endpoint& endpoint, size_t most);

 private:
  struct Member {
    std::vector<std::unique_ptr<MemberLink>> links;
    size_t streams_max = SIZE_MAX;
  };
  LoopContext& loop_;
  std::unordered_map<Endpoint, Member, EndpointHash> members_;
  std::vector<MemberLink*> queue_;
};

}  // namespace elb::proxy
