// SPDX-License-Identifier: Apache-2.0
#include "api/errors.h"

#include <fmt/core.h>

namespace elb::api {

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kQuota:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kUnsupported:
      return 501;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kStorage:
      return 507;
    case ErrorCode::kSystem:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

namespace {

// The vendor's numbers where it has one for the case, else ELB.9 and the HTTP status.
std::string vendor_code(int status, ErrorCode code) {
  if (status == 400) return "ELB.9805";
  if (code == ErrorCode::kQuota) return "ELB.9807";
  if (status == 409) return "ELB.6200";
  return fmt::format("ELB.9{}", status);
}

std::string_view neutron_type(int status, ErrorCode code) {
  if (code == ErrorCode::kQuota) return "OverQuota";
  if (status == 401) return "Unauthorized";
  if (status == 403) return "Forbidden";
  if (status == 404) return "NotFound";
  if (status == 409) return "Conflict";
  return status < 500 ? "BadRequest" : "ServerError";
}

}  // namespace

codec::Value error_body(int status, const Error& error, const std::string& request_id) {
  const std::string text = error.to_string();
  codec::Value neutron;
  neutron.set("type", neutron_type(status, error.code)).set("message", text).set("detail", "");
  codec::Value body;
  body.set("faultcode", status < 500 ? "Client" : "Server").set("faultstring", text).set("debuginfo", codec::Value());
  body.set("error_code", vendor_code(status, error.code)).set("error_msg", text).set("request_id", request_id);
  body.set("field", error.field.empty() ? codec::Value() : codec::Value(error.field));
  body.set("NeutronError", neutron);
  return body;
}

}  // namespace elb::api
