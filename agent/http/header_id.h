// SPDX-License-Identifier: Apache-2.0
// HeaderId: a small number for each header that the proxy treats or that is common; kOther for the rest. 63 known
// names, so that a set of them is one word. The numbers are not stable: they never leave the process. Thread rule:
// constants and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace elb::http {

enum class HeaderId : uint8_t {
  kOther,
  kAccept,
  kAcceptEncoding,
  kAcceptLanguage,
  kAcceptRanges,
  kAccessControlAllowOrigin,
  kAge,
  kAllow,
  kAltSvc,
  kAuthorization,
  kCacheControl,
  kConnection,
  kContentDisposition,
  kContentEncoding,
  kContentLanguage,
  kContentLength,
  kContentLocation,
  kContentRange,
  kContentType,
  kCookie,
  kDate,
  kEtag,
  kExpect,
  kExpires,
  kForwarded,
  kHost,
  kHttp2Settings,
  kIfMatch,
  kIfModifiedSince,
  kIfNoneMatch,
  kIfRange,
  kIfUnmodifiedSince,
  kKeepAlive,
  kLastModified,
  kLink,
  kLocation,
  kMaxForwards,
  kOrigin,
  kPragma,
  kProxy,
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyConnection,
  kRange,
  kReferer,
  kRetryAfter,
  kSecWebsocketKey,
  kServer,
  kSetCookie,
  kStrictTransportSecurity,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUpgradeInsecureRequests,
  kUserAgent,
  kVary,
  kVia,
  kWwwAuthenticate,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedPort,
  kXForwardedProto,
  kXRealIp,
};
inline constexpr size_t kHeaderIds = 64;

/// In lower case, as HTTP/2 wants them; empty for kOther.
inline constexpr std::array<std::string_view, kHeaderIds> kHeaderNames = {
    "",
    "accept",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "access-control-allow-origin",
    "age",
    "allow",
    "alt-svc",
    "authorization",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "retry-after",
    "sec-websocket-key",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
};

/// Any case; kOther for unknown, empty or ill-formed names.
HeaderId header_id(std::string_view name);

inline std::string_view name_of(HeaderId id) { return kHeaderNames[static_cast<size_t>(id)]; }

/// A set of known headers. kOther is a member like the others: "some header without number".
class HeaderSet {
 public:
  constexpr HeaderSet() = default;
  constexpr HeaderSet(std::initializer_list<HeaderId> ids) {
    for (const HeaderId id : ids) add(id);
  }
  constexpr void add(HeaderId id) { bits_ |= uint64_t{1} << static_cast<unsigned>(id); }
  constexpr bool has(HeaderId id) const { return (bits_ >> static_cast<unsigned>(id) & 1) != 0; }
  constexpr HeaderSet operator|(HeaderSet other) const {
    HeaderSet both;
    both.bits_ = bits_ | other.bits_;
    return both;
  }
  constexpr bool operator==(const HeaderSet&) const = default;

 private:
  uint64_t bits_ = 0;
};

}  // namespace elb::http
