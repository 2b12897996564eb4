// SPDX-License-Identifier: Apache-2.0
#include "http_oracle/reference_head.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

namespace elb::test {
namespace {

using http::Outcome;

struct Refused {
  int status;
};
struct Incomplete {};

const std::string kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string kDigits = "0123456789";
const std::string kTokenChars = kLetters + kDigits + "!#$%&'*+-.^_`|~";

bool only(const std::string& text, const std::string& allowed) {
  return text.find_first_not_of(allowed) == std::string::npos;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string strip(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

// The line at `at`, which is moved behind its CR LF.
std::string take_line(const std::string& bytes, size_t& at, size_t longest = std::string::npos) {
  for (size_t i = at; i < bytes.size() && i - at < longest; ++i) {
    if (!is_control(bytes[i])) continue;
    if (bytes[i] != '\r') throw Refused{400};
    if (i + 1 == bytes.size()) throw Incomplete{};
    if (bytes[i + 1] != '\n') throw Refused{400};
    const std::string line = bytes.substr(at, i - at);
    at = i + 2;
    return line;
  }
  throw Incomplete{};
}

struct Authority {
  std::string name;
  int port = 0;
};

Authority parse_authority(const std::string& text) {
  Authority result;
  std::string port;
  bool has_port = false;
  if (text.size() > 255) throw Refused{400};
  if (!text.empty() && text[0] == '[') {
    const size_t end = text.find(']');
    if (end == std::string::npos) throw Refused{400};
    result.name = text.substr(0, end + 1);
    in6_addr address;
    if (inet_pton(AF_INET6, text.substr(1, end - 1).c_str(), &address) != 1) throw Refused{400};
    has_port = end + 1 < text.size();
    if (has_port && text[end + 1] != ':') throw Refused{400};
    if (has_port) port = text.substr(end + 2);
  } else {
    const size_t colon = text.find(':');
    result.name = text.substr(0, colon);
    has_port = colon != std::string::npos;
    if (has_port) port = text.substr(colon + 1);
    std::vector<std::string> labels = split(result.name, '.');
    if (labels.size() > 1 && labels.back().empty()) {
      labels.pop_back();
      result.name.pop_back();
    }
    for (const std::string& label : labels)
      if (label.empty() || !only(label, kLetters + kDigits + "-_")) throw Refused{400};
  }
  if (!only(port, kDigits)) throw Refused{400};
  if (!port.empty()) {
    port.erase(0, std::min(port.find_first_not_of('0'), port.size()));
    if (port.empty() || port.size() > 5 || std::stoi(port) > 65535) throw Refused{400};
    result.port = std::stoi(port);
  }
  return result;
}

void parse_version(const std::string& text, ReferenceHead& head) {
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || text[6] != '.' || !only(text.substr(5, 1), kDigits) ||
      !only(text.substr(7, 1), kDigits))
    throw Refused{400};
  if (text != "HTTP/1.0" && text != "HTTP/1.1") throw Refused{505};
  head.minor = text[7] - '0';
}

void parse_method(const std::string& line, ReferenceHead& head) {
  const size_t end = line.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ" + kDigits + "-_");
  const size_t size = std::min(end, line.size());
  if (size > 32) throw Refused{501};
  if (size == 0 || size == line.size() || line[size] != ' ') throw Refused{400};
  head.method = line.substr(0, size);
}

void parse_request_line(const std::string& line, const http::HeadLimits& limits, ReferenceHead& head) {
  parse_method(line, head);
  const std::string rest = line.substr(head.method.size() + 1);
  size_t size = 0;
  while (size < rest.size() && static_cast<unsigned char>(rest[size]) > 0x20 &&
         static_cast<unsigned char>(rest[size]) < 0x7f && rest[size] != '#')
    ++size;
  if (size == 0 || (size < rest.size() && rest[size] != ' ')) throw Refused{400};
  if (size > limits.target_bytes) throw Refused{414};
  if (size == rest.size()) throw Refused{400};
  head.target = rest.substr(0, size);
  parse_version(rest.substr(size + 1), head);
  if (head.method == "CONNECT") throw Refused{501};
}

// Path and authority of the target; the authority is empty in origin and asterisk form.
std::string split_target(ReferenceHead& head, std::string& scheme) {
  if (head.target[0] == '/') {
    head.path_and_query = head.target;
    return "";
  }
  if (head.target == "*") {
    if (head.method != "OPTIONS") throw Refused{400};
    head.path_and_query = "*";
    return "";
  }
  const size_t colon = head.target.find("://");
  if (colon == std::string::npos) throw Refused{400};
  scheme = lower(head.target.substr(0, colon));
  if (scheme != "http" && scheme != "https") throw Refused{400};
  const std::string rest = head.target.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  head.path_and_query = rest.substr(end);
  if (head.method == "OPTIONS" && head.path_and_query.empty()) head.path_and_query = "*";
  if (end == 0) throw Refused{400};
  parse_authority(rest.substr(0, end));
  return rest.substr(0, end);
}

// The framing fields, in the order they come; a fault in a line counts before what follows it.
void take_field(const std::string& line, const http::HeadLimits& limits, bool keep_odd_names, ReferenceHead& head,
                size_t& lines) {
  if (line[0] == ' ' || line[0] == '\t') throw Refused{400};
  const size_t colon = line.find(':');
  if (colon == std::string::npos || colon == 0) throw Refused{400};
  const std::string name = line.substr(0, colon), raw = line.substr(colon + 1), value = strip(raw);
  if (!only(name, kTokenChars)) throw Refused{400};
  if (lines++ == limits.headers) throw Refused{431};
  const bool plain = only(name, kLetters + kDigits + "-");
  if (!plain && !keep_odd_names) return;
  const bool tab_after =
      raw.find_last_of('\t') != std::string::npos && raw.find_last_of('\t') > raw.find_last_not_of(" \t");
  if (lower(name) == "content-length") {
    if (head.content_length || tab_after || value.empty() || !only(value, kDigits) || value.size() > 19)
      throw Refused{400};
    const uint64_t length = std::stoull(value);
    if (length >> 63 != 0) throw Refused{400};
    if (length > limits.body_bytes) throw Refused{413};
    head.content_length = length;
  }
  if (lower(name) == "transfer-encoding") {
    if (head.chunked || tab_after || lower(value) != "chunked") throw Refused{400};
    head.chunked = true;
  }
  head.headers.emplace_back(name, value);
}

void take_fields(const std::string& bytes, size_t& at, const http::HeadLimits& limits, bool keep_odd_names,
                 ReferenceHead& head) {
  for (size_t lines = 0;;) {
    const std::string line = take_line(bytes, at);
    if (line.empty()) break;
    take_field(line, limits, keep_odd_names, head, lines);
  }
  head.size = at;
  if (head.chunked && (head.content_length || head.minor == 0)) throw Refused{400};
  bool close = false, keep_alive = false;
  for (const auto& [name, value] : head.headers) {
    if (lower(name) != "connection") continue;
    for (const std::string& option : split(value, ',')) {
      close |= lower(strip(option)) == "close";
      keep_alive |= lower(strip(option)) == "keep-alive";
    }
  }
  head.keep_alive = !close && (head.minor == 1 || keep_alive);
}

void check_host(const std::string& authority, const std::string& scheme, ReferenceHead& head) {
  bool found = false;
  for (const auto& [name, value] : head.headers) {
    if (lower(name) != "host") continue;
    if (found) throw Refused{400};
    parse_authority(value);
    if (value.empty()) throw Refused{400};
    found = true;
    head.host = value;
  }
  if (!found && head.minor == 1) throw Refused{400};
  if (authority.empty()) return;
  if (found) {
    Authority a = parse_authority(authority), b = parse_authority(head.host);
    for (Authority* each : {&a, &b})
      if (each->port == 0) each->port = scheme == "https" ? 443 : 80;
    if (lower(a.name) != lower(b.name) || a.port != b.port) throw Refused{400};
  } else {
    head.host = authority;
  }
}

template <class Parse>
ReferenceHead guarded(const std::string& bytes, const http::HeadLimits& limits, Parse parse) {
  ReferenceHead head;
  const std::string within = bytes.substr(0, limits.head_bytes);
  try {
    parse(within, head);
    head.outcome = Outcome::kDone;
  } catch (const Refused& refused) {
    head.outcome = Outcome::kFault;
    head.status = refused.status;
  } catch (const Incomplete&) {
    if (within.size() == limits.head_bytes) {
      head.outcome = Outcome::kFault;
      head.status = 431;
    }
  }
  return head;
}

}  // namespace

ReferenceHead reference_request(const std::string& bytes, const http::HeadLimits& limits) {
  return guarded(bytes, limits, [&](const std::string& within, ReferenceHead& head) {
    size_t at = within.substr(0, 2) == "\r\n" ? 2 : 0;
    // A line longer than any that could pass is refused before its end is known.
    const size_t longest = 2 + 32 + 1 + limits.target_bytes + 1 + 8 + 2 - at;
    const std::string rest = within.substr(at);
    std::string line;
    try {
      // CR LF have to lie within what may be the longest line, too.
      const std::string window = rest.substr(0, longest);
      size_t moved = 0;
      line = take_line(window, moved);
      at += moved;
    } catch (const Incomplete&) {
      if (rest.size() <= longest) throw;
      parse_method(rest.substr(0, longest), head);
      throw Refused{414};
    }
    parse_request_line(line, limits, head);
    std::string scheme;
    const std::string authority = split_target(head, scheme);
    take_fields(within, at, limits, limits.odd_names == http::OddNames::kKeep, head);
    check_host(authority, scheme, head);
  });
}

ReferenceHead reference_response(const std::string& bytes, const http::HeadLimits& limits) {
  return guarded(bytes, limits, [&](const std::string& within, ReferenceHead& head) {
    size_t at = 0;
    const std::string line = take_line(within, at);
    if (line.size() < 12 || line[8] != ' ') throw Refused{400};
    parse_version(line.substr(0, 8), head);
    const std::string status = line.substr(9, 3);
    if (!only(status, kDigits) || status[0] == '0') throw Refused{400};
    head.response_status = std::stoi(status);
    if (line.size() > 12 && line[12] != ' ') throw Refused{400};
    if (line.size() > 12) head.reason = line.substr(13);
    take_fields(within, at, limits, true, head);
    if (head.response_status < 200 || head.response_status == 204)
      if (head.chunked || head.content_length.value_or(0) > 0) throw Refused{400};
  });
}

}  // namespace elb::test
