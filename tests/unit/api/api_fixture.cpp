// SPDX-License-Identifier: Apache-2.0
#include "unit/api/api_fixture.h"

#include <fmt/core.h>
#include <httplib.h>
#include <stdlib.h>

namespace elb::test {
namespace {

std::filesystem::path make_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "elb-api-XXXXXX").string();
  return mkdtemp(pattern.data()) == nullptr ? "" : pattern;
}

model::Subnet subnet(const std::string& id, const std::string& network, const std::string& name,
                     const std::string& cidr, const std::string& gateway) {
  return {id, network, name, *Cidr::parse(cidr), *IpAddress::parse(gateway)};
}

}  // namespace

struct ApiTest::Client {
  explicit Client(int port) : http("127.0.0.1", port) {
    http.set_keep_alive(true);
    http.set_read_timeout(20);
    http.set_write_timeout(20);
  }
  httplib::Client http;
};

ApiTest::ApiTest(bool serves_http) : directory_(make_directory()) {
  store_ = *store::open_sqlite((directory_ / "store.db").string());
  service_ = *control::ConfigService::open(
      *store_, clock_, random_,
      model::Node{{subnet(kVipSubnet, kVipNetwork, "vips", "192.0.2.0/24", "192.0.2.1"),
                   subnet(kMemberSubnet, "22222222-2222-4222-8222-222222222222", "members", "198.51.100.0/24",
                          "198.51.100.254"),
                   subnet(kVipSubnet6, kVipNetwork6, "vips6", "2001:db8:1::/64", "2001:db8:1::1")},
                  {*Cidr::parse("203.0.113.0/29")},
                  {*Cidr::parse("100.125.0.0/24")},
                  serves_http},
      [this](control::ModelPtr model) { events_.publish(std::move(model)); });
  const std::string path = (directory_ / "store.db").string();
  identities_ = *identity::Directory::open(*store::open_identities(path), identity::default_quotas(), clock_, random_);
  audit_ = *store::open_audit((directory_ / "audit.db").string());
  history_ = *store::open_history(path);
  answers_ = *store::open_answers(path);
  options_.listen.port = 0;
  options_.open_loopback = true;
  options_.socket = (directory_ / "api.sock").string();
  start();
}

void ApiTest::start() {
  client_.reset();
  server_.reset();
  api::Views views{views_, views_};
  views.http_traffic = &views_;
  views.identities = identities_.get();
  views.audit = audit_.get();
  views.history = history_.get();
  views.answers = answers_.get();
  views.events = &events_;
  server_ = *api::ApiServer::start(options_, *service_, views, clock_, random_);
  client_ = std::make_unique<Client>(server_->port());
}

ApiTest::~ApiTest() {
  client_.reset();
  server_.reset();
  audit_.reset();
  answers_.reset();
  history_.reset();
  identities_.reset();
  service_.reset();
  store_.reset();
  std::filesystem::remove_all(directory_);
}

Answer ApiTest::call(const std::string& method, const std::string& path, const std::string& body,
                     const std::map<std::string, std::string>& headers) {
  httplib::Request request;
  request.method = method;
  request.path = path.starts_with('/') ? path : "/v2.0/lbaas/" + path;
  request.body = body;
  request.headers.emplace("Accept", "application/json");
  if (!body.empty()) request.headers.emplace("Content-Type", "application/json");
  if (!token_.empty()) request.headers.emplace("X-Auth-Token", token_);
  for (const auto& [name, value] : headers) request.headers.emplace(name, value);
  const auto result = client_->http.send(request);
  Answer answer;
  if (!result) return answer;
  answer.status = result->status;
  answer.text = result->body;
  for (const auto& [name, value] : result->headers) answer.headers.emplace(name, value);
  if (!answer.text.empty()) {
    auto parsed = codec::Value::parse(answer.text);
    EXPECT_TRUE(parsed || answer.text.size() > codec::kMaxDocumentBytes) << answer.text.substr(0, 500);
    if (parsed) answer.body = std::move(*parsed);
  }
  return answer;
}

std::string ApiTest::create(const std::string& path, const std::string& envelope, const std::string& fields) {
  const Answer answer = post(path, fmt::format("{{\"{}\":{{{}}}}}", envelope, fields));
  EXPECT_EQ(answer.status, 201) << answer.text;
  return answer.body.get(envelope).get("id").as_string();
}

std::string ApiTest::make_lb(const std::string& name, const std::string& more) {
  return create("loadbalancers", "loadbalancer",
                fmt::format(R"("name":"{}","vip_subnet_id":"{}"{})", name, kVipSubnet, more));
}

std::string ApiTest::make_listener(const std::string& lb, int port, const std::string& protocol,
                                   const std::string& more) {
  return create(
      "listeners", "listener",
      fmt::format(R"("loadbalancer_id":"{}","protocol":"{}","protocol_port":{}{})", lb, protocol, port, more));
}

std::string ApiTest::make_pool(const std::string& listener, const std::string& protocol) {
  return create("pools", "pool",
                fmt::format(R"("listener_id":"{}","protocol":"{}","lb_algorithm":"ROUND_ROBIN")", listener, protocol));
}

std::string ApiTest::make_lone_pool(const std::string& lb, const std::string& protocol) {
  return create("pools", "pool",
                fmt::format(R"("loadbalancer_id":"{}","protocol":"{}","lb_algorithm":"ROUND_ROBIN")", lb, protocol));
}

std::string ApiTest::make_member(const std::string& pool, const std::string& address, int port,
                                 const std::string& more) {
  return create("pools/" + pool + "/members", "member",
                fmt::format(R"("address":"{}","protocol_port":{}{})", address, port, more));
}

std::string ApiTest::make_monitor(const std::string& pool, const std::string& more) {
  return create("healthmonitors", "healthmonitor",
                fmt::format(R"("pool_id":"{}","type":"TCP","delay":5,"timeout":3,"max_retries":2{})", pool, more));
}

std::string ApiTest::configuration() {
  std::string text;
  for (const std::string collection :
       {"loadbalancers", "listeners", "pools", "healthmonitors", "certificates", "l7policies"}) {
    text += get(collection).text + "\n";
  }
  for (const auto& [id, pool] : service_->model()->pools) text += get("pools/" + id + "/members").text + "\n";
  return text;
}

std::vector<std::string> column(const codec::Value& list, const std::string& field) {
  std::vector<std::string> values;
  for (size_t i = 0; i < list.size(); ++i) values.push_back(list.at(i).get(field).text());
  return values;
}

}  // namespace elb::test
