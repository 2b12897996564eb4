// SPDX-License-Identifier: Apache-2.0
#include "http/trailers.h"

namespace elb::http {
namespace {

// Fields that a trailer must not change after the fact, RFC 9110 6.5.1: framing, routing, authentication, what is hop
// by hop.
constexpr HeaderSet kNoTrailers = {
    HeaderId::kAuthorization,
    HeaderId::kCacheControl,
    HeaderId::kConnection,
    HeaderId::kContentEncoding,
    HeaderId::kContentLength,
    HeaderId::kContentRange,
    HeaderId::kContentType,
    HeaderId::kCookie,
    HeaderId::kExpect,
    HeaderId::kForwarded,
    HeaderId::kHost,
    HeaderId::kKeepAlive,
    HeaderId::kMaxForwards,
    HeaderId::kProxy,
    HeaderId::kRange,
    HeaderId::kProxyAuthorization,
    HeaderId::kProxyConnection,
    HeaderId::kSetCookie,
    HeaderId::kTe,
    HeaderId::kProxyAuthenticate,
    HeaderId::kTrailer,
    HeaderId::kTransferEncoding,
    HeaderId::kUpgrade,
    HeaderId::kXForwardedFor,
    HeaderId::kXForwardedHost,
    HeaderId::kXForwardedPort,
    HeaderId::kXForwardedProto,
    HeaderId::kXRealIp,
};

}  // namespace

bool may_trail(HeaderId id) { return !kNoTrailers.has(id); }

}  // namespace elb::http
