// SPDX-License-Identifier: Apache-2.0
// One interleaving, played out step by step on one thread: a search meets an entry that is READY but not linked,
// through a home word of the time before. Random runs seldom meet it; here it happens every time.
#pragma once

#include <cstdint>

namespace elb::test {

struct ReadyOutcome {
  bool played = false;        // every step of the script went as written
  bool accepted = false;      // the search took the entry that is not linked
  bool valid = false;         // ... and was told that its fields may be used
  uint32_t wrong_client = 0;  // whose address those fields are, 0 if nothing was used
  uint32_t later_client = 0;  // whom a search with the present home word finds
};

constexpr uint32_t kReadyOwner = 2;  // client that owns the port when the search ends
constexpr uint32_t kReadyLoser = 3;  // client whose claim of the same port is about to fail

/// A reply of a member is stopped between loading the home word and looking at the slots it names.
ReadyOutcome play_ready_script();

}  // namespace elb::test
