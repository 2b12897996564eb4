// SPDX-License-Identifier: Apache-2.0
#include "proxy/access_record.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "http/log_escape.h"

namespace elb::proxy {
namespace {

constexpr std::string_view kVersion = "elb_01";

class Line {
 public:
  explicit Line(std::string& out) : out_(out) {}

  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  /// In a quoted field: blanks are data.
  void text(std::string_view value) {
    if (value.empty()) {
      out_ += '-';
    } else {
      http::append_log_text(out_, value);
    }
  }

  /// In a bare field, or one of several words in quotes: blanks are escaped.
  void word(std::string_view value) {
    if (value.empty()) out_ += '-';
    while (!value.empty()) {
      const size_t blank = value.find(' ');
      http::append_log_text(out_, value.substr(0, blank));
      if (blank == std::string_view::npos) break;
      out_ += "\\x20";
      value.remove_prefix(blank + 1);
    }
  }

  void named(std::string_view prefix, std::string_view id) {
    if (!id.empty()) out_ += prefix;
    word(id);
  }

  void quoted(std::string_view value) {
    out_ += " \"";
    text(value);
    out_ += '"';
  }

  void bare(std::string_view value) {
    out_ += ' ';
    word(value);
  }

  /// One value for each attempt.
  template <class Put>
  void each(std::span<const AccessAttempt> attempts, Put&& put) {
    out_ += " \"";
    if (attempts.empty()) out_ += '-';
    for (size_t i = 0; i < attempts.size(); ++i) {
      if (i > 0) out_ += ", ";
      put(attempts[i]);
    }
    out_ += '"';
  }

  /// Seconds with milliseconds, rounded.
  void seconds(std::chrono::microseconds time) {
    if (time.count() < 0) {
      out_ += '-';
    } else {
      const auto ms = (time.count() + 500) / 1000;
      print("{}.{:03}", ms / 1000, ms % 1000);
    }
  }

  std::string& out() { return out_; }

 private:
  std::string& out_;
};

void put_request(const AccessRecord& record, Line& line) {
  line.out() += " \"";
  if (record.method.empty()) {
    line.out() += "- - -\"";  // no request that could be read
    return;
  }
  line.word(record.method);
  line.out() += record.https ? " https://" : " http://";
  line.word(record.host);
  line.word(record.target);
  line.out() += ' ';
  line.word(record.protocol);
  line.out() += '"';
}

void put_attempts(std::span<const AccessAttempt> attempts, Line& line) {
  line.each(attempts, [&](const AccessAttempt& one) {
    if (one.status == 0) {
      line.out() += '-';
    } else {
      line.print("{}", one.status);
    }
  });
  line.each(attempts, [&](const AccessAttempt& one) { line.seconds(one.connect_time); });
  line.each(attempts, [&](const AccessAttempt& one) { line.seconds(one.header_time); });
  line.each(attempts, [&](const AccessAttempt& one) { line.seconds(one.response_time); });
  line.each(attempts, [&](const AccessAttempt& one) { line.out() += one.address.to_string(); });
}

}  // namespace

std::string_view to_string(RequestEnd end) {
  switch (end) {
    case RequestEnd::kDone:
      return "done";
    case RequestEnd::kRetried:
      return "retried";
    case RequestEnd::kRedirected:
      return "redirected";
    case RequestEnd::kRejected:
      return "rejected";
    case RequestEnd::kMalformed:
      return "malformed";
    case RequestEnd::kRequestTimeout:
      return "request_timeout";
    case RequestEnd::kRateLimit:
      return "rate_limit";
    case RequestEnd::kWrongHost:
      return "wrong_host";
    case RequestEnd::kNoListener:
      return "no_listener";
    case RequestEnd::kNoMember:
      return "no_member";
    case RequestEnd::kConnectFailed:
      return "connect_failed";
    case RequestEnd::kConnectTimeout:
      return "connect_timeout";
    case RequestEnd::kMemberReset:
      return "member_reset";
    case RequestEnd::kMemberTimeout:
      return "member_timeout";
    case RequestEnd::kMemberMalformed:
      return "member_malformed";
    case RequestEnd::kClientLeft:
      return "client_left";
    case RequestEnd::kStalled:
      return "stalled";
  }
  return "-";
}

void append_access_line(const AccessRecord& record, std::string_view iso_time, std::string& out) {
  Line line(out);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(record.time.time_since_epoch()).count();
  line.print("{}.{:03}", ms / 1000, ms % 1000);
  line.bare(record.topic);
  line.print(" [{}] {} {} {}", iso_time, kVersion, record.client.to_string(), record.status);
  put_request(record, line);
  line.print(" {} {} {} ", record.request_bytes, record.sent_bytes, record.sent_body_bytes);
  line.seconds(record.request_time);
  put_attempts(record.attempts, line);
  line.quoted(record.user_agent);
  line.quoted(record.referer);
  line.quoted(record.forwarded_for);
  out += ' ';
  line.named("loadbalancer_", record.loadbalancer);
  out += ' ';
  line.named("listener_", record.listener);
  line.bare(record.listener);
  out += ' ';
  line.named("pool_", record.pool);
  line.each(record.attempts, [&](const AccessAttempt& one) { line.named("member_", one.member); });
  line.bare(record.tenant);
  line.print(" {}", record.front.to_string());
  line.each(record.attempts, [&](const AccessAttempt& one) { out += one.address.to_string(); });
  line.bare(record.certificate);
  line.bare(record.tls_protocol);
  line.bare(record.tls_cipher);
  line.bare(record.sni);
  if (record.rtt_us) {
    line.print(" {}\n", *record.rtt_us);
  } else {
    out += " -\n";
  }
}

std::string_view AccessClock::iso(WallTime time) {
  const int64_t second = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  if (second == second_) return text_;
  second_ = second;
  const std::time_t when = second;
  std::tm local{};
  localtime_r(&when, &local);
  std::array<char, 40> buffer;
  const size_t size = std::strftime(buffer.data(), buffer.size(), "%FT%T%z", &local);
  text_.assign(buffer.data(), size);
  text_.insert(text_.size() - 2, ":");  // +0200 is RFC 822's form, ISO 8601 has +02:00 with this date
  return text_;
}

}  // namespace elb::proxy
