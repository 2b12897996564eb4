// SPDX-License-Identifier: Apache-2.0
#include "logs/s3_signature.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "tls/digest.h"

namespace elb::logs {

std::string s3_encode(std::string_view text, bool path) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~' || (path && c == '/');
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

void s3_sign(const S3Credentials& credentials, std::string_view method, std::string_view host, std::string_view path,
             std::string_view payload, const std::string& stamp, HttpHeaders& headers) {
  const std::string hash = tls::to_hex(tls::sha256(payload));
  headers.emplace_back("x-amz-content-sha256", hash);
  headers.emplace_back("x-amz-date", stamp);
  std::map<std::string, std::string> sorted = {{"host", std::string(host)}};
  for (const auto& [name, value] : headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    sorted[lower] = value;
  }
  std::string canonical = fmt::format("{}\n{}\n\n", method, path);
  std::string names;
  for (const auto& [name, value] : sorted) {
    canonical += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  canonical += fmt::format("\n{}\n{}", names, hash);

  const std::string day = stamp.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, credentials.region);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", stamp, scope, tls::to_hex(tls::sha256(canonical)));
  std::string key = tls::hmac_sha256("AWS4" + credentials.secret_key, day);
  for (const std::string& part : {credentials.region, std::string("s3"), std::string("aws4_request")})
    key = tls::hmac_sha256(key, part);
  headers.emplace_back("Authorization",
                       fmt::format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}",
                                   credentials.access_key, scope, names, tls::to_hex(tls::hmac_sha256(key, to_sign))));
}

}  // namespace elb::logs
