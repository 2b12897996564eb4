// SPDX-License-Identifier: Apache-2.0
#include "dataplane/uuid.h"

#include "base/random.h"

namespace elb::dataplane {

Result<Uuid> parse_uuid(std::string_view text) {
  if (!is_uuid(text)) return fail(ErrorCode::kInternal, fmt::format("id '{}' is no UUID", text.substr(0, 64)));
  Uuid uuid{};
  size_t digit = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    uuid[digit / 2] = static_cast<uint8_t>(uuid[digit / 2] << 4 | value);
    ++digit;
  }
  return uuid;
}

std::string to_string(const Uuid& uuid) {
  std::string text;
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", uuid[i]);
  }
  return text;
}

}  // namespace elb::dataplane
