// SPDX-License-Identifier: Apache-2.0
// Shows: LOG-04, LOG-05, X-18 (connect, header, response), X-19 ($msec, no field left out).
#include "proxy/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "unit/store/temp_dir.h"

namespace elb::proxy {
namespace {

using namespace std::chrono_literals;

AccessRecord sample() {
  AccessRecord record;
  record.time = WallTime(1'700'000'000'123ms);
  record.topic = "t1";
  record.client = {*IpAddress::parse("10.1.0.11"), 4711};
  record.status = 200;
  record.method = "GET";
  record.host = "www.test.com";
  record.target = "/a?b=c";
  record.protocol = "HTTP/1.1";
  record.request_bytes = 100;
  record.sent_bytes = 1234;
  record.sent_body_bytes = 1000;
  record.request_time = 12'345us;
  record.user_agent = "curl/8 (x; y)";
  record.loadbalancer = "LB";
  record.listener = "LI";
  record.front = {*IpAddress::parse("2001:db8::1"), 443};
  return record;
}

std::string line_of(const AccessRecord& record) {
  std::string out;
  append_access_line(record, "2023-11-14T22:13:20+00:00", out);
  return out;
}

// The 32 fields of chapter 12.
bool is_line(const std::string& line) {
  static const std::regex golden(
      R"re(\d+\.\d{3} \S+ \[\S+\] elb_01 \S+:\d+ \d+ "\S+ \S+ \S+" \d+ \d+ \d+ \d+\.\d{3} "[^"]*" "[^"]*" "[^"]*" )re"
      R"re("[^"]*" "[^"]*" "[^"]*" "[^"]*" "[^"]*" \S+ \S+ \S+ \S+ "[^"]*" \S+ \S+:\d+ "[^"]*" \S+ \S+ \S+ \S+ \S+\n)re");
  return std::regex_match(line, golden);
}

TEST(AccessRecord, EveryFieldInItsPlace_LOG04) {
  AccessRecord record = sample();
  const std::array<AccessAttempt, 1> attempts = {AccessAttempt{.address = {*IpAddress::parse("10.2.0.12"), 8080},
                                                               .member = "M1",
                                                               .status = 200,
                                                               .connect_time = 1000us,
                                                               .header_time = 5499us,
                                                               .response_time = 5500us}};
  record.attempts = attempts;
  record.referer = "http://r/";
  record.forwarded_for = "1.1.1.1, 2.2.2.2";
  record.pool = "P";
  record.tenant = "T";
  record.certificate = "C";
  record.https = true;
  record.tls_protocol = "TLSv1.3";
  record.tls_cipher = "TLS_AES_128_GCM_SHA256";
  record.sni = "www.test.com";
  record.rtt_us = 250;
  const std::string line = line_of(record);
  EXPECT_EQ(line,
            "1700000000.123 t1 [2023-11-14T22:13:20+00:00] elb_01 10.1.0.11:4711 200 "
            "\"GET https://www.test.com/a?b=c HTTP/1.1\" 100 1234 1000 0.012 "
            "\"200\" \"0.001\" \"0.005\" \"0.006\" \"10.2.0.12:8080\" \"curl/8 (x; y)\" \"http://r/\" "
            "\"1.1.1.1, 2.2.2.2\" loadbalancer_LB listener_LI LI pool_P \"member_M1\" T [2001:db8::1]:443 "
            "\"10.2.0.12:8080\" C TLSv1.3 TLS_AES_128_GCM_SHA256 www.test.com 250\n");
  EXPECT_TRUE(is_line(line));
}

TEST(AccessRecord, WhatIsMissingIsADash_LOG05) {
  AccessRecord record = sample();
  record.user_agent = {};
  record.topic = {};
  const std::string line = line_of(record);
  EXPECT_TRUE(is_line(line)) << line;
  EXPECT_NE(line.find(" \"-\" \"-\" \"-\" \"-\" \"-\" \"-\" \"-\" \"-\" loadbalancer_LB listener_LI LI - \"-\" - "),
            std::string::npos)
      << line;
  EXPECT_TRUE(line.ends_with(" \"-\" - - - - -\n")) << line;
}

TEST(AccessRecord, RetriesHaveSeveralValues_LOG05_LS19) {
  AccessRecord record = sample();
  const std::array<AccessAttempt, 2> attempts = {
      AccessAttempt{.address = {*IpAddress::parse("10.2.0.12"), 80}, .member = "M1"},
      AccessAttempt{
          .address = {*IpAddress::parse("10.2.0.13"), 80}, .member = "M2", .status = 200, .connect_time = 0us}};
  record.attempts = attempts;
  const std::string line = line_of(record);
  EXPECT_TRUE(is_line(line)) << line;
  EXPECT_NE(line.find("\"-, 200\" \"-, 0.000\""), std::string::npos) << line;
  EXPECT_NE(line.find("\"10.2.0.12:80, 10.2.0.13:80\""), std::string::npos) << line;
  EXPECT_NE(line.find("\"member_M1, member_M2\""), std::string::npos) << line;
}

TEST(AccessRecord, HostileTextStaysInItsField_LOG04) {
  AccessRecord record = sample();
  const std::string hostile("a\" b\n\r\t\\\x01\xff\0z", 13);
  for (std::string_view* field : {&record.method, &record.host, &record.target, &record.protocol, &record.user_agent,
                                  &record.referer, &record.forwarded_for, &record.sni, &record.topic, &record.tenant})
    *field = hostile;
  const std::string line = line_of(record);
  EXPECT_TRUE(is_line(line)) << line;
}

TEST(AccessRecord, RequestThatCouldNotBeRead) {
  AccessRecord record = sample();
  record.method = record.host = record.target = record.protocol = {};
  record.status = 400;
  EXPECT_NE(line_of(record).find(" 400 \"- - -\" "), std::string::npos);
  EXPECT_TRUE(is_line(line_of(record)));
}

TEST(AccessClock, IsIso8601WithZone) {
  AccessClock clock;
  const WallTime now(1'700'000'000s);
  const std::string text(clock.iso(now));
  EXPECT_TRUE(std::regex_match(text, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d)"))) << text;
  EXPECT_EQ(clock.iso(now + 999ms), text);
  EXPECT_NE(clock.iso(now + 1s), text);
}

std::vector<std::string> lines_in(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  return lines;
}

TEST(AccessLog, LinesOfAllLoopsArriveWhole_LOG04) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/access.log";
  auto log = AccessLog::open({.path = path, .loops = 3, .ring_bytes = size_t{8} << 20});
  ASSERT_TRUE(log) << log.error().to_string();
  std::vector<std::thread> loops;
  for (size_t loop = 0; loop < 3; ++loop)
    loops.emplace_back([&log, loop] {
      const std::string agent = "loop" + std::to_string(loop);
      AccessRecord record = sample();
      record.user_agent = agent;
      for (int i = 0; i < 5000; ++i) (*log)->append(loop, record);
    });
  for (auto& loop : loops) loop.join();
  (*log)->flush();
  const auto lines = lines_in(path);
  EXPECT_EQ((*log)->lines(), 15000);
  EXPECT_EQ((*log)->dropped(), 0);
  ASSERT_EQ(lines.size(), 15000);
  std::map<std::string, int> counts;
  for (const std::string& line : lines) {
    ASSERT_NE(line.find("\"loop"), std::string::npos);
    ++counts[line.substr(line.find("\"loop"), 7)];
  }
  EXPECT_EQ(counts, (std::map<std::string, int>{{"\"loop0\"", 5000}, {"\"loop1\"", 5000}, {"\"loop2\"", 5000}}));
}

TEST(AccessLog, WritesByItselfWithinASecond_LOG03) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/access.log";
  auto log = AccessLog::open({.path = path});
  (*log)->append(0, sample());
  for (int i = 0; i < 100 && lines_in(path).empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(lines_in(path).size(), 1);
}

TEST(AccessLog, FullRingDropsAndCounts) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  Fd reader(pipe_ends[0]);
  uint64_t written = 0;
  {
    // the writer stands before a full pipe
    const auto log = AccessLog::on(Fd(pipe_ends[1]), 1, size_t{1} << 16);
    for (int i = 0; i < 20000; ++i) written += log->append(0, sample());
    EXPECT_GT(log->dropped(), 0);
    EXPECT_EQ(log->lines(), written);
    EXPECT_EQ(log->lines() + log->dropped(), 20000);
    ::signal(SIGPIPE, SIG_IGN);  // as in the worker
    reader.reset();              // and now before a broken one
  }
}

TEST(AccessLog, ReopenFollowsRotation) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/access.log";
  auto log = AccessLog::open({.path = path});
  (*log)->append(0, sample());
  ASSERT_EQ(::rename(path.c_str(), (path + ".1").c_str()), 0);
  ASSERT_TRUE((*log)->reopen());
  (*log)->append(0, sample());
  (*log)->append(0, sample());
  (*log)->flush();
  EXPECT_EQ(lines_in(path + ".1").size(), 1);
  EXPECT_EQ(lines_in(path).size(), 2);
}

TEST(AccessLog, PathThatCannotBeOpenedIsAnError) {
  EXPECT_FALSE(AccessLog::open({.path = "/proc/nonexistent/access.log"}));
}

TEST(ByteRing, WrapsAround) {
  ByteRing ring(16);
  std::string out;
  std::string sent;
  for (int i = 0; i < 100; ++i) {
    const std::string piece = std::to_string(i * 7919);
    ASSERT_TRUE(ring.push(piece));
    sent += piece;
    if (i % 2 == 1) ring.pop_all(out);
  }
  ring.pop_all(out);
  EXPECT_EQ(out, sent);
  EXPECT_TRUE(ring.push(std::string(16, 'x')));
  EXPECT_FALSE(ring.push("y"));
}

}  // namespace
}  // namespace elb::proxy
