// SPDX-License-Identifier: Apache-2.0
// ApiTest: the API over real sockets, a real ConfigService and a SQLite store in a directory of its own; only the views
// are stubs. Helpers send JSON and return what came back. Thread rule: one test at a time.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "api/api_server.h"
#include "codec/value.h"
#include "control/config_service.h"
#include "store/store.h"
#include "unit/api/stub_views.h"

namespace elb::test {

inline const std::string kVipSubnet = "11111111-1111-4111-8111-111111111111";  // 192.0.2.0/24, gateway .1
inline const std::string kVipNetwork = "21111111-1111-4111-8111-111111111111";
inline const std::string kMemberSubnet = "12222222-2222-4222-8222-222222222222";  // 198.51.100.0/24
inline const std::string kVipSubnet6 = "13333333-3333-4333-8333-333333333333";    // 2001:db8:1::/64, gateway ::1
inline const std::string kVipNetwork6 = "23333333-3333-4333-8333-333333333333";
inline const std::string kNobody = "99999999-9999-4999-8999-999999999999";

struct Answer {
  int status = 0;  // 0: no answer at all
  codec::Value body;
  std::string text;
  std::multimap<std::string, std::string> headers;

  std::string fault() const { return body.get("faultstring").as_string(); }
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class ApiTest : public ::testing::Test {
 protected:
  /// `serves_http`: as if a proxy ran on the node.
  explicit ApiTest(bool serves_http = false);
  ~ApiTest() override;

  /// `path` below /v2.0/lbaas unless it starts with '/'.
  Answer call(const std::string& method, const std::string& path, const std::string& body = "",
              const std::map<std::string, std::string>& headers = {});
  Answer get(const std::string& path) { return call("GET", path); }
  Answer post(const std::string& path, const std::string& body) { return call("POST", path, body); }
  Answer put(const std::string& path, const std::string& body) { return call("PUT", path, body); }
  Answer del(const std::string& path) { return call("DELETE", path); }

  // Creations that must work; they return the new id.
  std::string make_lb(const std::string& name = "lb", const std::string& more = "");
  std::string make_listener(const std::string& lb, int port, const std::string& protocol = "TCP",
                            const std::string& more = "");
  std::string make_pool(const std::string& listener, const std::string& protocol = "TCP");
  std::string make_lone_pool(const std::string& lb, const std::string& protocol = "TCP");
  std::string make_member(const std::string& pool, const std::string& address, int port, const std::string& more = "");
  std::string make_monitor(const std::string& pool, const std::string& more = "");

  /// Everything configured, as text: equal before and after whatever must change nothing.
  std::string configuration();
  uint64_t revision() const { return service_->model()->revision; }

  std::string create(const std::string& path, const std::string& envelope, const std::string& fields);

  /// Starts the server (again) with options_.
  void start();

  const std::filesystem::path directory_;
  SystemClock clock_;
  SystemRandom random_;
  StubViews views_;
  control::EventFeed events_{clock_};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<control::ConfigService> service_;
  std::unique_ptr<identity::Directory> identities_;
  std::unique_ptr<store::AuditStore> audit_;
  std::unique_ptr<store::History> history_;
  std::unique_ptr<store::AnswerStore> answers_;
  api::ApiOptions options_;
  std::unique_ptr<api::ApiServer> server_;
  std::string token_;  // shown with each call; empty: none

 private:
  struct Client;
  std::unique_ptr<Client> client_;
};

/// The values of `field` in a list answer, in order.
std::vector<std::string> column(const codec::Value& list, const std::string& field);

}  // namespace elb::test
