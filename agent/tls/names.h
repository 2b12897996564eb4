// SPDX-License-Identifier: Apache-2.0
// Host names as TLS sees them: canonical form, wildcards of one level, whether a certificate's names cover a domain
// (TLS-09, TLS-12), whether SNI and Host agree (421). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace elb::tls {

/// Lower case, without a final dot. Nothing unless it has 1 to 253 characters of letters, digits, '-', '_' and '.' in
/// labels of 1 to 63. What passes is safe to log.
std::optional<std::string> canonical_host(std::string_view host);

/// The canonical form of a certificate's domain: a host name or "*." and a host name. kInvalid with `field`.
Result<std::string> parse_domain(std::string_view domain, std::string_view field);

/// "*.b.c" for "a.b.c"; empty if there is no dot. Both in canonical form.
std::string wildcard_of(std::string_view host);

/// Whether a certificate's name (canonical, possibly "*.") is the domain, or a wildcard one level above it.
bool name_covers(std::string_view name, std::string_view domain);
bool names_cover(const std::vector<std::string>& names, std::string_view domain);

/// Whether a request's Host or :authority (a port and a final dot do not count) names the host that the connection was
/// opened for. Without SNI there is nothing to disagree with.
bool host_agrees(std::string_view sni, std::string_view authority);

}  // namespace elb::tls
