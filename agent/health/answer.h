// SPDX-License-Identifier: Apache-2.0
// Answer: one check's conversation with a member, bytes out and bytes in, and what to make of it. The prober has the
// socket; http_check and http2_check have the protocols. Thread rule: one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/snapshot.h"

namespace elb::health {

/// What is spoken with members that are asked for a page, or how they are.
enum class Speech : uint8_t { kHttp1, kHttp2, kGrpc };

struct HttpCheck {
  std::string request;                  // kHttp1: its bytes; else its fields: name, NUL, value, NUL
  std::vector<model::CodeRange> codes;  // of a healthy answer; not kGrpc
  Speech speech = Speech::kHttp1;
  bool operator==(const HttpCheck&) const = default;
};

class Answer {
 public:
  enum class State { kMore, kHealthy, kFailed };

  Answer() = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  virtual ~Answer() = default;

  /// What the member is to be told now: first the request, later what the protocol needs. Empty: nothing.
  virtual std::string say(const HttpCheck& check) = 0;
  /// Bytes from the member, in order.
  virtual State feed(std::string_view bytes, const HttpCheck& check) = 0;
  /// The member closed before its answer was whole.
  State end();
  /// For people: "HTTP 503, expected 200". Of kFailed.
  const std::string& failure() const { return failure_; }

 protected:
  State fail(std::string failure);
  State judge(uint16_t status, const HttpCheck& check);

 private:
  std::string failure_;
};

/// The one that speaks as `check` wants it; null if there is no memory.
std::unique_ptr<Answer> make_answer(const HttpCheck& check);

}  // namespace elb::health
