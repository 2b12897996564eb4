// SPDX-License-Identifier: Apache-2.0
// Lines as the proxy writes them, by its own function. Thread rule: pure.
#pragma once

#include <string>

#include "proxy/access_record.h"

namespace elb::logs::test {

struct Sample {
  std::string agent = "curl/8 (x; y)";
  std::string target = "/a?b=c";
  std::string method = "GET";
  std::string sni{};
  std::string loadbalancer = "LB";
  uint16_t status = 200;
  int64_t time_ms = 1'700'000'000'123;
};

/// Without a line end.
inline std::string line(const Sample& sample) {
  proxy::AccessRecord record;
  record.time = WallTime(std::chrono::milliseconds(sample.time_ms));
  record.topic = "t1";
  record.client = {*IpAddress::parse("10.1.0.11"), 4711};
  record.status = sample.status;
  record.method = sample.method;
  record.host = "www.test.com";
  record.target = sample.target;
  record.protocol = "HTTP/1.1";
  record.user_agent = sample.agent;
  record.loadbalancer = sample.loadbalancer;
  record.listener = "LI";
  record.tenant = "T";
  record.front = {*IpAddress::parse("2001:db8::1"), 443};
  record.sni = sample.sni;
  record.rtt_us = 250;
  std::string out;
  proxy::append_access_line(record, "2023-11-14T22:13:20+00:00", out);
  out.pop_back();
  return out;
}

}  // namespace elb::logs::test
