// SPDX-License-Identifier: Apache-2.0
// EventStream: server-sent events (WHATWG HTML, 9.2) out of the bytes they come in. Thread rule: one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace elb::cli {

struct StreamEvent {
  std::string id;    // the last one that was given
  std::string name;  // "created"
  std::string data;  // JSON
};

class EventStream {
 public:
  using Take = std::function<bool(const StreamEvent&)>;
  explicit EventStream(Take take) : take_(std::move(take)) {}

  /// False once `take` did.
  bool feed(std::string_view bytes);

 private:
  bool line(std::string_view text);

  const Take take_;
  std::string rest_;  // of a line that has not come to its end
  StreamEvent event_;
};

}  // namespace elb::cli
