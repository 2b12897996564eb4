// SPDX-License-Identifier: Apache-2.0
// Checks of members that speak HTTP/2 without TLS, those of GRPC pools: a request as HTTP/1 checks make it, or the call
// that gRPC servers answer about themselves (grpc.health.v1.Health/Check, gRPC's doc/health-checking.md), for the
// server as a whole. Bytes in, verdict out. Thread rule: one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "h2/client_session.h"
#include "health/answer.h"
#include "model/snapshot.h"

namespace elb::health {

/// Of a monitor of type HTTP or GRPC.
HttpCheck make_http2_check(const model::SnapshotMonitor& monitor, const Endpoint& target);

class Http2Answer final : public Answer, private h2::ClientSessionUser {
 public:
  /// Null if there is no memory.
  static std::unique_ptr<Http2Answer> create(const HttpCheck& check);

  std::string say(const HttpCheck& check) override;
  State feed(std::string_view bytes, const HttpCheck& check) override;

 private:
  Http2Answer() = default;
  void changed(h2::ClientStream&) override {}  // it is looked at after each read
  void produce();
  State judge_so_far(const HttpCheck& check);
  void take_heads();
  State judge_call();
  State judge_message();

  h2::ClientStream stream_;
  std::unique_ptr<h2::ClientSession> session_;  // goes first: it lets go of the stream
  std::string words_;                           // not said yet
  uint16_t status_ = 0;                         // 0: the final head has not come
  std::string content_type_;
  std::string grpc_status_;  // of the head, where no trailers follow
  std::string message_;
};

}  // namespace elb::health
