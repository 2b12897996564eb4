// SPDX-License-Identifier: Apache-2.0
// RawTerminal: keys one by one and unseen, as long as the object lives; a signal that ends the program gives the
// terminal back as it was. Thread rule: one object at a time, by the main thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace elb::cli {

class RawTerminal {
 public:
  virtual ~RawTerminal() = default;
  /// What was typed within `time`; comes back at once when there is something, or when the window has another size.
  virtual std::string wait(std::chrono::milliseconds time) = 0;
};

/// Null: standard input is no terminal.
std::unique_ptr<RawTerminal> open_raw_terminal();

}  // namespace elb::cli
