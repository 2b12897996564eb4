// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-04.
// The document, the routes and the decoders are one: what parts from the others fails here. If docs/openapi.json has to
// follow a change, the first test says how.
#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "codec/floating_ip.h"
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using codec::Value;

const std::string kNobody = "99999999-9999-4999-8999-999999999999";

class OpenApiTest : public ApiTest {
 protected:
  OpenApiTest() : ApiTest(true), document_(get("/openapi.json").body) {}

  Value schema(const std::string& name) const { return document_.get("components").get("schemas").get(name); }
  const Value document_;
};

/// The object that a body's fields are in: the envelope's, if there is one.
Value inner(const Value& schema, std::string& envelope) {
  const Value members = schema.get("properties");
  const auto keys = members.keys();
  if (keys.size() != 1 || !members.get(keys[0]).has("properties")) return schema;
  envelope = keys[0];
  return members.get(keys[0]);
}

TEST_F(OpenApiTest, GEN04_TheFileIsWhatIsServed) {
  std::ifstream file(ELB_OPENAPI);
  const auto kept = Value::parse(std::string{std::istreambuf_iterator<char>(file), {}}, 1 << 24);
  const bool same = kept && *kept == document_;
  const std::string made = std::string(ELB_BINARY_DIR) + "/openapi.json";
  if (!same) std::ofstream(made) << document_.dump(1) << "\n";
  EXPECT_TRUE(same) << "cp " << made << " " << ELB_OPENAPI;
}

/// Whether a path of the document leads to `target`, which is a path of it with something for its parameters.
bool leads_to(std::string_view path, std::string_view target) {
  while (!path.empty() && !target.empty()) {
    const std::string_view word = path.substr(0, path.find('/', 1)), asked = target.substr(0, target.find('/', 1));
    if (!word.starts_with("/{") && word != asked) return false;
    path.remove_prefix(word.size());
    target.remove_prefix(asked.size());
  }
  return path.empty() && target.empty();
}

TEST_F(OpenApiTest, GEN04_EveryPathHasTheMethodsOfTheDocumentAndNoOther) {
  size_t seen = 0;
  for (const std::string& path : document_.get("paths").keys()) {
    std::string target = path;
    for (size_t open; (open = target.find('{')) != std::string::npos;)
      target.replace(open, target.find('}') - open + 1, kNobody);
    std::set<std::string> methods;  // quotas/defaults is a quotas/{id} as well
    for (const std::string& other : document_.get("paths").keys())
      if (leads_to(other, target))
        for (const std::string& key : document_.get("paths").get(other).keys()) methods.insert(key);
    for (const std::string method : {"get", "post", "put", "delete", "patch"}) {
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
      const Answer answer = call(upper, target, method == "post" || method == "put" ? "[]" : "");
      EXPECT_EQ(answer.status != 405, methods.contains(method)) << upper << " " << path << ": " << answer.text;
      EXPECT_EQ(answer.text.find("there is nothing at"), std::string::npos) << path;
      ++seen;
    }
  }
  EXPECT_GT(seen, 200U);
  EXPECT_EQ(get("/v1/nothing").status, 404);
}

struct Sample {
  std::string method, path, schema;
  std::string fields;  // of a body that is accepted as far as it goes
};

// What is in the schema is read: a value of no type that any field has is refused as such. What is not is refused by
// name.
TEST_F(OpenApiTest, GEN04_EveryFieldOfABodyIsInItsSchemaAndTheOtherWayRound) {
  const std::string lb = make_lb(), listener = make_listener(lb, 80, "HTTP"), pool = make_pool(listener, "HTTP"),
                    member = make_member(pool, "198.51.100.7", 80), monitor = make_monitor(pool),
                    policy = create("l7policies", "l7policy",
                                    fmt::format(R"("listener_id":"{}","action":"REJECT")", listener)),
                    rule = create("l7policies/" + policy + "/rules", "rule",
                                  R"("type":"PATH","compare_type":"EQUAL_TO","value":"/a")"),
                    eip = create("/v1/eips", "eip", ""),
                    whitelist = create("whitelists", "whitelist", fmt::format(R"("listener_id":"{}")", listener));
  post("/v1/projects", R"({"project":{"id":"p","name":"p"}})");
  const std::vector<Sample> samples = {
      {"POST", "loadbalancers", "LoadBalancerNew", fmt::format(R"("vip_subnet_id":"{}")", kVipSubnet)},
      {"PUT", "loadbalancers/" + lb, "LoadBalancerChange", ""},
      {"POST", "listeners", "ListenerNew",
       fmt::format(R"("loadbalancer_id":"{}","protocol":"HTTP","protocol_port":88)", lb)},
      {"PUT", "listeners/" + listener, "ListenerChange", ""},
      {"POST", "pools", "PoolNew",
       fmt::format(R"("loadbalancer_id":"{}","protocol":"HTTP","lb_algorithm":"ROUND_ROBIN")", lb)},
      {"PUT", "pools/" + pool, "PoolChange", ""},
      {"POST", "pools/" + pool + "/members", "MemberNew", R"("address":"198.51.100.8","protocol_port":80)"},
      {"PUT", "pools/" + pool + "/members/" + member, "MemberChange", ""},
      {"POST", "healthmonitors", "HealthMonitorNew", fmt::format(R"("pool_id":"{}","type":"HTTP")", pool)},
      {"PUT", "healthmonitors/" + monitor, "HealthMonitorChange", ""},
      {"POST", "l7policies", "L7PolicyNew", fmt::format(R"("listener_id":"{}","action":"REJECT")", listener)},
      {"PUT", "l7policies/" + policy, "L7PolicyChange", ""},
      {"POST", "l7policies/" + policy + "/rules", "L7RuleNew",
       R"("type":"HOST_NAME","compare_type":"EQUAL_TO","value":"a.example")"},
      {"PUT", "l7policies/" + policy + "/rules/" + rule, "L7RuleChange", ""},
      {"POST", "whitelists", "WhitelistNew", fmt::format(R"("listener_id":"{}")", listener)},
      {"PUT", "whitelists/" + whitelist, "WhitelistChange", ""},
      {"POST", "/v1/eips", "EipNew", ""},
      {"PUT", "/v1/eips/" + eip, "EipChange", ""},
      {"POST", "/v1/tokens", "TokenNew", R"("role":"member")"},
      {"POST", "/v1/projects", "ProjectNew", R"("name":"q")"},
      {"POST", "/v2.0/floatingips", "FloatingIpNew",
       fmt::format(R"("floating_network_id":"{}")", codec::kPublicNetwork)},
      {"PUT", "/v2.0/floatingips/" + eip, "FloatingIpChange", ""},
      {"PUT", "quotas/p", "QuotaChange", ""},
      {"POST", "loadbalancers/" + lb + "/tags", "TagNew", R"("key":"k")"},
  };
  std::set<std::string> names = {"nonsense"};
  for (const Sample& sample : samples) {
    std::string envelope;
    const Value fields = inner(schema(sample.schema), envelope).get("properties");
    for (const std::string& name : fields.keys()) names.insert(name);
  }
  const std::string before = configuration();
  for (const Sample& sample : samples) {
    std::string envelope;
    const Value fields = inner(schema(sample.schema), envelope).get("properties");
    EXPECT_GT(fields.size(), 1U) << sample.schema;
    for (const std::string& name : names) {
      // Given twice it would be a duplicate: those that must be there are seen to be read by what works.
      if (sample.fields.find('"' + name + '"') != std::string::npos) continue;
      const std::string more = fmt::format(R"({}{}"{}":[[]])", sample.fields, sample.fields.empty() ? "" : ",", name);
      const Answer answer = call(sample.method, sample.path, fmt::format(R"({{"{}":{{{}}}}})", envelope, more));
      const std::string what = fmt::format("{} {} {}: {}", sample.method, sample.schema, name, answer.text);
      ASSERT_GE(answer.status, 400) << what;
      ASSERT_LT(answer.status, 502) << what;
      const std::string fault = answer.fault();
      bool refused = false;
      for (const char* word : {"unknown field", "read-only", "immutable", "must not be given", "must not be changed"})
        refused = refused || fault.find(word) != std::string::npos;
      EXPECT_EQ(refused, !fields.has(name)) << what;
      EXPECT_NE(fault.find(name), std::string::npos) << what;
    }
  }
  EXPECT_EQ(configuration(), before);
}

TEST_F(OpenApiTest, LimitsAndWordsAreInTheSchema) {
  std::string envelope;
  const Value member = inner(schema("MemberNew"), envelope).get("properties");
  EXPECT_EQ(envelope, "member");
  EXPECT_EQ(member.get("weight").get("minimum").as_int(), 0);
  EXPECT_EQ(member.get("weight").get("maximum").as_int(), 100);
  EXPECT_EQ(member.get("address").get("format").as_string(), "ip");
  EXPECT_EQ(member.get("tags").get("items").get("type").as_string(), "string");
  EXPECT_EQ(inner(schema("MemberNew"), envelope).get("required").dump(), R"(["address","protocol_port"])");
  const Value pool = inner(schema("PoolNew"), envelope).get("properties");
  EXPECT_EQ(pool.get("lb_algorithm").get("enum").dump(), R"(["ROUND_ROBIN","LEAST_CONNECTIONS","SOURCE_IP"])");
  EXPECT_TRUE(pool.get("session_persistence").get("properties").has("cookie_name"));
  EXPECT_TRUE(pool.get("members").get("items").get("properties").has("protocol_port"));
  const Value tree = inner(schema("LoadBalancerNew"), envelope).get("properties");
  EXPECT_TRUE(tree.get("listeners")
                  .get("items")
                  .get("properties")
                  .get("l7policies")
                  .get("items")
                  .get("properties")
                  .has("rules"));
}

}  // namespace
}  // namespace elb::test
