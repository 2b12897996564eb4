// SPDX-License-Identifier: Apache-2.0
// PROXY headers. A header is found in the same way however much lies behind it; every shorter beginning of it needs
// more; nothing longer than the limits is waited for; and who is told of can be told on, in both versions.
#include "fuzz/check.h"
#include "fuzz/targets.h"
#include "http/proxy_protocol.h"

namespace elb::fuzz {
namespace {

using http::ProxyHeader;
using http::ProxyOutcome;

void check_done(std::string_view bytes, const ProxyHeader& header, std::string_view input) {
  claim(header.size > 0 && header.size <= bytes.size() && header.size <= http::kProxyV2Max, "its size", input);
  ProxyHeader again;
  const Exactly alone(bytes.substr(0, header.size));
  claim(http::parse_proxy_header(alone.view(), again) == ProxyOutcome::kDone && again.size == header.size &&
            again.client == header.client,
        "what follows does not matter", input);
  for (size_t size = 0; size < header.size; ++size) {
    const Exactly part(bytes.substr(0, size));
    claim(http::parse_proxy_header(part.view(), again) == ProxyOutcome::kNeedMore, "a part needs more", input);
  }
  if (!header.client) return;
  const Endpoint local{IpAddress::from_v4_host(0x7f000001), 80};
  for (const bool second : {false, true}) {
    const std::string told = http::write_proxy_header(second, *header.client, local);
    claim(http::parse_proxy_header(told, again) == ProxyOutcome::kDone && again.size == told.size() &&
              again.client == header.client,
          "told on", input);
  }
}

}  // namespace

void proxy_header(std::string_view input) {
  const Exactly bytes(input);
  ProxyHeader header;
  switch (http::parse_proxy_header(bytes.view(), header)) {
    case ProxyOutcome::kDone:
      return check_done(bytes.view(), header, input);
    case ProxyOutcome::kNeedMore:
      claim(input.size() < http::kProxyV2Max, "an end to waiting", input);
      [[fallthrough]];
    case ProxyOutcome::kNone:
    case ProxyOutcome::kFault:
      claim(header.size == 0 && !header.client, "nothing is told", input);
  }
}

}  // namespace elb::fuzz
