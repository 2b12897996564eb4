// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4 of one request with its payload's hash, as S3 and what is compatible with it want it.
// Thread rule: pure.
#pragma once

#include <string>
#include <string_view>

#include "logs/http_post.h"

namespace elb::logs {

struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string region = "us-east-1";
};

/// Each byte but A-Z a-z 0-9 - . _ ~ as %HH; '/' stays where `path`.
std::string s3_encode(std::string_view text, bool path);

/// Adds Authorization, x-amz-date and x-amz-content-sha256 to `headers`, all of which are signed. `path` is encoded
/// already, without a query; `stamp` is "20130524T000000Z".
void s3_sign(const S3Credentials& credentials, std::string_view method, std::string_view host, std::string_view path,
             std::string_view payload, const std::string& stamp, HttpHeaders& headers);

}  // namespace elb::logs
