// SPDX-License-Identifier: Apache-2.0
// What every handler works with: the request with its path's captures, the reply it builds, and a Context: the API as
// one caller sees it. A caller that is bound to a project is given a model of that project only, and drafts that are
// bound to it, so that no handler has to think of it. Private to api. Thread rule: ApiState is shared by all handler
// threads and is safe for them; a Context is one request's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api_server.h"
#include "api/change_log.h"
#include "api/gate.h"
#include "api/http_server.h"
#include "api/observed.h"
#include "api/watchers.h"
#include "base/result.h"
#include "codec/dialect.h"
#include "codec/relations.h"
#include "codec/value.h"
#include "control/config_service.h"
#include "identity/caller.h"
#include "model/views.h"

namespace elb::api {

struct Request {
  const HttpRequest& http;
  std::vector<std::string> ids;  // what {id} stood for in the path, in order
  std::string base_url;          // scheme and host for links, without a slash at the end

  /// The last value of a query parameter, empty when absent.
  std::string query(std::string_view key) const;
  bool has_query(std::string_view key) const;
  /// kInvalid for a parameter that is not listed.
  Status only_queries(std::initializer_list<std::string_view> allowed) const;
  Result<codec::Value> json() const;
  /// As the header X-Api-Dialect says; the server has refused unknown ones.
  codec::Dialect dialect() const;
};

struct Reply {
  int status = 200;
  codec::Value body;  // null: no body
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string text{};            // instead of the body, when content_type is given
  std::string content_type{};    // of the text
  std::optional<Watch> watch{};  // instead of all this: the client is told of these events
};

/// One request's view: a model with its relations, and what is observed of it.
struct View {
  std::shared_ptr<const codec::Relations> relations;
  Observed observed;
  const model::Model& model() const { return relations->model(); }
};

/// What all requests share.
class ApiState {
 public:
  ApiState(const ApiOptions& options, control::ConfigService& service, const Views& views, const Clock& clock,
           Random& random);

  std::string new_request_id() const;
  /// Of the newest model, or of what `project` has of it.
  std::shared_ptr<const codec::Relations> relations(const std::optional<std::string>& project) const;

  const ApiOptions options;
  control::ConfigService& service;
  const Views views;
  const Clock& clock;
  Random& random;
  ChangeLog changes;
  Gate gate;

 private:
  /// What was seen last: a request that comes next pays for what has changed since.
  struct Part {
    control::ModelPtr whole;
    std::shared_ptr<const codec::Relations> relations;  // of what the project has of it
  };
  mutable std::mutex mutex_;
  mutable std::map<std::optional<std::string>, Part> parts_;  // by project; without one, of everything
};

class Context {
 public:
  /// `call`: "POST /v1/apply", for the history.
  /// `claim`: of the request's Idempotency-Key, written down with what it changes.
  Context(ApiState& state, identity::Caller caller, std::string call, std::optional<store::Claim> claim = {})
      : state_(state), caller_(std::move(caller)), call_(std::move(call)), claim_(std::move(claim)) {}

  const identity::Caller& caller() const { return caller_; }
  /// The project that the caller is kept within, if any.
  std::optional<std::string> project() const {
    return caller_.bound() ? std::optional(caller_.project_id) : std::nullopt;
  }

  View view() const;

  /// ConfigService::transact within the caller's project and quotas, remembering what it touched.
  Status write(const std::function<Status(control::Draft&)>& edit);

  /// Asked within each write before its edit, when nobody else can change anything; its error is the write's.
  void require(std::function<Status()> holds) { required_ = std::move(holds); }

  const model::Node& node() const { return state_.service.node(); }
  const model::ReconcilerView& reconciler() const { return state_.views.reconciler; }
  const model::TrafficView& traffic() const { return state_.views.traffic; }
  /// nullptr: there is no data path to look at.
  const model::DiagnosisView* diagnosis() const { return state_.views.diagnosis; }
  /// nullptr: there is no proxy.
  const model::HttpTrafficView* http_traffic() const { return state_.views.http_traffic; }
  /// nullptr: nothing is measured.
  telemetry::Telemetry* telemetry() const { return state_.views.telemetry; }
  /// nullptr: there is no place for access logs.
  logs::LogHub* logs() const { return state_.views.logs; }
  /// kUnsupported where the agent keeps none.
  Result<identity::Directory*> directory() const;
  Result<store::AuditStore*> audit() const;
  Result<store::History*> history() const;
  Result<const control::EventFeed*> events() const;
  identity::Quotas quotas(const std::string& project_id) const;
  Gate& gate() { return state_.gate; }
  const ApiOptions& options() const { return state_.options; }
  const Clock& clock() const { return state_.clock; }

 private:
  ApiState& state_;
  const identity::Caller caller_;
  const std::string call_;
  const std::optional<store::Claim> claim_;
  std::function<Status()> required_;
};

using Handler = Result<Reply> (*)(Context&, const Request&);

/// Puts `parent` before the field of an error: "members[2]" and "weight" become "members[2].weight".
Error below(std::string_view parent, Error error);

}  // namespace elb::api
