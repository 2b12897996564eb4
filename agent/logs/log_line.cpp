// SPDX-License-Identifier: Apache-2.0
#include "logs/log_line.h"

#include <charconv>

#include "http/log_escape.h"

namespace elb::logs {
namespace {

struct Description {
  std::string_view name;
  char open = ' ';  // '"' and '[' enclose the field
  bool number = false;
};

constexpr std::array<Description, kLogFields> kDescriptions = {{
    {"msec", ' ', true},
    {"access_log_topic_id"},
    {"time_iso8601", '['},
    {"log_ver"},
    {"remote_addr"},
    {"status", ' ', true},
    {"request", '"'},
    {"request_length", ' ', true},
    {"bytes_sent", ' ', true},
    {"body_bytes_sent", ' ', true},
    {"request_time", ' ', true},
    {"upstream_status", '"'},
    {"upstream_connect_time", '"'},
    {"upstream_header_time", '"'},
    {"upstream_response_time", '"'},
    {"upstream_addr", '"'},
    {"http_user_agent", '"'},
    {"http_referer", '"'},
    {"http_x_forwarded_for", '"'},
    {"lb_name"},
    {"listener_name"},
    {"listener_id"},
    {"pool_name"},
    {"member_name", '"'},
    {"tenant_id"},
    {"eip_address"},
    {"upstream_addr_priv", '"'},
    {"certificate_id"},
    {"ssl_protocol"},
    {"ssl_cipher"},
    {"sni_domain_name"},
    {"tcpinfo_rtt", ' ', true},
}};

/// Takes one field off the text; false if it does not begin with one.
bool take(std::string_view& text, char open, std::string_view& field) {
  if (open == ' ') {
    field = text.substr(0, text.find(' '));
    if (field.empty() || field.find('"') != std::string_view::npos) return false;
    text.remove_prefix(field.size());
    return true;
  }
  if (text.empty() || text.front() != open) return false;
  const size_t close = text.find(open == '[' ? ']' : '"', 1);
  if (close == std::string_view::npos) return false;
  field = text.substr(1, close - 1);
  text.remove_prefix(close + 1);
  return true;
}

bool is_number(std::string_view text) {
  size_t points = 0;
  for (const char c : text) {
    points += c == '.';
    if ((c < '0' || c > '9') && c != '.') return false;
  }
  // a JSON number begins and ends with a digit and has no zeros before it
  if (text.empty() || points > 1 || text.front() == '.' || text.back() == '.') return false;
  return text.size() == 1 || text.front() != '0' || text[1] == '.';
}

bool is_trace(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

int hex_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <class T>
T number_of(std::string_view text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string_view name_of(LogField field) { return kDescriptions[field].name; }

std::optional<LogLine> LogLine::parse(std::string_view text) {
  LogLine line;
  std::string_view rest = text;
  for (size_t i = 0; i < kLogFields; ++i) {
    if (i > 0) {
      if (rest.empty() || rest.front() != ' ') return std::nullopt;
      rest.remove_prefix(1);
    }
    if (!take(rest, kDescriptions[i].open, line.fields_[i])) return std::nullopt;
  }
  line.guide_ = text.substr(0, text.size() - rest.size());
  if (!rest.empty()) {
    rest.remove_prefix(1);
    if (!take(rest, ' ', line.end_)) return std::nullopt;
  }
  if (!rest.empty()) {
    rest.remove_prefix(1);
    if (!take(rest, ' ', line.trace_) || !rest.empty() || !is_trace(line.trace_)) return std::nullopt;
  }
  if (!is_number(line.fields_[kMsec]) || !is_number(line.fields_[kStatus])) return std::nullopt;
  return line;
}

std::string_view LogLine::loadbalancer_id() const {
  constexpr std::string_view kPrefix = "loadbalancer_";
  const std::string_view name = fields_[kLbName];
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : std::string_view();
}

int64_t LogLine::time_ms() const {
  const std::string_view text = fields_[kMsec];
  const size_t point = text.find('.');
  const auto ms = point == std::string_view::npos ? int64_t{0} : number_of<int64_t>(text.substr(point + 1));
  return number_of<int64_t>(text.substr(0, point)) * 1000 + ms;
}

int LogLine::status() const { return number_of<int>(fields_[kStatus]); }

std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' && hex_of(text[i + 2]) >= 0 &&
        hex_of(text[i + 3]) >= 0) {
      out += static_cast<char>(hex_of(text[i + 2]) * 16 + hex_of(text[i + 3]));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

void append_json(const LogLine& line, std::string& out) {
  out += '{';
  const auto put = [&out](std::string_view name, std::string_view value, bool number) {
    if (value == "-" || value.empty()) return;
    if (out.back() != '{') out += ',';
    out += '"';
    out += name;
    out += "\":";
    if (number && is_number(value)) {
      out += value;
      return;
    }
    out += '"';
    http::append_json_text(out, value.find('\\') == std::string_view::npos ? value : unescape(value));
    out += '"';
  };
  for (size_t i = 0; i < kLogFields; ++i) put(kDescriptions[i].name, line[LogField(i)], kDescriptions[i].number);
  put("termination", line.end(), false);
  put("trace_id", line.trace(), false);
  out += '}';
}

}  // namespace elb::logs
