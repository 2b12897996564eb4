// SPDX-License-Identifier: Apache-2.0
// Budget: how much a client may burden a connection beyond the requests that it lets be answered. Each frame that costs
// us more than it costs the client is charged; the budget fills up again slowly, and with every answered request, so
// that busy honest clients never see its end. Thread rule: one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace elb::h2 {

/// What frames cost. A burst of kBudget / cost is allowed, and kBudgetPerSecond / cost for good.
inline constexpr uint32_t kBudget = 1000;
inline constexpr uint32_t kBudgetPerSecond = 100;
inline constexpr uint32_t kResetCost = 5;   // by the client, of a request that may have been begun: 200, then 20/s
inline constexpr uint32_t kWrongCost = 10;  // a stream that we have to reset, a malformed request
inline constexpr uint32_t kSettingsCost = 10;
inline constexpr uint32_t kPingCost = 4;
inline constexpr uint32_t kEmptyDataCost = 5;
inline constexpr uint32_t kOtherCost = 2;  // PRIORITY, CONTINUATION, needless WINDOW_UPDATE
inline constexpr uint32_t kAnswerRefund = 4;

class Budget {
 public:
  /// False: it is used up.
  bool charge(uint32_t cost, SteadyTime now) {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - filled_at_).count();
    if (passed >= kStepMs) {
      refund(static_cast<uint32_t>(std::min<int64_t>(passed, kWholeMs) * kBudgetPerSecond / 1000));
      filled_at_ = now;
    }
    if (left_ < cost) return false;
    left_ -= cost;
    return true;
  }
  void refund(uint32_t amount) { left_ = std::min(kBudget, left_ + amount); }

 private:
  static constexpr int64_t kStepMs = 10;
  static constexpr int64_t kWholeMs = int64_t{kBudget} * 1000 / kBudgetPerSecond;
  uint32_t left_ = kBudget;
  SteadyTime filled_at_{};
};

}  // namespace elb::h2
