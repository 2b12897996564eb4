// SPDX-License-Identifier: Apache-2.0
// HTTP/2 frames made and read by hand, so that the session is judged from outside, and a user of it that answers
// nothing by itself. Header blocks are literals without index or Huffman code. Thread rule: one thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "h2/session.h"

namespace elb::test {

enum FrameType : uint8_t {
  kData,
  kHeaders,
  kPriority,
  kReset,
  kSettings,
  kPush,
  kPing,
  kGoaway,
  kWindow,
  kContinuation
};
inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kAck = 1;
inline constexpr uint8_t kEndHeaders = 4;
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(uint32_t value, int bytes) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}
inline std::string frame(FrameType type, uint8_t flags, uint32_t stream, std::string_view payload = {}) {
  return number(static_cast<uint32_t>(payload.size()), 3) + static_cast<char>(type) + static_cast<char>(flags) +
         number(stream, 4) + std::string(payload);
}
inline std::string length_of(std::string_view text) {
  if (text.size() < 127) return std::string(1, static_cast<char>(text.size()));
  std::string out(1, '\x7f');
  size_t rest = text.size() - 127;
  for (; rest >= 128; rest /= 128) out += static_cast<char>(rest % 128 + 128);
  return out += static_cast<char>(rest);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string block(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out.append(1, '\0').append(length_of(name)).append(name).append(length_of(value)).append(value);
  return out;
}
inline Fields get_fields(std::string_view path = "/", Fields more = {}) {
  Fields fields = {{":method", "GET"}, {":scheme", "https"}, {":path", std::string(path)}, {":authority", "a.example"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
inline std::string get_frame(uint32_t stream, Fields more = {}) {
  return frame(kHeaders, kEndHeaders | kEndStream, stream, block(get_fields("/", std::move(more))));
}

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
};

inline uint32_t read32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

/// Takes whole frames off the front of `bytes`.
inline std::vector<Frame> read_frames(std::string& bytes) {
  std::vector<Frame> frames;
  while (bytes.size() >= 9) {
    const size_t size = read32(bytes, 0) >> 8;
    if (bytes.size() < 9 + size) break;
    frames.push_back({static_cast<uint8_t>(bytes[3]), static_cast<uint8_t>(bytes[4]), read32(bytes, 5) & 0x7fffffff,
                      bytes.substr(9, size)});
    bytes.erase(0, 9 + size);
  }
  return frames;
}

}  // namespace elb::test
