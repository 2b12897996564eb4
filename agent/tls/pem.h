// SPDX-License-Identifier: Apache-2.0
// PEM as users paste it: any line length, CRLF, blank lines, text around the blocks (TLS-04, TLS-08, X-8) is read, and
// written again in one form, 64 columns. Errors name the line. Foreign formats (DER, PKCS#7, PKCS#12, OpenSSH) are
// recognised and refused with the command that converts them (TLS-03). Pure functions, no library behind them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace elb::tls {

struct PemBlock {
  std::string label;  // what stands after BEGIN: "CERTIFICATE"
  std::string bytes;  // the decoded base64
  size_t line = 0;    // of the BEGIN line, from 1
  bool encrypted = false;
};

constexpr size_t kPemBytesMax = 256UL * 1024;  // a chain of ten RSA-8192 certificates is 30 KB

/// At least one block. kInvalid with `field` and a message that begins with "line N: " where a line is at fault;
/// kTooLarge above kPemBytesMax.
Result<std::vector<PemBlock>> parse_pem(std::string_view text, std::string_view field);

/// BEGIN line, rows of 64 columns, END line, each with a line feed.
std::string write_pem(std::string_view label, std::string_view bytes);

/// What the text is if it is not PEM with a certificate or a key, and the command that makes PEM of it; empty: unknown.
std::string foreign_format(std::string_view text);

}  // namespace elb::tls
