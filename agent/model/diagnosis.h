// SPDX-License-Identifier: Apache-2.0
// What doctor and trace answer: findings about the node and its data path, and the way that one packet would take.
// The data path offers DiagnosisView, the API and elbctl show it. Thread rule: plain values; the view's calls are safe
// from any thread and change nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "model/resources.h"

namespace elb::model {

enum class Severity : uint8_t { kOk, kWarning, kError };

constexpr std::string_view to_string(Severity severity) {
  return severity == Severity::kOk ? "ok" : severity == Severity::kWarning ? "warning" : "error";
}

struct Finding {
  Severity severity = Severity::kOk;
  std::string check;    // stable name: "link.lro"
  std::string subject;  // what was looked at: "eth0", "member 10.1.0.1:80"
  std::string seen;     // one sentence
  std::string remedy;   // a command to type where there is one; empty for what is well
};
using Findings = std::vector<Finding>;

/// The first packet of a connection, or a datagram.
struct TraceQuery {
  Protocol protocol = Protocol::kTcp;
  Endpoint client, vip;
};

struct TraceStep {
  std::string step;  // "address", "listener", "flow", "whitelist", "sticky", "algorithm", "member", "local", "next_hop"
  bool stop = false;  // the packet's way ends here
  std::string seen;   // what the kernel's tables say, and why that decides
};

struct Trace {
  std::vector<TraceStep> steps;  // in the order in which the packet meets them
  std::string verdict;           // "forward", "pass" (to the node's own stack) or "drop"
  std::string reason;            // of a pass or drop, as in /v1/drops
  bool existing = false;         // a connection in the table decides, nothing is chosen anew
  Id listener_id, member_id;
  std::optional<Endpoint> member, local;  // `local` only of an existing connection: a new one is given a free port
  std::vector<Endpoint> candidates;       // members that could be chosen, where more than one may be
};

class DiagnosisView {
 public:
  virtual ~DiagnosisView() = default;
  virtual Findings findings() const = 0;
  virtual Result<Trace> trace(const TraceQuery& query) const = 0;
};

}  // namespace elb::model
