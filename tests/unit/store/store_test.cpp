// SPDX-License-Identifier: Apache-2.0
// What a commit keeps, and what a failed one leaves: nothing.
#include "store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>

#include "unit/model/samples.h"
#include "unit/store/temp_dir.h"

namespace elb::store {
namespace {

using model::Change;
using model::Erase;
using model::Kind;
using model::Model;
using model::Put;
using test::put;
using test::sample_listener;
using test::sample_load_balancer;
using test::sample_member;
using test::sample_model;
using test::sample_monitor;
using test::sample_pool;

/// All resources of a model, parents first.
std::vector<Change> puts(const Model& model) {
  std::vector<Change> changes;
  for (const auto& [id, resource] : model.certificates) changes.emplace_back(Put{*resource});
  for (const auto& [id, resource] : model.load_balancers) changes.emplace_back(Put{*resource});
  for (const auto& [id, resource] : model.pools) changes.emplace_back(Put{*resource});
  for (const auto& [id, resource] : model.listeners) changes.emplace_back(Put{*resource});
  for (const auto& [id, resource] : model.members) changes.emplace_back(Put{*resource});
  for (const auto& [id, resource] : model.health_monitors) changes.emplace_back(Put{*resource});
  for (const auto& [id, resource] : model.eips) changes.emplace_back(Put{*resource});
  for (const auto& [id, resource] : model.l7policies) changes.emplace_back(Put{*resource});
  for (const auto& [id, resource] : model.l7rules) changes.emplace_back(Put{*resource});
  return changes;
}

template <class T>
void expect_same_table(const Model& a, const Model& b) {
  ASSERT_EQ(a.table<T>().size(), b.table<T>().size());
  for (const auto& [id, resource] : a.table<T>()) {
    ASSERT_TRUE(b.table<T>().contains(id)) << id;
    EXPECT_EQ(*resource, *b.table<T>().at(id)) << id;
  }
}

void expect_same(const Model& a, const Model& b) {
  EXPECT_EQ(a.revision, b.revision);
  expect_same_table<model::LoadBalancer>(a, b);
  expect_same_table<model::Listener>(a, b);
  expect_same_table<model::Pool>(a, b);
  expect_same_table<model::Member>(a, b);
  expect_same_table<model::HealthMonitor>(a, b);
  expect_same_table<model::Eip>(a, b);
  expect_same_table<model::Certificate>(a, b);
  expect_same_table<model::L7Policy>(a, b);
  expect_same_table<model::L7Rule>(a, b);
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_.reset();
    auto opened = open_sqlite(path_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    store_ = std::move(*opened);
  }
  Model load() {
    auto loaded = store_->load();
    EXPECT_TRUE(loaded) << loaded.error().to_string();
    return loaded ? *loaded : Model{};
  }
  uint64_t commit(uint64_t base, const std::vector<Change>& changes) {
    const auto revision = store_->commit(base, changes);
    EXPECT_TRUE(revision) << revision.error().to_string();
    return revision ? *revision : 0;
  }
  void expect_refused(uint64_t base, const std::vector<Change>& changes, ErrorCode code) {
    const Model before = load();
    const auto revision = store_->commit(base, changes);
    ASSERT_FALSE(revision);
    EXPECT_EQ(revision.error().code, code) << revision.error().to_string();
    expect_same(load(), before);
    open();
    expect_same(load(), before);
    EXPECT_TRUE(store_->check());
  }

  test::TempDir dir_;
  const std::string path_ = dir_.file("elb.db");
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, ANewStoreIsEmptyAtRevisionZero) {
  expect_same(load(), Model{});
  EXPECT_TRUE(store_->check());
}

/// The same of what only HTTP and HTTPS have.
template <class Dress>
void add_http(Model& model, Dress dress) {
  for (const char* id : {"c1", "c2", "c3"}) {
    model::Certificate certificate = test::sample_certificate(id, "*.a.example");
    dress(certificate, 10);
    certificate.expires_at = 4'900'000'001;
    put(model, certificate);
  }
  model::Certificate authority = test::sample_authority("ca");
  dress(authority, 11);
  put(model, authority);
  for (const auto type : {model::PersistenceType::kHttpCookie, model::PersistenceType::kAppCookie}) {
    const bool app = type == model::PersistenceType::kAppCookie;
    model::Pool pool = sample_pool(app ? "hp2" : "hp1", "lb1", model::Protocol::kHttp);
    dress(pool, 12);
    pool.persistence = model::SessionPersistence{1440, type, app ? "sid" : ""};
    pool.proxy_protocol = app ? model::ProxyProtocol::kV1 : model::ProxyProtocol::kV2;
    pool.grpc = app;
    pool.slow_start = app;
    pool.slow_start_s = app ? 1200 : 30;
    put(model, pool);
  }
  model::Listener https = sample_listener("l2", "lb1", 443, model::Protocol::kHttps);
  dress(https, 13);
  https.terminated_https = true;
  https.tls = {"c1", {"c3", "c2"}, "ca", true, true, "tls-1-2-strict"};
  https.http.insert_headers = {{"X-Forwarded-For", "replace"}, {"X-Forwarded-Port", "false"}};
  https.http.client_data_ms = 1;
  https.http.member_connect_ms = 2;
  https.http.member_data_ms = 86'400'000;
  https.http.request_rate = 1'000'000;
  https.http.request_burst = 2;
  https.http.error_pages = {{"404", "text/plain", "3:x"}, {"5xx", "text/html; charset=utf-8", "<p>\n7:later\n</p>"}};
  https.http.body_rate = 0;
  https.http.trace_sampling = 10'000;
  https.http.proxy_trusted = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("2001:db8::/32")};
  put(model, https);
  put(model, sample_listener("l3", "lb1", 8443, model::Protocol::kHttps));
  model::L7Policy policy = test::sample_policy("y1", "l2", "hp1");
  dress(policy, 14);
  policy.position = 2147483647;
  policy.sequence = 5'000'000'000;
  put(model, policy);
  policy.id = "y2";
  policy.action = model::L7Action::kPrefix;
  policy.redirect_pool_id.reset();
  policy.redirect_listener_id = "l3";
  policy.redirect_url = "https://a.example/u";
  policy.redirect_prefix = "https://a.example/p";
  policy.redirect_http_code = 308;
  put(model, policy);
  model::L7Rule rule = test::sample_rule("r1", "y1", "quote ' \" , = end", model::RuleType::kCookie);
  dress(rule, 15);
  rule.compare = model::RuleCompare::kEndsWith;
  rule.invert = true;
  rule.key = "k";
  put(model, rule);
}

/// Every field of every resource, none at its default, with texts that need care.
Model full_model() {
  const std::string hostile("quote ' \" ; -- \xE8\xB4\x9F\0 end", 24);
  const auto dress = [&](model::Common& common, int salt) {
    common.project_id = fmt::format("project{}", salt);
    common.name = hostile + std::to_string(salt);
    common.description = "d" + hostile;
    common.admin_state_up = false;
    common.tags = {"z", "a", hostile};
    common.created_at = 1'700'000'000 + salt;
    common.updated_at = 4'900'000'000 + salt;  // beyond 32 bits
  };
  Model model;
  model::LoadBalancer lb = sample_load_balancer("lb1");
  dress(lb, 1);
  lb.provider = "other";
  lb.vip_bandwidth = 400000;
  lb.access_log = model::AccessLogTarget{"4b7a9b0e-7c52-4f0e-9a39-5d1e1b2c3d4e", "group", "stream"};  // LOG-01
  lb.enterprise_project_id = "e1";
  lb.deletion_protection = true;
  model::Pool pool = sample_pool("p1", "lb1", model::Protocol::kUdp);
  dress(pool, 2);
  pool.algorithm = model::Algorithm::kSourceIp;
  pool.persistence = model::SessionPersistence{60};
  model::Listener listener = sample_listener("l1", "lb1", 65535, model::Protocol::kUdp);
  dress(listener, 3);
  listener.default_pool_id = "p1";
  listener.connection_limit = 2147483647;
  listener.toa = true;
  listener.whitelist = model::Whitelist{"w1", true, {}};
  for (const char* entry : {"10.0.0.0/8", "2001:db8::/32", "10.0.0.1/32", "::/0", "10.0.0.0/8"})
    listener.whitelist->entries.push_back(*Cidr::parse(entry));
  model::Eip eip;
  eip.id = "e1";
  dress(eip, 6);
  eip.address = test::ip("2001:db8::77");
  eip.type = "5_sbgp";
  eip.loadbalancer_id = "lb1";
  eip.bandwidth = 310;
  eip.bandwidth_id = "b1";
  eip.bandwidth_name = hostile;
  put(model, eip);
  model::Member member = sample_member("m1", "p1", "10.255.0.1", 65535);
  dress(member, 4);
  member.subnet_id = "subnet-b";
  member.availability_zone = "az1";
  member.weight = 0;
  member.backup = true;
  member.monitor_address = *IpAddress::parse("10.255.0.2");
  member.monitor_port = 65533;
  model::HealthMonitor monitor = sample_monitor("h1", "p1");
  dress(monitor, 5);
  monitor.delay = 50;
  monitor.timeout = 49;
  monitor.max_retries = 10;
  monitor.max_retries_down = 9;
  monitor.monitor_port = 65534;
  monitor.type = model::MonitorType::kHttp;
  monitor.http_method = "PATCH";
  monitor.url_path = "/" + hostile;
  monitor.domain_name = "a.example";
  monitor.expected_codes = "200-204,401";
  put(model, lb);
  put(model, pool);
  put(model, listener);
  put(model, member);
  put(model, monitor);
  add_http(model, dress);
  return model;
}

/// Every column of every kind goes into the history and comes back.
TEST_F(StoreTest, TheHistoryHasObjectsAsTheyWere) {
  const Model model = full_model();
  commit(0, puts(model));
  Model none;
  none.revision = 2;
  std::vector<Change> gone;
  for (const Change& change : puts(model)) {
    const auto& resource = std::get<Put>(change).resource;
    std::visit(
        [&](const auto& one) {
          gone.emplace_back(Erase{static_cast<Kind>(resource.index()), one.id});
        },
        resource);
  }
  commit(1, gone);
  expect_same(load(), none);
  const auto history = open_history(path_);
  ASSERT_TRUE(history) << history.error().to_string();
  const auto pasts = (*history)->at(1, std::nullopt);
  ASSERT_TRUE(pasts) << pasts.error().to_string();
  Model then;
  for (const Past& past : *pasts) {
    ASSERT_TRUE(past.resource);
    std::visit([&]<class T>(const T& one) { then.table<T>()[one.id] = std::make_shared<const T>(one); },
               *past.resource);
  }
  expect_same(then, model);
}

TEST_F(StoreTest, R1_EveryFieldSurvivesReopening) {
  Model model = full_model();
  model.revision = commit(0, puts(model));
  EXPECT_EQ(model.revision, 1U);
  expect_same(load(), model);
  open();
  expect_same(load(), model);
}

TEST_F(StoreTest, APutReplacesTheWholeResource) {
  Model model = full_model();
  commit(0, puts(model));
  Model plain;
  plain.certificates = model.certificates;
  plain.l7policies = model.l7policies;
  plain.l7rules = model.l7rules;
  put(plain, sample_pool("hp1", "lb1", model::Protocol::kHttp));
  put(plain, sample_pool("hp2", "lb1", model::Protocol::kHttp));
  put(plain, sample_listener("l2", "lb1", 443, model::Protocol::kHttps));
  put(plain, sample_listener("l3", "lb1", 8443, model::Protocol::kHttp));
  put(plain, sample_load_balancer("lb1"));
  put(plain, sample_pool("p1", "lb1"));
  put(plain, sample_listener("l1", "lb1"));  // default_pool_id goes back to none
  put(plain, sample_member("m1", "p1"));
  put(plain, sample_monitor("h1", "p1"));  // monitor_port too
  model::Eip unbound;
  unbound.id = "e1";
  unbound.address = test::ip("203.0.113.1");
  put(plain, unbound);
  plain.revision = commit(1, puts(plain));
  expect_same(load(), plain);
}

TEST_F(StoreTest, ErasesTakeEffectWithTheirTags) {
  commit(0, puts(full_model()));
  commit(1, {Erase{Kind::kEip, "e1"}, Erase{Kind::kHealthMonitor, "h1"}, Erase{Kind::kMember, "m1"},
             Erase{Kind::kL7Rule, "r1"}, Erase{Kind::kL7Policy, "y1"}, Erase{Kind::kL7Policy, "y2"},
             Erase{Kind::kListener, "l1"}, Erase{Kind::kListener, "l2"}, Erase{Kind::kListener, "l3"},
             Erase{Kind::kPool, "p1"}, Erase{Kind::kPool, "hp1"}, Erase{Kind::kPool, "hp2"},
             Erase{Kind::kLoadBalancer, "lb1"}, Erase{Kind::kCertificate, "c1"}, Erase{Kind::kCertificate, "c2"},
             Erase{Kind::kCertificate, "c3"}, Erase{Kind::kCertificate, "ca"}});
  Model empty;
  empty.revision = 2;
  expect_same(load(), empty);
  Model again = sample_model();
  again.revision = commit(2, puts(again));
  expect_same(load(), again);  // the tags of the old lb1 did not come back
}

TEST_F(StoreTest, WhatAnEraseFreesCanBeTakenInTheSameCommit) {
  commit(0, puts(sample_model()));
  commit(1, {Erase{Kind::kMember, "m1"}, Put{sample_member("m9", "p1", "10.0.1.1")}});
  EXPECT_TRUE(load().members.contains("m9"));
}

TEST_F(StoreTest, OrderOfReferencesWithinACommitIsFree) {
  auto changes = puts(sample_model());
  std::ranges::reverse(changes);
  commit(0, changes);
  EXPECT_TRUE(store_->check());
}

TEST_F(StoreTest, R1_AChangeThatBreaksAConstraintMidwayChangesNothing) {
  commit(0, puts(sample_model()));
  // Good, bad, good: a member twice.
  expect_refused(1,
                 {Put{sample_load_balancer("lb2", "10.0.0.11")}, Put{sample_member("m3", "p1", "10.0.1.1")},
                  Put{sample_pool("p2", "lb2")}},
                 ErrorCode::kInternal);
  // A reference to nothing shows at COMMIT only.
  expect_refused(1, {Put{sample_load_balancer("lb2", "10.0.0.11")}, Put{sample_pool("p2", "none")}},
                 ErrorCode::kInternal);
  // A parent that goes before its children.
  expect_refused(1, {Erase{Kind::kLoadBalancer, "lb1"}}, ErrorCode::kInternal);
  expect_refused(1, {Erase{Kind::kMember, "m1"}, Erase{Kind::kMember, "none"}}, ErrorCode::kNotFound);
  EXPECT_EQ(commit(1, {Erase{Kind::kMember, "m1"}}), 2U);
}

TEST_F(StoreTest, AWrongBaseIsAConflict) {
  commit(0, puts(sample_model()));
  expect_refused(0, {Erase{Kind::kMember, "m1"}}, ErrorCode::kConflict);
  expect_refused(2, {Erase{Kind::kMember, "m1"}}, ErrorCode::kConflict);
}

TEST_F(StoreTest, TwoWritersCannotOverwriteEachOther) {
  commit(0, puts(sample_model()));
  auto other = open_sqlite(path_);
  ASSERT_TRUE(other);
  ASSERT_TRUE((*other)->commit(1, std::vector<Change>{Erase{Kind::kMember, "m1"}}));
  const auto late = store_->commit(1, std::vector<Change>{Erase{Kind::kMember, "m2"}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict);
  EXPECT_EQ(load().revision, 2U);
  EXPECT_TRUE(load().members.contains("m2"));
}

TEST_F(StoreTest, CheckFindsAReferenceToNothing) {
  commit(0, puts(sample_model()));
  store_.reset();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "DELETE FROM pool", nullptr, nullptr, nullptr), SQLITE_OK);  // no foreign_keys here
  sqlite3_close(db);
  open();
  const Status status = store_->check();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kStorage);
}

TEST_F(StoreTest, AWordThatThisBuildDoesNotKnowIsToldNotGuessed) {
  commit(0, puts(sample_model()));
  store_.reset();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "UPDATE pool SET protocol = 'SCTP'", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  open();
  const auto loaded = store_->load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("SCTP"), std::string::npos);
}

}  // namespace
}  // namespace elb::store
