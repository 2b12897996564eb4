// SPDX-License-Identifier: Apache-2.0
// Endpoint: where the agent answers, and what is shown to it. Thread rule: plain values.
#pragma once

#include <string>
#include <string_view>

#include "cli/failure.h"
#include "cli/url.h"

namespace elb::cli {

inline constexpr std::string_view kSocket = "/run/elb/api.sock";
inline constexpr std::string_view kLoopback = "http://127.0.0.1:9876";

struct Endpoint {
  std::string socket;  // path of a Unix socket; empty: the URL
  bool tls = false;    // https
  Url url{};

  std::string to_string() const;
};

/// "unix:/path", "http://host:port/prefix" or "https://...".
Outcome<Endpoint> parse_place(std::string_view text);

/// The agent's socket where there is one on this machine, else its loopback port.
std::string default_place();

/// What a request shows, and whom it trusts.
struct Login {
  std::string token;    // empty: none
  std::string ca_file;  // PEM; empty: what the system trusts
};

/// A token from a file that only its owner may read.
Outcome<std::string> read_token_file(const std::string& path);

}  // namespace elb::cli
