// SPDX-License-Identifier: Apache-2.0
// MON-04.
#include "telemetry/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "unit/telemetry/world.h"

namespace elb::test {
namespace {

using telemetry::ExpositionFormat;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Prometheus, labels_are_escaped) {
  EXPECT_EQ(telemetry::escape_label("a\"b\\c\nd"), R"(a\"b\\c\nd)");
  EXPECT_EQ(telemetry::escape_label("\x01\xff"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(telemetry::escape_label("caf\xC3\xA9 \xE2\x82\xAC"), "caf\xC3\xA9 \xE2\x82\xAC");
  EXPECT_EQ(telemetry::escape_label("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
}

TEST(Prometheus, a_name_cannot_add_a_line) {
  World world;
  auto listener = *world.model.listeners["l4"];
  listener.name = "x\"} 1\nelb_fake 1";
  put(world.model, listener);
  for (const std::string& line : lines_of(render_metrics(world.sources(), ExpositionFormat::kText)))
    EXPECT_FALSE(line.starts_with("elb_fake")) << line;
}

/// Of every series but those of the node: the labels that name something configured.
std::set<std::string> names_in(const std::string& text, const std::string& label) {
  std::set<std::string> names;
  for (const std::string& line : lines_of(text)) {
    const size_t at = line.find(label + "=\"");
    if (at == std::string::npos) continue;
    const size_t from = at + label.size() + 2;
    names.insert(line.substr(from, line.find('"', from) - from));
  }
  return names;
}

TEST(Prometheus, MON_04_a_project_scrapes_what_is_its_own) {
  World world;
  put(world.model, sample_load_balancer("foreign"));
  put(world.model, sample_listener("foreign4", "foreign", 81));
  const std::string all = render_metrics(world.sources(), ExpositionFormat::kText);
  EXPECT_EQ(names_in(all, "loadbalancer_id"), (std::set<std::string>{"lb", "foreign"}));
  EXPECT_THAT(all, HasSubstr("\nprocess_open_fds "));

  const auto own = std::make_shared<const model::Model>(World().model);
  const std::string text = render_metrics(world.sources(), ExpositionFormat::kText, {}, own);
  EXPECT_EQ(names_in(text, "loadbalancer_id"), (std::set<std::string>{"lb"}));
  EXPECT_EQ(names_in(text, "listener_id"), (std::set<std::string>{"l4", "l7"}));
  EXPECT_EQ(names_in(text, "member_id"), (std::set<std::string>{"m1", "m2", "m3"}));
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with('#')) continue;
    EXPECT_THAT(line, HasSubstr("loadbalancer_id=\"lb\"")) << "of the node, or of nobody";
  }
}

TEST(Prometheus, counters_of_listeners_and_members) {
  World world;
  world.views.set_traffic("l4", {.connections = 5, .active = 2, .packets_in = 11, .bytes_in = 12});
  auto& http = world.http.listeners["l7"];
  http.requests = 3;
  http.status_2xx = 2;
  http.status_4xx = 1;
  http.status_404 = 1;
  http.latency_us.buckets[histogram_bucket(900)] = 2;
  http.latency_us.buckets[histogram_bucket(40'000)] = 1;
  http.request_us = 41'800;
  world.http.members["m3"].requests = 4;
  const std::string text = render_metrics(world.sources(), ExpositionFormat::kText);
  const std::string l4 = R"({loadbalancer_id="lb",loadbalancer="web",listener_id="l4",listener="",protocol="TCP"})";
  const std::string l7 = R"({loadbalancer_id="lb",loadbalancer="web",listener_id="l7",listener="",protocol="HTTP")";
  EXPECT_THAT(text,
              HasSubstr("# TYPE elb_listener_connections_total counter\nelb_listener_connections_total" + l4 + " 5\n"));
  EXPECT_THAT(text, HasSubstr("elb_listener_active_connections" + l4 + " 2\n"));
  EXPECT_THAT(text, HasSubstr("elb_http_listener_requests_total" + l7 + "} 3\n"));
  EXPECT_THAT(text, HasSubstr("elb_http_listener_responses_total" + l7 + ",class=\"2xx\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("elb_http_listener_responses_by_code_total" + l7 + ",code=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_duration_seconds_bucket" + l7 + ",le=\"0.001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_duration_seconds_bucket" + l7 + ",le=\"0.05\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("_duration_seconds_bucket" + l7 + ",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("_duration_seconds_sum" + l7 + "} 0.0418\n"));
  EXPECT_THAT(text, HasSubstr("elb_http_member_requests_total{"));
  EXPECT_THAT(text, HasSubstr("elb_flow_table_used_slots 250\n"));
  EXPECT_THAT(text, HasSubstr("elb_config_revision 7\n"));
  EXPECT_THAT(text, HasSubstr("elb_config_applied_revision 6\n"));
  EXPECT_THAT(text, HasSubstr("elb_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
}

TEST(Prometheus, MON_03_an_l7_listener_is_not_among_the_packet_counters_nor_the_other_way_round) {
  World world;
  for (const std::string& line : lines_of(render_metrics(world.sources(), ExpositionFormat::kText))) {
    if (line.starts_with("elb_http_listener")) {
      EXPECT_THAT(line, Not(HasSubstr("listener_id=\"l4\"")));
    }
    if (line.starts_with("elb_listener")) {
      EXPECT_THAT(line, Not(HasSubstr("listener_id=\"l7\"")));
    }
  }
}

TEST(Prometheus, a_member_is_up_when_healthy_or_not_monitored) {
  World world;
  world.views.set_health("m1", {model::HealthState::kUnhealthy, "refused", {}, {}, -1});
  world.views.set_health("m2", {model::HealthState::kHealthy, "", {}, {}, 1500});
  world.views.set_health("m3", {model::HealthState::kUnmonitored, "", {}, {}, -1});
  const std::string text = render_metrics(world.sources(), ExpositionFormat::kText);
  EXPECT_THAT(text, ::testing::ContainsRegex("elb_member_up\\{[^\n]*member_id=\"m1\"[^\n]*\\} 0\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("elb_member_up\\{[^\n]*member_id=\"m2\"[^\n]*\\} 1\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("elb_member_up\\{[^\n]*member_id=\"m3\"[^\n]*\\} 1\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("elb_member_check_latency_seconds\\{[^\n]*\"m2\"[^\n]*\\} 0.0015\n"));
}

TEST(Prometheus, each_family_has_help_and_type_once_before_its_samples) {
  World world;
  world.views.set_drops({{"no_listener", "", 3, true}, {"pass_host", "", 4, false}});
  world.views.set_sinks({{.name = "dataplane", .applies = 2}});
  for (const auto format : {ExpositionFormat::kText, ExpositionFormat::kOpenMetrics}) {
    std::set<std::string> families;
    std::string family;
    for (const std::string& line : lines_of(render_metrics(world.sources(), format))) {
      if (line == "# EOF") continue;
      if (line.starts_with("# HELP ")) {
        family = line.substr(7, line.find(' ', 7) - 7);
        EXPECT_TRUE(families.insert(family).second) << line;
      } else if (line.starts_with("# TYPE ")) {
        EXPECT_TRUE(line.starts_with("# TYPE " + family + " ")) << line;
      } else {
        EXPECT_TRUE(line.starts_with(family)) << line;
      }
    }
    EXPECT_GT(families.size(), 50U);
  }
}

TEST(Prometheus, open_metrics_is_told_apart_and_ends) {
  World world;
  EXPECT_EQ(telemetry::choose_format("text/plain"), ExpositionFormat::kText);
  EXPECT_EQ(telemetry::choose_format("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
            ExpositionFormat::kOpenMetrics);
  const std::string text = render_metrics(world.sources(), ExpositionFormat::kOpenMetrics);
  EXPECT_TRUE(text.ends_with("# EOF\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE elb_listener_connections counter\nelb_listener_connections_total{"));
}

}  // namespace
}  // namespace elb::test
