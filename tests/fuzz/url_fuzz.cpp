// SPDX-License-Identifier: Apache-2.0
// Targets (S7): the normaliser agrees with the reference under every policy, its output is normal already, has no dot
// segments however often it is decoded as a member may, and hosts survive being written and read again.
#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "http/char_class.h"
#include "http/host.h"
#include "http/url.h"
#include "http_oracle/reference_url.h"

namespace elb::fuzz {
namespace {

using http::EncodedSlash;

// What a member does that decodes once and then splits.
std::string decoded(std::string_view path) {
  std::string text;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      text += path[i];
      continue;
    }
    text += static_cast<char>(http::hex_value(path[i + 1]) << 4 | http::hex_value(path[i + 2]));
    i += 2;
  }
  return text;
}

bool climbs(const std::string& path) {
  for (const std::string_view dots : {"/../", "/./", "/..;", "/.;"})
    if ((path + "/").find(dots) != std::string::npos) return true;
  return path.find('\\') != std::string::npos || path.find('\0') != std::string::npos;
}

void normalise(std::string_view input, const http::UrlPolicy& policy) {
  const Exactly target(input);
  std::string scratch(http::normal_target_bound(input.size()), '\0');
  const http::NormalTarget normal = http::normalise_target(target.view(), policy, scratch);
  const auto reference = test::reference_target(std::string(input), policy);
  claim((normal.fault == http::Fault::kNone) == reference.has_value(),
        fmt::format("accepts what the reference does ({})", to_string(normal.fault)), input);
  if (!reference) {
    claim(normal.fault != http::Fault::kTargetTooLong, "the bound is enough", input);
    return;
  }
  claim(normal.target == *reference, fmt::format("is the reference's '{}', not '{}'", *reference, normal.target),
        input);
  claim(normal.path().find('?') == std::string_view::npos, "the path ends before the query", input);
  std::string more_scratch(http::normal_target_bound(normal.target.size()), '\0');
  const http::NormalTarget again = http::normalise_target(normal.target, policy, more_scratch);
  claim(again.fault == http::Fault::kNone && again.target == normal.target, "normal stays normal", input);
  claim(!climbs(decoded(normal.path())), "decoded once, nothing climbs", input);
  claim(!climbs(std::string(normal.path())), "nothing climbs", input);
  for (size_t room = 0; room < std::min<size_t>(normal.target.size(), 4); ++room) {
    const http::NormalTarget tight = http::normalise_target(target.view(), policy, std::span(scratch).first(room));
    claim(tight.fault == http::Fault::kTargetTooLong || tight.target.data() == target.view().data(),
          "no room is no overrun", input);
  }
}

void host(std::string_view input) {
  const Exactly text(input);
  const auto host = http::parse_host(text.view());
  if (!host) return;
  std::string written = host->is_ipv6 ? "[" + std::string(host->name) + "]" : std::string(host->name);
  if (host->port != 0) written += fmt::format(":{}", host->port);
  const auto again = http::parse_host(written);
  claim(again && http::same_host(*host, *again, 80), "a host that is written is the same", input);
  std::array<char, http::kLongestHost> scratch;
  const std::string_view lower = http::lower_case_name(*host, scratch);
  claim(http::equals_ignoring_case(lower, host->name) &&
            lower.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos,
        "lower case", input);
}

}  // namespace

void url(std::string_view input) {
  input = input.substr(0, 1000);
  for (const EncodedSlash slash : {EncodedSlash::kKeep, EncodedSlash::kDecode, EncodedSlash::kRefuse})
    for (const bool merge : {true, false}) normalise(input, {slash, merge});
  host(input);
}

}  // namespace elb::fuzz
