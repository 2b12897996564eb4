// SPDX-License-Identifier: Apache-2.0
// ApiServer: the REST API over ConfigService and read-only views; docs/api.md is the contract. Three ways lead in: a
// Unix socket, where the kernel says who asks; TCP on loopback; TCP with TLS on any address. Thread rule: start() and
// the destructor from one thread; requests run on the server's own threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/http_server.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/random.h"
#include "base/result.h"
#include "control/config_service.h"
#include "control/event_feed.h"
#include "identity/directory.h"
#include "model/diagnosis.h"
#include "model/http_traffic.h"
#include "model/views.h"
#include "store/answer_store.h"
#include "store/audit_store.h"
#include "store/history.h"

namespace elb::telemetry {
class Telemetry;
}
namespace elb::logs {
class LogHub;
}

namespace elb::api {

/// Of those who watch events.
struct WatchLimits {
  size_t most = 64;                             // further ones get 503
  std::chrono::milliseconds heartbeat{15'000};  // a comment after so long without an event
  std::chrono::milliseconds stall{15'000};      // who takes nothing of what is there for so long is cut
};

struct ApiOptions {
  Endpoint listen{IpAddress::from_v4_host(0x7f000001), 9876};  // plain HTTP, loopback only; port 0: any free one
  bool open_loopback = false;                                  // requests there without a token are an administrator's
  std::string socket;                                          // path of the Unix socket; empty: none
  std::optional<uint32_t> socket_group;  // may use it too, as administrators; empty: root and the agent's user only
  std::optional<Endpoint> tls_listen;    // empty: none
  std::string tls_certificate, tls_key;  // PEM, of tls_listen
  std::string version = "0.1.0";         // of the agent, for GET /v1/version
  unsigned abi = 1;                      // of the pinned maps, for GET /v1/version
  int audit_days = 7;                    // how long traces are kept
  HttpLimits limits;
  WatchLimits watch;
};

/// What the API shows of the rest of the agent; everything outlives the server.
struct Views {
  const model::ReconcilerView& reconciler;
  const model::TrafficView& traffic;
  const model::DiagnosisView* diagnosis = nullptr;       // what doctor and trace ask; without it they are refused
  const model::HttpTrafficView* http_traffic = nullptr;  // of the proxy; without it HTTP listeners show zeros
  telemetry::Telemetry* telemetry = nullptr;             // metrics and alarms; without it they are refused
  logs::LogHub* logs = nullptr;                          // access logs; without it they are refused
  identity::Directory* identities = nullptr;             // without it there are no tokens
  store::AuditStore* audit = nullptr;                    // without it no traces are kept
  store::History* history = nullptr;                     // revisions; without it they are refused
  store::AnswerStore* answers = nullptr;                 // of Idempotency-Key; without it that is refused
  control::EventFeed* events = nullptr;                  // what happened; without it that is refused
};

class ApiServer {
 public:
  /// kInvalid for a listen address that is not loopback and for a certificate that cannot be used; kSystem when an
  /// address is taken.
  static Result<std::unique_ptr<ApiServer>> start(const ApiOptions& options, control::ConfigService& service,
                                                  const Views& views, const Clock& clock, Random& random);
  ~ApiServer();  // waits for running requests

  uint16_t port() const;
  uint16_t tls_port() const;  // 0: none

 private:
  class Impl;
  explicit ApiServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace elb::api
