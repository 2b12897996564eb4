// SPDX-License-Identifier: Apache-2.0
#include "cli/member_spec.h"

#include <fmt/core.h>

#include <charconv>

#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Done set_key(Value& member, std::string_view key, std::string_view value) {
  if (key == "weight") {
    const auto weight = parse_number<int64_t>(value);
    if (!weight) return usage_error(fmt::format("weight '{}' is not a whole number", value));
    member.set("weight", *weight);
  } else if (key == "name") {
    member.set("name", value);
  } else if (key == "az" || key == "availability_zone") {
    member.set("availability_zone", value);
  } else if (key == "subnet" || key == "subnet_id") {
    member.set("subnet_id", value);
  } else if (key == "state") {
    if (value != "up" && value != "down") return usage_error(fmt::format("state '{}' is neither up nor down", value));
    member.set("admin_state_up", value == "up");
  } else {
    return usage_error(fmt::format("unknown key '{}'", key), "keys are weight, name, az, subnet and state");
  }
  return {};
}

}  // namespace

std::optional<Endpoint> parse_member_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  const auto port = parse_number<uint16_t>(text.substr(colon + 1));
  // Without brackets the end of an IPv6 address would be taken for the port.
  if (!address || !port || *port == 0 || address->is_v4() == bracketed) return std::nullopt;
  return Endpoint{*address, *port};
}

Outcome<Value> parse_member_spec(std::string_view text) {
  const auto in_context = [text](Failure failure) {
    failure.message = fmt::format("member '{}': {}", harmless(text), failure.message);
    return pass_on(std::move(failure));
  };
  size_t comma = text.find(',');
  const auto endpoint = parse_member_address(text.substr(0, comma));
  if (!endpoint) {
    return in_context({Exit::kUsage, "does not begin with ADDRESS:PORT", "write it as 10.1.0.1:80,weight=10,az=az1"});
  }
  Value member = Value::object();
  member.set("address", endpoint->address.to_string());
  member.set("protocol_port", static_cast<int>(endpoint->port));
  while (comma != std::string_view::npos) {
    text.remove_prefix(comma + 1);
    comma = text.find(',');
    const std::string_view pair = text.substr(0, comma);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return in_context({Exit::kUsage, fmt::format("'{}' is not KEY=VALUE", harmless(pair)), ""});
    }
    const std::string key(pair.substr(0, equals));
    if (const Done done = set_key(member, key, pair.substr(equals + 1)); !done) return in_context(done.error());
  }
  return member;
}

Outcome<Value> parse_member_file(std::string_view content) {
  const size_t first = content.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (content[first] == '[' || content[first] == '{')) {
    auto document = Value::parse(content);
    if (!document) return usage_error(fmt::format("the file of members is not valid: {}", document.error().message));
    Value members = document->is_object() ? document->get("members") : *document;
    if (!members.is_array()) return usage_error("the file of members has no array of members");
    return members;
  }
  Value members = Value::array();
  size_t number = 0;
  while (!content.empty()) {
    const size_t end = content.find('\n');
    ++number;
    const std::string_view line = trimmed(content.substr(0, std::min(end, content.find('#'))));
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    if (line.empty()) continue;
    auto member = parse_member_spec(line);
    if (!member) {
      Failure failure = member.error();
      failure.message = fmt::format("line {}: {}", number, failure.message);
      return pass_on(std::move(failure));
    }
    members.push(*std::move(member));
  }
  return members;
}

}  // namespace elb::cli
