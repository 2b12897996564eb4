// SPDX-License-Identifier: Apache-2.0
// A perfect hash: four bytes of a name (length, first, last but one, middle) times a constant, the top eight bits of
// the product. The constant was searched for; the compiler proves below that no two names share a slot. To add a name,
// search anew: try odd constants until the assertion holds (1 of about 2,000 does).
#include "http/header_id.h"

namespace elb::http {
namespace {

constexpr uint32_t kMultiplier = 0xa5f2a427;
constexpr uint8_t kFold = 0x20;  // makes letters lower case, keeps digits and '-'

constexpr uint32_t slot_of(std::string_view name) {
  const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(name[i]) | kFold); };
  const auto size = static_cast<uint32_t>(name.size());
  return ((size & 0xff) | at(0) << 8 | at(size - 2) << 16 | at(size / 2) << 24) * kMultiplier >> 24;
}

constexpr std::array<uint8_t, 256> make_slots() {
  std::array<uint8_t, 256> slots{};
  for (size_t id = 1; id < kHeaderIds; ++id) slots[slot_of(kHeaderNames[id])] = static_cast<uint8_t>(id);
  return slots;
}

constexpr std::array<uint8_t, 256> kSlots = make_slots();

constexpr bool is_perfect() {
  for (size_t id = 1; id < kHeaderIds; ++id)
    if (kSlots[slot_of(kHeaderNames[id])] != id) return false;
  return true;
}
static_assert(is_perfect());

// Folding maps two bytes to each letter, its two cases, and to digits and '-' only themselves and control bytes. A
// control byte must therefore be told apart; everything else that differs stays different.
bool same(std::string_view name, std::string_view known) {
  uint8_t different = 0;
  uint8_t lowest = 0xff;
  for (size_t i = 0; i < known.size(); ++i) {
    const auto byte = static_cast<uint8_t>(name[i]);
    different |= static_cast<uint8_t>((byte | kFold) ^ static_cast<uint8_t>(known[i]));
    lowest = byte < lowest ? byte : lowest;
  }
  return different == 0 && lowest > 0x20;
}

}  // namespace

HeaderId header_id(std::string_view name) {
  if (name.size() < 2) return HeaderId::kOther;
  const uint8_t id = kSlots[slot_of(name)];
  const std::string_view known = kHeaderNames[id];
  if (id == 0 || known.size() != name.size() || !same(name, known)) return HeaderId::kOther;
  return static_cast<HeaderId>(id);
}

}  // namespace elb::http
