// SPDX-License-Identifier: Apache-2.0
// A client of RFC 5321 as small as it can be: one mail to one recipient through a relay of the operator's, with TLS
// (RFC 3207, 8314) and authentication (RFC 4954) where the options say so. Everything that was typed by somebody is
// base64 in the mail, so that no name can add a header or end the body.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <vector>

#include "codec/value.h"
#include "telemetry/deliver.h"
#include "telemetry/line_socket.h"

namespace elb::telemetry {
namespace {

constexpr std::chrono::seconds kDeadline{20};

std::string base64(std::string_view text, size_t line_length) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  size_t in_line = 0;
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t bits = 0;
    const size_t count = std::min<size_t>(3, text.size() - i);
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < count ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += k <= count ? kAlphabet[bits >> (18 - 6 * k) & 63U] : '=';
    in_line += 4;
    if (line_length > 0 && in_line >= line_length && i + 3 < text.size()) {
      out += "\r\n";
      in_line = 0;
    }
  }
  return out;
}

/// RFC 2047, 5322: lines of at most 78 characters, so 39 bytes of text in each word, never cutting a character.
std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t length = std::min<size_t>(39, text.size());
    while (length < text.size() && length > 1 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + base64(text.substr(0, length), 0) + "?=";
    text.remove_prefix(length);
  }
  return out;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                     utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string body_of(const codec::Value& notification) {
  std::string body;
  for (const std::string& key : notification.keys())
    body += fmt::format("{:<16}{}\n", key + ":", notification.get(key).text());
  return body;
}

/// The relay's words go to the log: one line of ASCII.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) c = '?';
  return text;
}

class Conversation {
 public:
  Conversation(LineSocket& socket, const ChannelOptions& channels) : socket_(socket), channels_(channels) {}

  Status run(const std::string& host, const std::string& to, const std::string& payload) {
    if (Status status = open(host); !status) return status;
    if (Status status = log_in(); !status) return status;
    const Step steps[] = {{fmt::format("MAIL FROM:<{}>", channels_.mail_from), '2', "MAIL"},
                          {fmt::format("RCPT TO:<{}>", to), '2', "RCPT"},
                          {"DATA", '3', "DATA"}};
    for (const Step& step : steps)
      if (Status status = say(step); !status) return status;
    // it ends with a line end of its own
    if (Status status = socket_.write(mail_text(channels_.mail_from, to, payload)); !status) return status;
    if (Status status = expect('2', "the mail"); !status) return status;
    static_cast<void>(socket_.write("QUIT\r\n"));  // it is delivered, whatever comes now
    return {};
  }

 private:
  struct Step {
    std::string text;
    char wanted;
    std::string_view name;
  };

  Status open(const std::string& host) {
    if (channels_.mail_tls == MailTls::kWhole)
      if (Status status = socket_.start_tls(host, channels_.mail_ca_file); !status) return status;
    if (Status status = expect('2', "greeting"); !status) return status;
    if (Status status = say_hello(); !status || channels_.mail_tls != MailTls::kStart) return status;
    if (!has("STARTTLS")) return fail(ErrorCode::kUnavailable, "the relay has no STARTTLS; see --mail-tls");
    if (Status status = say({"STARTTLS", '2', "STARTTLS"}); !status) return status;
    if (Status status = socket_.start_tls(host, channels_.mail_ca_file); !status) return status;
    return say_hello();  // what was said before TLS counts for nothing
  }

  Status say_hello() { return say({fmt::format("EHLO {}", host_name()), '2', "EHLO"}); }

  /// The options do not let a password go where nobody is authenticated.
  Status log_in() {
    if (channels_.mail_user.empty()) return {};
    if (has("AUTH", "PLAIN")) {
      std::string secret(1, '\0');
      secret += channels_.mail_user;
      secret += '\0';
      secret += channels_.mail_password;
      return say({"AUTH PLAIN " + base64(secret, 0), '2', "AUTH"});
    }
    if (!has("AUTH", "LOGIN")) return fail(ErrorCode::kUnavailable, "the relay has neither AUTH PLAIN nor AUTH LOGIN");
    if (Status status = say({"AUTH LOGIN", '3', "AUTH"}); !status) return status;
    if (Status status = say({base64(channels_.mail_user, 0), '3', "AUTH"}); !status) return status;
    return say({base64(channels_.mail_password, 0), '2', "AUTH"});
  }

  Status say(const Step& step) {
    if (Status status = socket_.write(step.text + "\r\n"); !status) return status;
    return expect(step.wanted, step.name);
  }

  /// The answer to what was sent last, all its lines read; an error unless its code begins with `wanted`.
  Status expect(char wanted, std::string_view step) {
    answer_.clear();
    for (;;) {
      const auto line = socket_.read_line();
      if (!line) return fail(line.error().code, fmt::format("{}: {}", step, line.error().message));
      if (answer_.size() < kAnswerLines) answer_.push_back(line->substr(std::min<size_t>(4, line->size())));
      const bool last = line->size() < 4 || (*line)[3] != '-';
      if (!last) continue;
      if (!line->empty() && line->front() == wanted) return {};
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{}: the relay said '{}'", step, printable(line->substr(0, 200))));
    }
  }

  /// Of the answer to EHLO: a line of words that begins with one and has the other.
  bool has(std::string_view keyword, std::string_view word = {}) const {
    for (std::string line : answer_) {
      std::ranges::transform(line, line.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
      line = ' ' + line + ' ';
      if (line.starts_with(fmt::format(" {} ", keyword)) &&
          (word.empty() || line.find(fmt::format(" {} ", word)) != line.npos))
        return true;
    }
    return false;
  }

  static constexpr size_t kAnswerLines = 100;
  LineSocket& socket_;
  const ChannelOptions& channels_;
  std::vector<std::string> answer_;  // without codes
};

}  // namespace

std::string mail_text(const std::string& from, const std::string& to, const std::string& payload) {
  const auto parsed = codec::Value::parse(payload);
  const codec::Value notification = parsed ? *parsed : codec::Value::object();
  const std::string subject =
      fmt::format("[ELB {}] {}{}: {}", notification.get("severity").text(), notification.get("state").text(),
                  notification.get("test").as_bool() ? " (test)" : "", notification.get("alarm_name").text());
  return fmt::format(
      "Date: {}\r\nFrom: <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}.{}@{}>\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n{}\r\n.\r\n",
      date(), from, to, encoded_words(subject), std::chrono::steady_clock::now().time_since_epoch().count(), ::getpid(),
      host_name(), base64(body_of(notification), 76));
}

Status send_mail(const ChannelOptions& channels, const std::string& to, const std::string& payload) {
  std::string host = channels.mail_relay;
  std::string port = channels.mail_tls == MailTls::kOff ? "25" : channels.mail_tls == MailTls::kStart ? "587" : "465";
  const size_t colon = host.rfind(':');
  if (colon != std::string::npos && host.find(':') == colon) {  // an IPv6 address needs brackets to have a port
    port = host.substr(colon + 1);
    host.resize(colon);
  } else if (host.starts_with('[')) {
    const size_t end = host.find(']');
    if (end + 1 < host.size() && host[end + 1] == ':') port = host.substr(end + 2);
    host = host.substr(1, end - 1);
  }
  auto socket = LineSocket::connect(host, port, std::chrono::steady_clock::now() + kDeadline);
  Status status = socket ? Conversation(*socket, channels).run(host, to, payload) : pass_on(socket.error());
  if (!status) return fail(status.error().code, fmt::format("{}: {}", channels.mail_relay, status.error().message));
  return {};
}

}  // namespace elb::telemetry
