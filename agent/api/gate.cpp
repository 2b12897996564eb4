// SPDX-License-Identifier: Apache-2.0
#include "api/gate.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace elb::api {
namespace {

using identity::Caller;
using identity::Role;

constexpr std::string_view kNoToken = "notused";  // what OpenStack's clients send when told to use none

tl::unexpected<Refusal> refuse(int status, std::string message,
                               std::vector<std::pair<std::string, std::string>> headers) {
  return tl::unexpected<Refusal>({status, {ErrorCode::kInvalid, std::move(message), {}}, std::move(headers)});
}

tl::unexpected<Refusal> unauthorised(std::string message) {
  return refuse(401, std::move(message), {{"WWW-Authenticate", "Bearer realm=\"elb\""}});
}

/// RFC 4648, without line breaks.
std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  unsigned bits = 0, held = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U | static_cast<unsigned>(digit)) & 0xFFFFFFU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> held & 0xFFU));
  }
  return out;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() > word.size() && text[word.size()] == ' ' &&
         std::equal(word.begin(), word.end(), text.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

/// The token that a request shows; empty: none.
std::string token_of(const HttpRequest& http) {
  if (!http.auth_token.empty()) return http.auth_token;
  std::string_view rest = http.authorization;
  if (starts_with_word(rest, "bearer")) return std::string(rest.substr(7));
  if (!starts_with_word(rest, "basic")) return {};
  const std::string pair = decode_base64(rest.substr(6)).value_or("");  // user:password, the password is the token
  const size_t colon = pair.find(':');
  return colon == std::string::npos ? "?" : pair.substr(colon + 1);
}

std::string source_of(const Peer& peer) { return peer.uid ? fmt::format("uid:{}", *peer.uid) : peer.address; }

}  // namespace

Gate::Gate(const ApiOptions& options, const identity::Directory* identities, const Clock& clock)
    : open_loopback_(options.open_loopback),
      socket_group_(options.socket_group),
      identities_(identities),
      failures_(clock) {}

tl::expected<Caller, Refusal> Gate::check(const Peer& peer, const std::string& secret) {
  const std::string source = source_of(peer);
  if (const auto wait = failures_.blocked(source); wait.count() > 0)
    return refuse(429, fmt::format("too many wrong tokens from {}, wait {} s", source, wait.count()),
                  {{"Retry-After", std::to_string(wait.count())}});
  // A token that is bound to no project may be narrowed to one: TOKEN@PROJECT, which a login with a project gives.
  const size_t at = secret.find('@');
  auto caller = identities_ != nullptr ? identities_->authenticate(secret.substr(0, at)) : std::nullopt;
  if (caller && at != std::string::npos && !caller->bound()) {
    const auto project = identities_->find_project(secret.substr(at + 1));
    if (project)
      caller->project_id = project->id;
    else
      caller.reset();
  }
  if (caller) return *std::move(caller);
  failures_.failed(source);
  return unauthorised("the token is not valid, or has expired");
}

tl::expected<Caller, Refusal> Gate::admit(Way way, const HttpRequest& http) {
  const bool open = way == Way::kLoopback && open_loopback_;
  const std::string token = token_of(http);
  const bool shown = !token.empty() && token != kNoToken;
  if (shown) return check(http.peer, token);
  if (open) return Caller{Role::kAdmin, "loopback", "loopback", ""};
  if (way == Way::kSocket && http.peer.uid) {
    const uint32_t uid = *http.peer.uid;
    const auto& groups = http.peer.group_ids;
    const bool in_group = socket_group_ && std::find(groups.begin(), groups.end(), *socket_group_) != groups.end();
    const std::string user = fmt::format("uid:{}", uid);
    if (uid == 0 || uid == ::geteuid() || in_group) return Caller{Role::kAdmin, user, user, ""};
  }
  return unauthorised("a token is required (X-Auth-Token, or Authorization: Bearer)");
}

}  // namespace elb::api
