// SPDX-License-Identifier: Apache-2.0
// Answers to requests with an Idempotency-Key, over a real file.
#include <gtest/gtest.h>

#include "store/answer_store.h"
#include "store/store.h"
#include "unit/model/samples.h"
#include "unit/store/temp_dir.h"

namespace elb::store {
namespace {

using model::Change;
using model::Put;

class AnswersTest : public testing::Test {
 protected:
  Answer kept(const std::string& scope, int64_t now_ms) {
    const auto found = answers_->find(scope, now_ms);
    EXPECT_TRUE(found) << found.error().to_string();
    EXPECT_TRUE(*found) << scope;
    return found->value_or(Answer{});
  }
  bool has(const std::string& scope, int64_t now_ms) {
    const auto found = answers_->find(scope, now_ms);
    EXPECT_TRUE(found) << found.error().to_string();
    return found->has_value();
  }
  Answer answer(int status, const std::string& body) { return {.status = status, .head = "h", .body = body}; }

  test::TempDir dir_;
  const std::string path_ = dir_.file("elb.db");
  std::unique_ptr<Store> store_ = *open_sqlite(path_);
  std::unique_ptr<AnswerStore> answers_ = *open_answers(path_);
};

TEST_F(AnswersTest, AnAnswerIsKeptForADay) {
  ASSERT_TRUE(answers_->keep({"s", "f"}, answer(404, "no"), 1000));
  const Answer found = kept("s", 1000 + kAnswerLifeMs - 1);
  EXPECT_EQ(found.status, 404);
  EXPECT_EQ(found.body, "no");
  EXPECT_EQ(found.head, "h");
  EXPECT_EQ(found.fingerprint, "f");
  EXPECT_FALSE(found.revision);
  EXPECT_FALSE(has("s", 1000 + kAnswerLifeMs));
  EXPECT_FALSE(has("other", 1000));
}

TEST_F(AnswersTest, ACommitClaimsItsRequestAndTheAnswerComesLater) {
  const Origin origin{.time_ms = 5000, .claim = Claim{"s", "f"}};
  ASSERT_TRUE(store_->commit(0, std::vector<Change>{Put{test::sample_load_balancer("lb1", "10.0.0.1")}}, origin));
  const Answer claimed = kept("s", 5000);
  EXPECT_FALSE(claimed.status);
  EXPECT_EQ(claimed.revision, 1U);
  EXPECT_EQ(claimed.created, "lb1");
  EXPECT_EQ(claimed.fingerprint, "f");

  ASSERT_TRUE(answers_->keep({"s", "f"}, answer(201, "done"), 5001));
  const Answer whole = kept("s", 5001);
  EXPECT_EQ(whole.status, 201);
  EXPECT_EQ(whole.body, "done");
}

TEST_F(AnswersTest, ACommitThatFailsClaimsNothing) {
  const Origin origin{.time_ms = 5000, .claim = Claim{"s", "f"}};
  ASSERT_FALSE(store_->commit(7, std::vector<Change>{Put{test::sample_load_balancer("lb1", "10.0.0.1")}}, origin));
  EXPECT_FALSE(has("s", 5000));
}

TEST_F(AnswersTest, TheOldestGoBeyondTenThousand) {
  for (int64_t i = 0; i <= kAnswersKept; ++i)
    ASSERT_TRUE(answers_->keep({std::to_string(i), "f"}, answer(200, ""), 1000)) << i;
  EXPECT_FALSE(has("0", 1000));
  EXPECT_TRUE(has("1", 1000));
  EXPECT_TRUE(has(std::to_string(kAnswersKept), 1000));
}

}  // namespace
}  // namespace elb::store
