// SPDX-License-Identifier: Apache-2.0
// Shows: FP-08, FP-15, LS-10, PL-02, PL-10, RD-05, TLS-10.
// Certificates, policies and rules in a draft: what is made up, what stands in the way of deletion, what goes along.
#include "unit/control/draft_fixture.h"

namespace elb::control {
namespace {

using model::Id;
using model::Protocol;

class DraftL7Test : public DraftTest {
 protected:
  DraftL7Test() {
    node_.serves_http = true;
    lb_ = load_balancer();
    certificate_ = get(draft_.create(test::sample_certificate("")));
    http_ = get(draft_.create(test::sample_listener("", lb_, 80, Protocol::kHttp)));
    model::Listener https = test::sample_listener("", lb_, 443, Protocol::kHttps);
    https.tls.certificate_id = certificate_;
    https_ = get(draft_.create(https));
    pool_ = get(draft_.create(test::sample_pool("", lb_, Protocol::kHttp), ""));
  }
  Id policy(const Id& listener, int position = 0) {
    model::L7Policy policy = test::sample_policy("", listener, pool_);
    policy.position = position;
    return get(draft_.create(policy));
  }
  Id redirect() {
    model::L7Policy policy;
    policy.listener_id = http_;
    policy.action = model::L7Action::kListener;
    policy.redirect_listener_id = https_;
    policy.position = 0;
    return get(draft_.create(policy));
  }
  Id rule(const Id& policy) { return get(draft_.create(test::sample_rule("", policy, "/a"))); }

  Id lb_, certificate_, http_, https_, pool_;
};

TEST_F(DraftTest, HttpIsRefusedWhereNoProxyServesIt) {
  const Id lb = load_balancer();
  for (const auto protocol : {Protocol::kHttp, Protocol::kHttps})
    expect_error(draft_.create(test::sample_listener("", lb, 80, protocol)), ErrorCode::kUnsupported, "protocol");
  expect_error(draft_.create(test::sample_pool("", lb, Protocol::kHttp), ""), ErrorCode::kUnsupported, "protocol");
}

TEST_F(DraftL7Test, ACertificateHasAnIdWithoutDashes) {
  EXPECT_EQ(certificate_.size(), 32U);
  EXPECT_EQ(certificate_.find('-'), std::string::npos);
  EXPECT_TRUE(validate(draft_.model()));
}

TEST_F(DraftL7Test, PL_02_TheNewPoolOfAnHttpsListenerIsHttp) {
  const Id pool = get(draft_.create(test::sample_pool("", "", Protocol::kHttp), https_));
  EXPECT_EQ(copy<model::Listener>(https_).default_pool_id, pool);
  expect_error(draft_.create(test::sample_pool("", "", Protocol::kTcp), http_), ErrorCode::kInvalid, "protocol");
}

TEST_F(DraftL7Test, FP_08_PositionsAreDenseAndMoveAsOctavias) {
  std::vector<Id> order;
  const auto expect_order = [&](const std::string& what) {
    for (size_t i = 0; i < order.size(); ++i)
      EXPECT_EQ(copy<model::L7Policy>(order[i]).position, static_cast<int>(i) + 1) << what << ", place " << i;
  };
  const auto move = [&](const Id& id, int position) {
    model::L7Policy moved = copy<model::L7Policy>(id);
    moved.position = position;
    EXPECT_TRUE(draft_.update(moved));
  };
  const Id a = policy(http_), b = policy(http_, 7), c = policy(http_), d = policy(http_, 1);
  order = {d, a, b, c};
  expect_order("7 is behind the last, 1 before all");
  const Id e = policy(http_, 3), f = policy(http_, model::kPositionMax);
  order = {d, a, e, b, c, f};
  expect_order("in between");
  EXPECT_EQ(copy<model::L7Policy>(policy(https_, 5)).position, 1) << "another listener";
  move(f, 2);
  order = {d, f, a, e, b, c};
  expect_order("moved up");
  move(d, 4);
  order = {f, a, e, d, b, c};
  expect_order("moved down");
  move(a, 100);
  order = {f, e, d, b, c, a};
  expect_order("moved behind the last");
  EXPECT_TRUE(draft_.remove_l7policy(d));
  order = {f, e, b, c, a};
  expect_order("one was deleted");
  EXPECT_TRUE(validate(draft_.model()));
}

TEST_F(DraftL7Test, FP_15_APolicyCanBeChangedButNotMoved) {
  const Id id = policy(http_);
  model::L7Policy changed = copy<model::L7Policy>(id);
  changed.action = model::L7Action::kReject;
  changed.redirect_pool_id.reset();
  changed.position = 9;
  changed.sequence = 0;  // not the caller's
  EXPECT_TRUE(draft_.update(changed));
  EXPECT_EQ(copy<model::L7Policy>(id).sequence, 1);
  EXPECT_EQ(copy<model::L7Policy>(id).position, 1) << "there is no other one";
  changed.listener_id = https_;
  expect_error(draft_.update(changed), ErrorCode::kConflict, "listener_id");
  changed = copy<model::L7Policy>(id);
  changed.action = model::L7Action::kPool;
  changed.redirect_pool_id = "none";
  expect_error(draft_.update(changed), ErrorCode::kNotFound, "redirect_pool_id");
}

TEST_F(DraftL7Test, LS_10_RD_05_ARedirectHoldsItsTarget) {
  const Id id = redirect();
  const Status refused = draft_.remove_listener(https_);
  expect_error(refused, ErrorCode::kConflict, "");
  EXPECT_NE(refused.error().message.find(id), std::string::npos) << "names the l7policy";
  EXPECT_TRUE(draft_.remove_l7policy(id));
  EXPECT_TRUE(draft_.remove_listener(https_));
}

TEST_F(DraftL7Test, LS_10_AListenerTakesItsPoliciesAlong) {
  const Id id = policy(http_);
  rule(id);
  redirect();
  EXPECT_TRUE(draft_.remove_listener(http_));
  EXPECT_TRUE(draft_.model().l7policies.empty());
  EXPECT_TRUE(draft_.model().l7rules.empty());
  EXPECT_TRUE(draft_.model().pools.contains(pool_));
  EXPECT_TRUE(validate(draft_.model()));
}

TEST_F(DraftL7Test, LS_10_APoolThatAPolicyUsesStaysWithItsMembers) {
  model::Listener https = copy<model::Listener>(https_);
  https.default_pool_id = pool_;
  EXPECT_TRUE(draft_.update(https));
  policy(http_);
  member(pool_, "10.0.2.1");
  EXPECT_TRUE(draft_.remove_listener(https_));
  EXPECT_TRUE(draft_.model().pools.contains(pool_));
}

TEST_F(DraftL7Test, PL_10_APoolIsHeldByAPolicy) {
  const Id id = policy(http_);
  const Status refused = draft_.remove_pool(pool_);
  expect_error(refused, ErrorCode::kConflict, "");
  EXPECT_NE(refused.error().message.find(id), std::string::npos);
  EXPECT_TRUE(draft_.remove_l7policy(id));
  EXPECT_TRUE(draft_.remove_pool(pool_));
}

TEST_F(DraftL7Test, TLS_10_ACertificateIsHeldByItsListeners) {
  const Id authority = get(draft_.create(test::sample_authority("")));
  const Id sni = get(draft_.create(test::sample_certificate("", "a.example")));
  model::Listener https = copy<model::Listener>(https_);
  https.tls.client_ca_id = authority;
  https.tls.sni_ids = {sni};
  EXPECT_TRUE(draft_.update(https));
  for (const Id& id : {certificate_, authority, sni}) {
    const Status refused = draft_.remove_certificate(id);
    expect_error(refused, ErrorCode::kConflict, "");
    EXPECT_NE(refused.error().message.find(https_), std::string::npos);
  }
  EXPECT_TRUE(draft_.remove_listener(https_));
  for (const Id& id : {certificate_, authority, sni}) EXPECT_TRUE(draft_.remove_certificate(id));
}

TEST_F(DraftL7Test, ACascadeTakesPoliciesAndRulesButNotCertificates) {
  rule(policy(http_));
  redirect();
  EXPECT_TRUE(draft_.remove_load_balancer(lb_, true));
  EXPECT_TRUE(draft_.model().l7policies.empty() && draft_.model().l7rules.empty() && draft_.model().listeners.empty());
  EXPECT_TRUE(draft_.model().certificates.contains(certificate_));
}

TEST_F(DraftL7Test, ChangesComeInAnOrderThatTheStoreCanTake) {
  rule(policy(http_));
  const auto changes = draft_.changes();
  ASSERT_FALSE(changes.empty());
  EXPECT_TRUE(std::holds_alternative<model::Certificate>(std::get<model::Put>(changes.front()).resource));
  EXPECT_TRUE(std::holds_alternative<model::L7Rule>(std::get<model::Put>(changes.back()).resource));
}

}  // namespace
}  // namespace elb::control
