// SPDX-License-Identifier: Apache-2.0
// Who may do what (GEN-11, S11): tokens, roles, projects.
#include <fmt/core.h>
#include <sys/stat.h>

#include <fstream>

#include "codec/floating_ip.h"
#include "tls/self_signed.h"
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class IdentityTest : public ApiTest {
 protected:
  IdentityTest() {
    make_project("alpha");
    make_project("beta");
    admin_ = issue("admin", "");
    alpha_ = issue("member", "alpha");
    beta_ = issue("member", "beta");
    options_.open_loopback = false;
    start();
  }

  void make_project(const std::string& id) {
    ASSERT_EQ(post("/v1/projects", fmt::format(R"({{"project":{{"id":"{0}","name":"{0}"}}}})", id)).status, 201);
  }

  /// A token made through the API.
  std::string issue(const std::string& role, const std::string& project, const std::string& more = "") {
    const Answer answer =
        post("/v1/tokens",
             fmt::format(R"({{"token":{{"name":"t-{0}","role":"{0}","project_id":"{1}"{2}}}}})", role, project, more));
    EXPECT_EQ(answer.status, 201) << answer.text;
    return answer.body.get("token").get("secret").as_string();
  }

  std::string admin_, alpha_, beta_;
};

TEST_F(IdentityTest, GEN11_WithoutATokenNothingIsShown) {
  for (const std::string path : {"loadbalancers", "/v1/status", "/v1/eips", "/v1/version", "/v1/nothing", "quotas"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_THAT(answer.fault(), HasSubstr("token is required"));
    EXPECT_THAT(answer.header("WWW-Authenticate"), HasSubstr("Bearer"));
  }
  EXPECT_EQ(post("loadbalancers", "{}").status, 401);
  EXPECT_EQ(call("PATCH", "loadbalancers", "{}").status, 401);
  EXPECT_EQ(get("/").status, 200) << "versions are for everybody";
}

TEST_F(IdentityTest, GEN11_ATokenIsShownInEitherHeader) {
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", alpha_}}).status, 200);
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"Authorization", "Bearer " + alpha_}}).status, 200);
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"Authorization", "bearer " + alpha_}}).status, 200);
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"Authorization", "Digest " + alpha_}}).status, 401);
}

TEST_F(IdentityTest, S11_ATokenThatIsWrongAnywhereIsRefused) {
  for (const size_t at : {0U, 5U, 20U, 21U, 40U, 84U}) {
    std::string wrong = alpha_;
    wrong[at] = wrong[at] == '0' ? '1' : '0';
    EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", wrong}}).status, 401) << at;
  }
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", alpha_ + "0"}}).status, 401);
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", "notused"}}).status, 401);
}

TEST_F(IdentityTest, S11_GuessingIsSlowedDown) {
  int unauthorised = 0;
  Answer last;
  for (int i = 0; i < 12; ++i) {
    last = call("GET", "loadbalancers", "", {{"X-Auth-Token", "guess"}});
    unauthorised += last.status == 401 ? 1 : 0;
  }
  EXPECT_EQ(unauthorised, 10);
  EXPECT_EQ(last.status, 429);
  EXPECT_NE(last.header("Retry-After"), "");
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", alpha_}}).status, 429) << "nor is a right one tried";
}

TEST_F(IdentityTest, S11_AnOpenLoopbackAsksNobodyButChecksWhatIsShown) {
  options_.open_loopback = true;
  start();
  EXPECT_EQ(get("loadbalancers").status, 200);
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", "notused"}}).status, 200);
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", "elb_wrong"}}).status, 401);
}

TEST_F(IdentityTest, GEN11_AnotherProjectsObjectsAreNotThere) {
  token_ = alpha_;
  const std::string lb = make_lb("of-alpha", R"(,"vip_address":"192.0.2.50")");
  const std::string listener = make_listener(lb, 80, "TCP", R"(,"allowed_cidrs":["10.0.0.0/8"])");
  const std::string whitelist = get("/v2.0/lbaas/whitelists").body.get("whitelists").at(0).get("id").as_string();
  const std::string pool = make_pool(listener);
  const std::string member = make_member(pool, "198.51.100.11", 80);
  const std::string monitor = make_monitor(pool);
  const std::string eip = create("/v1/eips", "eip", R"("name":"e")");
  EXPECT_EQ(get("loadbalancers/" + lb).body.get("loadbalancer").get("project_id").as_string(), "alpha");
  EXPECT_EQ(get("pools/" + pool + "/members/" + member).body.get("member").get("project_id").as_string(), "alpha");

  token_ = beta_;
  const std::vector<std::pair<std::string, std::string>> theirs = {
      {"loadbalancers/" + lb, R"({"loadbalancer":{"name":"x"}})"},
      {"listeners/" + listener, R"({"listener":{"name":"x"}})"},
      {"pools/" + pool, R"({"pool":{"name":"x"}})"},
      {"pools/" + pool + "/members/" + member, R"({"member":{"weight":1}})"},
      {"healthmonitors/" + monitor, R"({"healthmonitor":{"name":"x"}})"},
      {"whitelists/" + whitelist, R"({"whitelist":{"enable_whitelist":false}})"},
      {"/v1/eips/" + eip, R"({"eip":{"name":"x"}})"},
      {"/v2.0/floatingips/" + eip, R"({"floatingip":{"description":"x"}})"}};
  const auto told = [](std::string text, const std::string& id) {  // the answer, without what was asked for
    for (size_t at; (at = text.find(id)) != std::string::npos;) text.replace(at, id.size(), "ID");
    return text;
  };
  for (const auto& [path, body] : theirs) {
    const std::string id = path.substr(path.rfind('/') + 1);
    const std::string nobody = path.substr(0, path.rfind('/') + 1) + kNobody;
    for (const std::string method : {"GET", "PUT", "DELETE"}) {
      const std::string sent = method == "PUT" ? body : "";
      const Answer there = call(method, path, sent);
      EXPECT_EQ(there.status, 404) << method << " " << path << " " << there.text;
      if (path.find("/members/") != std::string::npos) continue;
      EXPECT_EQ(told(there.fault(), id), told(call(method, nobody, sent).fault(), kNobody))
          << "an object of another project must look like none";
    }
  }
  for (const std::string& path : {"loadbalancers/" + lb + "/status", "loadbalancers/" + lb + "/stats",
                                  "listeners/" + listener + "/stats", "pools/" + pool + "/members"})
    EXPECT_EQ(get(path).status, 404) << path;
  for (const std::string collection : {"loadbalancers", "listeners", "pools", "healthmonitors", "whitelists"})
    EXPECT_EQ(get(collection).body.get(collection).size(), 0U) << collection;
  EXPECT_EQ(get("/v1/eips").body.get("eips").size(), 0U);
  EXPECT_EQ(get("/v2.0/ports").body.get("ports").size(), 0U);
  EXPECT_EQ(put("pools/" + pool + "/members", R"({"members":[]})").status, 404);

  token_ = admin_;
  EXPECT_EQ(get("loadbalancers").body.get("loadbalancers").size(), 1U);
  EXPECT_EQ(get("listeners/" + listener).status, 200);
}

TEST_F(IdentityTest, GEN11_ReferencesToAnotherProjectsObjectsLeadNowhere) {
  token_ = alpha_;
  const std::string lb = make_lb("a", R"(,"vip_address":"192.0.2.50")");
  const std::string pool = make_lone_pool(lb);
  const std::string port = get("loadbalancers/" + lb).body.get("loadbalancer").get("vip_port_id").as_string();
  token_ = beta_;
  const std::string own = make_lb("b");
  const std::string listener = make_listener(own, 80);
  const auto expect = [&](const Answer& answer, const std::string& field) {
    EXPECT_EQ(answer.status, 404) << answer.text;
    EXPECT_EQ(answer.body.get("field").as_string(), field);
  };
  expect(post("listeners",
              fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"TCP","protocol_port":81}}}})", lb)),
         "loadbalancer_id");
  expect(put("listeners/" + listener, fmt::format(R"({{"listener":{{"default_pool_id":"{}"}}}})", pool)),
         "default_pool_id");
  expect(
      post("healthmonitors",
           fmt::format(R"({{"healthmonitor":{{"pool_id":"{}","type":"TCP","delay":5,"timeout":3,"max_retries":2}}}})",
                       pool)),
      "pool_id");
  expect(post("/v1/eips", fmt::format(R"({{"eip":{{"loadbalancer_id":"{}"}}}})", lb)), "loadbalancer_id");
  expect(post("/v2.0/floatingips", fmt::format(R"({{"floatingip":{{"floating_network_id":"{}","port_id":"{}"}}}})",
                                               codec::kPublicNetwork, port)),
         "port_id");
  expect(post("loadbalancers",
              fmt::format(R"({{"loadbalancer":{{"vip_subnet_id":"{}","project_id":"alpha"}}}})", kVipSubnet)),
         "project_id");
}

TEST_F(IdentityTest, GEN11_AConflictDoesNotNameAnotherProjectsObject) {
  token_ = alpha_;
  const std::string lb = make_lb("a", R"(,"vip_address":"192.0.2.50")");
  token_ = beta_;
  const Answer answer = post("loadbalancers", fmt::format(R"({{"loadbalancer":{{"vip_address":"192.0.2.50"}}}})"));
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(answer.text, HasSubstr("192.0.2.50"));
  EXPECT_THAT(answer.text, Not(HasSubstr(lb)));
  const std::string pool = make_pool(make_listener(make_lb("b"), 80));
  const Answer member = post("pools/" + pool + "/members", R"({"member":{"address":"192.0.2.50","protocol_port":80}})");
  EXPECT_EQ(member.status, 400);
  EXPECT_THAT(member.text, Not(HasSubstr(lb)));
}

TEST_F(IdentityTest, GEN11_RolesMayWhatTheyMay) {
  token_ = admin_;
  const std::string observer = issue("observer", "alpha"), everywhere = issue("observer", ""),
                    quota = issue("quota-admin", "");
  const std::string lb = [&] {
    token_ = alpha_;
    return make_lb();
  }();
  struct Case {
    std::string token, method, path, body;
    int status;
  };
  const std::string quota_body = R"({"quota":{"loadbalancer":60}})";
  for (const Case& row : std::vector<Case>{
           {observer, "GET", "loadbalancers/" + lb, "", 200},
           {observer, "PUT", "loadbalancers/" + lb, R"({"loadbalancer":{"name":"x"}})", 403},
           {observer, "POST", "loadbalancers", "{}", 403},
           {observer, "DELETE", "loadbalancers/" + lb, "", 403},
           {observer, "GET", "/v1/status", "", 200},
           {everywhere, "GET", "/v1/status", "", 200},
           {everywhere, "GET", "loadbalancers/" + lb, "", 200},
           {everywhere, "DELETE", "loadbalancers/" + lb, "", 403},
           {alpha_, "GET", "/v1/status", "", 200},
           {alpha_, "GET", "/v1/flows", "", 403},
           {alpha_, "GET", "/v1/counters", "", 200},
           {alpha_, "GET", "/v1/tokens", "", 403},
           {alpha_, "POST", "/v1/tokens", R"({"token":{"role":"admin"}})", 403},
           {alpha_, "POST", "/v1/projects", R"({"project":{"name":"p"}})", 403},
           {alpha_, "PUT", "quotas/alpha", quota_body, 403},
           {alpha_, "GET", "quotas/alpha", "", 200},
           {alpha_, "GET", "quotas/beta", "", 404},
           {quota, "GET", "loadbalancers", "", 403},
           {quota, "POST", "loadbalancers", "{}", 403},
           {quota, "GET", "/v1/status", "", 403},
           {quota, "PUT", "quotas/alpha", quota_body, 202},
           {quota, "GET", "quotas/beta", "", 200},
           {everywhere, "PUT", "quotas/alpha", quota_body, 403},
       }) {
    token_ = row.token;
    EXPECT_EQ(call(row.method, row.path, row.body).status, row.status) << row.method << " " << row.path;
  }
}

TEST_F(IdentityTest, GEN11_StatusAndCountersTellAProjectItsPartAndNothingOfTheNode) {
  token_ = alpha_;
  const std::string own = make_listener(make_lb(), 80);
  token_ = admin_;
  const std::string other = make_listener(make_lb("of nobody"), 81);
  const std::string whole = get("/v1/status").text + get("/v1/counters").text;
  for (const std::string& part : {own, other, std::string("\"sinks\""), std::string("\"flow_table\"")})
    EXPECT_THAT(whole, HasSubstr(part));
  token_ = alpha_;
  for (const std::string path : {"/v1/status", "/v1/counters"}) {
    const Answer answer = get(path);
    EXPECT_THAT(answer.text, HasSubstr(own));
    for (const std::string& part : {other, std::string("\"sinks\""), std::string("\"flow_table\"")})
      EXPECT_THAT(answer.text, Not(HasSubstr(part))) << path;
    EXPECT_EQ(answer.body.get("drops").size(), 0U) << path;
  }
}

TEST_F(IdentityTest, S10_OnlyHashesOfTokensAreAtRest) {
  token_ = admin_;
  EXPECT_THAT(get("/v1/tokens").text, Not(HasSubstr(alpha_.substr(22))));
  const std::string id = get("/v1/tokens?role=member&project_id=alpha").body.get("tokens").at(0).get("id").as_string();
  EXPECT_EQ(alpha_.substr(4, 16), id);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    for (const std::string& token : {admin_, alpha_, beta_})
      EXPECT_EQ(bytes.find(token.substr(22)), std::string::npos) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 2);
}

TEST_F(IdentityTest, ATokenEndsWhenItIsDeletedOrItsTimeIsOver) {
  token_ = admin_;
  EXPECT_EQ(del("/v1/tokens/" + alpha_.substr(4, 16)).status, 204);
  EXPECT_EQ(del("/v1/tokens/" + alpha_.substr(4, 16)).status, 404);
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", beta_}}).status, 200);
  const Answer past = post("/v1/tokens", R"({"token":{"role":"admin","expires_at":"2020-01-01T00:00:00"}})");
  EXPECT_EQ(past.status, 400);
  EXPECT_EQ(past.body.get("field").as_string(), "expires_at");
  token_ = alpha_;
  EXPECT_EQ(get("loadbalancers").status, 401);
}

TEST_F(IdentityTest, ATokenNeedsAProjectThatIsThereAndARole) {
  token_ = admin_;
  EXPECT_EQ(post("/v1/tokens", R"({"token":{"role":"member","project_id":"gamma"}})").status, 404);
  EXPECT_EQ(post("/v1/tokens", R"({"token":{"role":"member"}})").body.get("field").as_string(), "project_id");
  EXPECT_EQ(post("/v1/tokens", R"({"token":{"role":"king"}})").body.get("field").as_string(), "role");
  EXPECT_EQ(post("/v1/tokens", R"({"token":{}})").body.get("field").as_string(), "role");
}

TEST_F(IdentityTest, AProjectGoesWhenNothingIsLeftOfIt) {
  token_ = alpha_;
  const std::string lb = make_lb();
  token_ = admin_;
  EXPECT_THAT(del("/v1/projects/alpha").fault(), HasSubstr("1 load balancers"));
  EXPECT_EQ(del("loadbalancers/" + lb).status, 204);
  EXPECT_THAT(del("/v1/projects/alpha").fault(), HasSubstr("1 tokens"));
  EXPECT_EQ(del("/v1/tokens/" + alpha_.substr(4, 16)).status, 204);
  EXPECT_EQ(del("/v1/projects/alpha").status, 204);
  EXPECT_EQ(post("/v1/projects", R"({"project":{"name":"beta"}})").status, 409);
  EXPECT_EQ(post("/v1/projects", R"({"project":{"id":"a/b","name":"x"}})").status, 400);
}

TEST_F(IdentityTest, TokensAndProjectsSurviveARestart) {
  server_.reset();
  identities_ = *identity::Directory::open(*store::open_identities((directory_ / "store.db").string()),
                                           identity::default_quotas(), clock_, random_);
  start();
  EXPECT_EQ(call("GET", "loadbalancers", "", {{"X-Auth-Token", alpha_}}).status, 200);
  EXPECT_EQ(call("GET", "/v1/projects", "", {{"X-Auth-Token", admin_}}).body.get("projects").size(), 2U);
}

TEST_F(IdentityTest, ALoginIsGivenATokenAndACatalog) {
  const auto login = [&](const std::string& secret, const std::string& scope) {
    return post("/identity/v3/auth/tokens",
                fmt::format(R"({{"auth":{{"identity":{{"methods":["password"],"password":{{"user":{{"name":"u",)"
                            R"("domain":{{"id":"default"}},"password":"{}"}}}}}}{}}}}})",
                            secret, scope));
  };
  EXPECT_EQ(get("/identity/v3").status, 200);
  const std::string scope = R"(,"scope":{"project":{"name":"alpha","domain":{"id":"default"}}})";
  const Answer answer = login(alpha_, scope);
  ASSERT_EQ(answer.status, 201) << answer.text;
  EXPECT_EQ(answer.header("X-Subject-Token"), alpha_);
  const codec::Value token = answer.body.get("token");
  EXPECT_EQ(token.get("project").get("id").as_string(), "alpha");
  EXPECT_EQ(token.get("catalog").at(0).get("type").as_string(), "load-balancer");
  EXPECT_THAT(token.get("catalog").at(0).get("endpoints").at(0).get("url").as_string(), HasSubstr("/load-balancer"));
  const codec::Value trace = call("GET", "/v1/traces?limit=1", "", {{"X-Auth-Token", alpha_}}).body.get("traces").at(0);
  EXPECT_EQ(trace.get("trace_name").as_string(), "login");
  EXPECT_EQ(trace.get("user").get("id").as_string(), alpha_.substr(4, 16));
  EXPECT_EQ(login(beta_, scope).status, 401) << "a member of another project";
  EXPECT_EQ(login("wrong", scope).status, 401);

  const Answer admin = login(admin_, scope);
  ASSERT_EQ(admin.status, 201);
  token_ = admin.header("X-Subject-Token");
  EXPECT_NE(token_, admin_);
  const std::string lb = make_lb();
  EXPECT_EQ(get("loadbalancers/" + lb).body.get("loadbalancer").get("project_id").as_string(), "alpha");
  EXPECT_EQ(get("/v1/status").status, 200) << "still an administrator";
}

/// The status that curl gets, and its own: "200 0".
std::string curl(const std::string& words) {
  FILE* pipe = popen(("curl -s -o /dev/null -w '%{http_code} ' " + words + "; echo $?").c_str(), "r");
  std::array<char, 64> text{};
  std::string out = pipe != nullptr && fgets(text.data(), text.size(), pipe) != nullptr ? text.data() : "";
  if (pipe != nullptr) pclose(pipe);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

TEST_F(IdentityTest, S11_TheSocketIsForRootAndTheAgentsUser) {
  struct stat info {};
  ASSERT_EQ(stat(options_.socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0660U);
  const std::string words = fmt::format("--unix-socket {} http://elb/v2.0/lbaas/loadbalancers", options_.socket);
  EXPECT_EQ(curl(words), "200 0");
  EXPECT_EQ(curl("-H 'X-Auth-Token: wrong' " + words), "401 0") << "who shows a token is judged by it";
}

TEST_F(IdentityTest, S11_ASocketThatIsLeftOverIsReplacedAndOneThatAnswersIsNot) {
  api::ApiOptions options;
  options.listen.port = 0;
  options.socket = options_.socket;
  const auto second = api::ApiServer::start(options, *service_, {views_, views_}, clock_, random_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  server_.reset();
  const std::string left_over =
      fmt::format("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"{}\")'", options.socket);
  ASSERT_EQ(std::system(left_over.c_str()), 0);
  EXPECT_TRUE(api::ApiServer::start(options, *service_, {views_, views_}, clock_, random_));
}

TEST_F(IdentityTest, S11_TlsNeedsATokenAndHasACertificateThatClientsCanCheck) {
  const std::vector<std::string> names = {"localhost", "127.0.0.1"};
  const auto made = tls::make_self_signed(names, clock_.wall());
  ASSERT_TRUE(made) << made.error().to_string();
  const std::string ca = (directory_ / "ca.pem").string();
  std::ofstream(ca) << made->certificate;
  options_.tls_listen = Endpoint{*IpAddress::parse("127.0.0.1"), 0};
  options_.tls_certificate = made->certificate;
  options_.tls_key = made->private_key;
  options_.open_loopback = true;  // which is another way in
  start();
  const std::string url = fmt::format("https://localhost:{}/v2.0/lbaas/loadbalancers", server_->tls_port());
  EXPECT_EQ(curl(fmt::format("--cacert {} {}", ca, url)), "401 0");
  EXPECT_EQ(curl(fmt::format("--cacert {} -H 'X-Auth-Token: {}' {}", ca, alpha_, url)), "200 0");
  EXPECT_EQ(curl(url), "000 60") << "nobody trusts it unasked";
  EXPECT_EQ(curl(fmt::format("http://localhost:{}/", server_->tls_port())).substr(0, 3), "000") << "not in clear";
  const std::string large = (directory_ / "large.json").string();
  std::ofstream(large) << R"({"loadbalancer":{"description":")" << std::string(900'000, 'x') << R"("}})";
  EXPECT_EQ(curl(fmt::format("--cacert {} -H 'X-Auth-Token: {}' --data @{} {}", ca, alpha_, large, url)), "400 0")
      << "many records in, one answer out";
}

TEST_F(IdentityTest, ATlsCertificateThatCannotBeUsedIsToldAtTheStart) {
  api::ApiOptions options;
  options.listen.port = 0;
  options.tls_listen = Endpoint{*IpAddress::parse("127.0.0.1"), 0};
  options.tls_certificate = "nonsense";
  EXPECT_FALSE(api::ApiServer::start(options, *service_, {views_, views_}, clock_, random_));
}

TEST_F(IdentityTest, PlainHttpIsForLoopbackOnly) {
  api::ApiOptions options;
  options.listen = {*IpAddress::parse("0.0.0.0"), 0};
  const auto server = api::ApiServer::start(options, *service_, {views_, views_}, clock_, random_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().field, "listen");
  EXPECT_THAT(server.error().message, HasSubstr("--tls-listen"));
}

}  // namespace
}  // namespace elb::test
