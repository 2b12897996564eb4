// SPDX-License-Identifier: Apache-2.0
#include "model/text.h"

#include <cstdint>

namespace elb::model {

std::optional<size_t> utf8_length(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++count) {
    const auto lead = static_cast<unsigned char>(text[i]);
    size_t length = 1;
    uint32_t code = lead;
    uint32_t smallest = 0;  // the first code point that needs this many bytes
    if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4, code = lead & 0x07U, smallest = 0x10000;
    } else if (lead >= 0xE0 && lead < 0xF0) {
      length = 3, code = lead & 0x0FU, smallest = 0x800;
    } else if (lead >= 0xC2 && lead < 0xE0) {
      length = 2, code = lead & 0x1FU, smallest = 0x80;
    } else if (lead >= 0x80) {
      return std::nullopt;
    }
    if (text.size() - i < length) return std::nullopt;
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) return std::nullopt;
      code = code << 6U | (next & 0x3FU);
    }
    if (code < smallest || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
    i += length;
  }
  return count;
}

}  // namespace elb::model
