// SPDX-License-Identifier: Apache-2.0
#include "control/config_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "unit/control/draft_fixture.h"
#include "unit/store/temp_dir.h"

namespace elb::control {
namespace {

class ConfigServiceTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    service_.reset();
    store_.reset();
    published_.clear();
    store_ = std::move(*store::open_sqlite(dir_.file("elb.db")));
    auto service = ConfigService::open(*store_, clock_, random_, model::Node{.subnets = sample_subnets()},
                                       [this](ModelPtr model) { published_.push_back(std::move(model)); });
    ASSERT_TRUE(service) << service.error().to_string();
    service_ = std::move(*service);
  }
  static Status add_load_balancer(Draft& draft) {
    model::LoadBalancer lb;
    lb.vip_subnet_id = "subnet-a";
    const auto id = draft.create(lb, false);
    return id ? Status() : Status(pass_on(id.error()));
  }

  test::TempDir dir_;
  test::ManualClock clock_;
  SystemRandom random_;
  std::vector<ModelPtr> published_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<ConfigService> service_;
};

TEST_F(ConfigServiceTest, PublishesTheStoredModelAndEveryCommit) {
  ASSERT_EQ(published_.size(), 1U);
  EXPECT_EQ(published_[0]->revision, 0U);
  const auto revision = service_->transact(add_load_balancer);
  ASSERT_TRUE(revision) << revision.error().to_string();
  EXPECT_EQ(*revision, 1U);
  ASSERT_EQ(published_.size(), 2U);
  EXPECT_EQ(published_[1], service_->model());
  EXPECT_EQ(published_[1]->load_balancers.size(), 1U);
  EXPECT_TRUE(published_[0]->load_balancers.empty()) << "a published model never changes";
}

TEST_F(ConfigServiceTest, R1_ACommitIsThereAfterReopening) {
  ASSERT_TRUE(service_->transact(add_load_balancer));
  const ModelPtr before = service_->model();
  open();
  EXPECT_EQ(service_->model()->revision, 1U);
  EXPECT_EQ(*service_->model()->load_balancers.begin()->second, *before->load_balancers.begin()->second);
}

TEST_F(ConfigServiceTest, AnErrorOfTheEditOrOfTheResultChangesNothing) {
  const auto edit_error = service_->transact([](Draft& draft) -> Status {
    EXPECT_TRUE(add_load_balancer(draft));
    return invalid("name", "no");
  });
  EXPECT_EQ(edit_error.error().field, "name");
  const auto rule_broken = service_->transact([](Draft& draft) -> Status {
    EXPECT_TRUE(add_load_balancer(draft));
    const auto lb = draft.model().load_balancers.begin()->first;
    EXPECT_TRUE(draft.create(test::sample_listener("", lb)));
    EXPECT_TRUE(draft.create(test::sample_listener("", lb)));
    return {};
  });
  EXPECT_EQ(rule_broken.error().code, ErrorCode::kConflict);
  EXPECT_EQ(rule_broken.error().field, "protocol_port");
  EXPECT_EQ(published_.size(), 1U);
  EXPECT_EQ(service_->model()->revision, 0U);
  EXPECT_EQ(store_->load()->revision, 0U);
}

TEST_F(ConfigServiceTest, AnEditWithoutChangesCommitsNothing) {
  const auto revision = service_->transact([](Draft&) -> Status { return {}; });
  ASSERT_TRUE(revision);
  EXPECT_EQ(*revision, 0U);
  EXPECT_EQ(published_.size(), 1U);
  EXPECT_EQ(store_->load()->revision, 0U);
}

TEST_F(ConfigServiceTest, AnotherProcessAtTheStoreIsNoticedAndTakenOver) {
  ASSERT_TRUE(service_->transact(add_load_balancer));
  auto other = std::move(*store::open_sqlite(dir_.file("elb.db")));
  ASSERT_TRUE(
      other->commit(1, std::vector<model::Change>{model::Put{test::sample_load_balancer("foreign", "10.0.0.200")}}));
  const auto refused = service_->transact(add_load_balancer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(service_->model()->load_balancers.contains("foreign"));
  EXPECT_EQ(*service_->transact(add_load_balancer), 3U);
}

TEST_F(ConfigServiceTest, WritersAreSerialisedAndPublishedInOrder) {
  std::atomic<int> failures = 0;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer)
    writers.emplace_back([&] {
      for (int i = 0; i < 15; ++i)
        if (!service_->transact(add_load_balancer)) ++failures;
    });
  std::atomic<bool> done = false;
  uint64_t last = 0;
  std::thread reader([&] {
    while (!done) {
      const ModelPtr model = service_->model();
      if (model->revision < last || model->load_balancers.size() != model->revision) ++failures;
      last = model->revision;
    }
  });
  for (auto& writer : writers) writer.join();
  done = true;
  reader.join();
  EXPECT_EQ(failures, 0);
  ASSERT_EQ(published_.size(), 61U);
  for (size_t i = 0; i < published_.size(); ++i) EXPECT_EQ(published_[i]->revision, i);
}

}  // namespace
}  // namespace elb::control
