// SPDX-License-Identifier: Apache-2.0
// Shows: S8.
#include "dataplane/syn_cookies.h"

#include <gtest/gtest.h>

namespace elb::dataplane {
namespace {

using model::Severity;

TEST(SynCookies, S8_TheDoctorWarnsOnlyOfWhatIsWantedAndMissing) {
  DataplaneOptions options;
  EXPECT_EQ(judge_syn_cookies(options, "no helper").severity, Severity::kOk) << "no rate, no flood";
  options.max_new_connections_per_s = 1000;
  EXPECT_EQ(judge_syn_cookies(options, "").severity, Severity::kOk);
  const auto finding = judge_syn_cookies(options, "net.ipv4.tcp_syncookies is 0");
  EXPECT_EQ(finding.severity, Severity::kWarning);
  EXPECT_NE(finding.seen.find("net.ipv4.tcp_syncookies is 0"), std::string::npos);
  EXPECT_FALSE(finding.remedy.empty());
  options.syn_cookies = false;
  EXPECT_EQ(judge_syn_cookies(options, "no helper").severity, Severity::kOk) << "switched off by the operator";
  EXPECT_FALSE(uses_syn_cookies(options));
}

}  // namespace
}  // namespace elb::dataplane
