// SPDX-License-Identifier: Apache-2.0
// What every handler works with: the request with its path's captures, the reply it builds, and the API object that
// holds service, views and change log. Private to api. Thread rule: Context is shared by all handler threads and is
// safe for them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api_server.h"
#include "api/change_log.h"
#include "api/http_server.h"
#include "api/observed.h"
#include "base/result.h"
#include "codec/dialect.h"
#include "codec/relations.h"
#include "codec/value.h"
#include "control/config_service.h"
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
  codec::Value body;           // null: no body
  std::string text{};          // instead of the body, when content_type is given
  std::string content_type{};  // of the text
};

/// One request's view: a model with its relations, and what is observed of it.
struct View {
  std::shared_ptr<const codec::Relations> relations;
  Observed observed;
  const model::Model& model() const { return relations->model(); }
};

class Context {
 public:
  Context(const ApiOptions& options, control::ConfigService& service, const Views& views, const Clock& clock,
          Random& random);

  View view() const;

  /// ConfigService::transact, remembering what it touched.
  Status write(const std::function<Status(control::Draft&)>& edit);

  const model::Node& node() const { return service_.node(); }
  const model::ReconcilerView& reconciler() const { return views_.reconciler; }
  const model::TrafficView& traffic() const { return views_.traffic; }
  /// nullptr: there is no data path to look at.
  const model::DiagnosisView* diagnosis() const { return views_.diagnosis; }
  /// nullptr: there is no proxy.
  const model::HttpTrafficView* http_traffic() const { return views_.http_traffic; }
  /// nullptr: nothing is measured.
  telemetry::Telemetry* telemetry() const { return views_.telemetry; }
  const ApiOptions& options() const { return options_; }
  const Clock& clock() const { return clock_; }
  std::string new_request_id() const;

 private:
  const ApiOptions options_;
  control::ConfigService& service_;
  const Views views_;
  const Clock& clock_;
  Random& random_;
  ChangeLog changes_;
  mutable std::mutex relations_mutex_;
  mutable std::shared_ptr<const codec::Relations> relations_;  // of the newest model seen
};

using Handler = Result<Reply> (*)(Context&, const Request&);

/// Puts `parent` before the field of an error: "members[2]" and "weight" become "members[2].weight".
Error below(std::string_view parent, Error error);

}  // namespace elb::api
