// SPDX-License-Identifier: Apache-2.0
#include "proxy/member_connection.h"

#include <sys/epoll.h>

#include "io/tcp_connect.h"
#include "proxy/member_pool.h"

namespace elb::proxy {

void MemberConnection::on_events(uint32_t events) {
  if (connecting_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    connect_error_ = io::connect_error(stream.fd());
    connecting_ = false;
  }
  stream.note(events);
  if (user_ != nullptr) {
    user_->wake();
  } else if (pool_ != nullptr && stream.readable()) {
    pool_->drop(*this);  // closed, or it speaks without being asked: neither can be used again
  }
}

http::Outcome MemberConnection::take_head(http::HeadProgress& progress, http::ResponseHead& head) {
  const http::Outcome outcome = http::parse_response_head(inbox_.view(), http::HeadLimits{}, progress, head);
  if (outcome == http::Outcome::kDone) inbox_.consume(head.size);
  return outcome;
}

void MemberConnection::on_timer() {
  if (pool_ != nullptr) pool_->expire(*this);
}

}  // namespace elb::proxy
