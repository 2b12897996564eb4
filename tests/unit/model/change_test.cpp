// SPDX-License-Identifier: Apache-2.0
// What is worked out from a change alone is what would be worked out anew: relations that follow random edits are those
// of the result, and validate_change() refuses what validate() refuses, and nothing else.
#include <gtest/gtest.h>

#include <random>

#include "model/relations.h"
#include "model/validate_change.h"
#include "unit/model/samples.h"

namespace elb::test {
namespace {

using model::Id;
using model::Model;
using model::Relations;

template <class T>
std::vector<Id> ids(const Relations::List<T>& list) {
  std::vector<Id> out;
  for (const auto& resource : list) out.push_back(resource->id);
  return out;
}

/// Edits that are as likely to break a rule as not: few ids, addresses and ports, so that they meet.
class Editor {
 public:
  explicit Editor(uint32_t seed) : random_(seed) {}

  void edit(Model& model) {
    switch (pick(9)) {
      case 0:
        return either(model, sample_load_balancer(name("lb", 3), address()));
      case 1:
        return either(model, listener());
      case 2:
        return either(model,
                      sample_pool(name("p", 5), name("lb", 3), l7() ? model::Protocol::kHttp : model::Protocol::kTcp));
      case 3: {
        auto member = sample_member(name("m", 12), name("p", 5), pick(8) == 0 ? address() : "10.0.1.1",
                                    static_cast<uint16_t>(80 + pick(6)));
        if (pick(6) == 0) member.monitor_address = ip(address());
        return either(model, std::move(member));
      }
      case 4:
        return either(model, sample_monitor(name("h", 4), name("p", 5)));
      case 5: {
        model::Eip eip;
        eip.id = name("e", 3);
        eip.address = ip(address());
        if (pick(2) == 0) eip.loadbalancer_id = name("lb", 3);
        return either(model, std::move(eip));
      }
      case 6:
        return either(model,
                      pick(4) == 0 ? sample_authority(name("c", 3)) : sample_certificate(name("c", 3), name("d", 2)));
      case 7:
        return either(model, policy());
      default:
        return either(model, sample_rule(name("r", 8), name("y", 6), "/" + name("v", 2)));
    }
  }
  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

 private:
  std::string name(std::string prefix, uint32_t below) { return prefix + std::to_string(pick(below)); }
  std::string address() { return "10.0.0." + std::to_string(10 + pick(6)); }
  bool l7() { return pick(2) == 0; }

  model::Listener listener() {
    const auto protocol =
        l7() ? (pick(2) == 0 ? model::Protocol::kHttps : model::Protocol::kHttp) : model::Protocol::kTcp;
    auto made = sample_listener(name("l", 6), name("lb", 3), static_cast<uint16_t>(80 + pick(5)), protocol);
    if (pick(2) == 0) made.default_pool_id = name("p", 5);
    if (protocol == model::Protocol::kHttps) {
      made.tls.certificate_id = name("c", 3);
      if (pick(3) == 0) made.tls.sni_ids = {name("c", 3)};
    }
    return made;
  }
  model::L7Policy policy() {
    auto made = sample_policy(name("y", 6), name("l", 6), name("p", 5));
    made.sequence = pick(100);
    if (pick(3) != 0) return made;
    made.action = model::L7Action::kListener;
    made.redirect_pool_id.reset();
    made.redirect_listener_id = name("l", 6);
    return made;
  }
  template <class T>
  void either(Model& model, T resource) {
    if (pick(4) == 0)
      model.table<T>().erase(resource.id);
    else
      put(model, std::move(resource));
  }

  std::mt19937 random_;
};

void expect_same(const Relations& followed, const Relations& made, const Model& model) {
  for (const auto& id : {"lb0", "lb1", "lb2"}) {
    EXPECT_EQ(ids(followed.listeners_of(id)), ids(made.listeners_of(id)));
    EXPECT_EQ(ids(followed.pools_of(id)), ids(made.pools_of(id)));
    EXPECT_EQ(ids(followed.eips_of(id)), ids(made.eips_of(id)));
  }
  for (int i = 0; i < 12; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_EQ(ids(followed.users_of("p" + n)), ids(made.users_of("p" + n)));
    EXPECT_EQ(ids(followed.members_of("p" + n)), ids(made.members_of("p" + n)));
    EXPECT_EQ(ids(followed.monitors_of("p" + n)), ids(made.monitors_of("p" + n)));
    EXPECT_EQ(ids(followed.policies_to_pool("p" + n)), ids(made.policies_to_pool("p" + n)));
    EXPECT_EQ(ids(followed.policies_of("l" + n)), ids(made.policies_of("l" + n)));
    EXPECT_EQ(ids(followed.policies_to_listener("l" + n)), ids(made.policies_to_listener("l" + n)));
    EXPECT_EQ(ids(followed.rules_of("y" + n)), ids(made.rules_of("y" + n)));
    EXPECT_EQ(ids(followed.certificate_users("c" + n)), ids(made.certificate_users("c" + n)));
    const IpAddress at = ip("10.0.0." + std::to_string(10 + i));
    EXPECT_EQ(ids(followed.members_at(at)), ids(made.members_at(at)));
    EXPECT_EQ(ids(followed.load_balancers_at(at)), ids(made.load_balancers_at(at)));
    EXPECT_EQ(ids(followed.eips_at(at)), ids(made.eips_at(at)));
  }
  for (const auto& [id, member] : model.members) {
    const auto& list = followed.members_of(member->pool_id);
    EXPECT_EQ(std::ranges::count(list, member), 1) << "the resource of now, not one that it replaced";
  }
}

TEST(ChangeTest, WhatFollowsAChangeIsWhatWouldBeMadeAnew) {
  size_t sound = 0, broken = 0;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    Editor editor(seed);
    Model base;
    Relations relations(base);
    for (int round = 0; round < 300; ++round) {
      Model next = base;
      for (uint32_t edits = 1 + editor.pick(3); edits > 0; --edits) editor.edit(next);
      Relations followed = relations;
      followed.follow(base, next);
      expect_same(followed, Relations(next), next);
      const Status whole = validate(next);
      const Status part = validate_change(base, next, followed);
      ASSERT_EQ(whole.has_value(), part.has_value())
          << "seed " << seed << " round " << round << ": " << (whole ? "sound" : whole.error().to_string())
          << " against " << (part ? "sound" : part.error().to_string());
      ++(whole ? sound : broken);
      if (!whole) continue;
      base = std::move(next);
      relations = std::move(followed);
    }
  }
  EXPECT_GT(sound, 500U) << "otherwise little was shown";
  EXPECT_GT(broken, 500U);
}

TEST(ChangeTest, ACertificateThatManyShareDoesNotDrawThemAllIn) {
  // Were it so, one change would cost what all of them hold; seen by a fault elsewhere, which only validate() looks at.
  Model base;
  put(base, sample_certificate("c"));
  for (const std::string n : {"1", "2"}) {
    put(base, sample_load_balancer("lb" + n, "10.0.0." + n));
    auto https = sample_listener("l" + n, "lb" + n, 443, model::Protocol::kHttps);
    https.tls.certificate_id = "c";
    put(base, std::move(https));
  }
  auto broken = sample_listener("l3", "lb2", 443, model::Protocol::kTcp);  // a port that is taken
  put(base, std::move(broken));
  Model next = base;
  auto renamed = *base.listeners.at("l1");
  renamed.name = "other";
  put(next, std::move(renamed));
  EXPECT_FALSE(validate(next));
  EXPECT_TRUE(validate_change(base, next, Relations(next)));
  auto changed = sample_certificate("c", "other.example");
  put(next, std::move(changed));
  EXPECT_FALSE(validate_change(base, next, Relations(next))) << "its own change concerns them all";
}

}  // namespace
}  // namespace elb::test
