// SPDX-License-Identifier: Apache-2.0
// ApiServer: the REST API over ConfigService and read-only views; docs/api.md is the contract. Listens on loopback
// only, because requests are not authenticated yet. Thread rule: start() and the destructor from one thread; requests
// run on the server's own threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/http_server.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/random.h"
#include "base/result.h"
#include "control/config_service.h"
#include "model/diagnosis.h"
#include "model/http_traffic.h"
#include "model/views.h"

namespace elb::telemetry {
class Telemetry;
}

namespace elb::api {

struct ApiOptions {
  Endpoint listen{IpAddress::from_v4_host(0x7f000001), 9876};  // port 0: any free one
  std::string version = "0.1.0";                               // of the agent, for GET /v1/version
  unsigned abi = 1;                                            // of the pinned maps, for GET /v1/version
  HttpLimits limits;
};

/// What the API shows of the rest of the agent; everything outlives the server.
struct Views {
  const model::ReconcilerView& reconciler;
  const model::TrafficView& traffic;
  const model::DiagnosisView* diagnosis = nullptr;       // what doctor and trace ask; without it they are refused
  const model::HttpTrafficView* http_traffic = nullptr;  // of the proxy; without it HTTP listeners show zeros
  telemetry::Telemetry* telemetry = nullptr;             // metrics and alarms; without it they are refused
};

class ApiServer {
 public:
  /// kInvalid for an address that is not loopback; kSystem when it is taken.
  static Result<std::unique_ptr<ApiServer>> start(const ApiOptions& options, control::ConfigService& service,
                                                  const Views& views, const Clock& clock, Random& random);
  ~ApiServer();  // waits for running requests

  uint16_t port() const;

 private:
  class Impl;
  explicit ApiServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace elb::api
