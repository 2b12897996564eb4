// SPDX-License-Identifier: Apache-2.0
#include "cli/raw_terminal.h"

#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace elb::cli {
namespace {

termios saved;  // for the signal's sake: there is one terminal

constexpr std::string_view kShowCursor = "\x1b[?25h", kHideCursor = "\x1b[?25l";

void write_all(std::string_view text) {
  [[maybe_unused]] const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
}

void give_back() {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &saved);
  write_all(kShowCursor);
}

void on_end(int number) {
  give_back();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void on_resize(int) {}  // poll() comes back

class StandardInput final : public RawTerminal {
 public:
  StandardInput() {
    termios raw = saved;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    for (const int number : {SIGTERM, SIGHUP, SIGINT}) set(number, on_end);
    set(SIGWINCH, on_resize);
    write_all(kHideCursor);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() override {
    for (const int number : {SIGTERM, SIGHUP, SIGINT, SIGWINCH}) ::signal(number, SIG_DFL);
    give_back();
  }

  std::string wait(std::chrono::milliseconds time) override {
    pollfd typed{STDIN_FILENO, POLLIN, 0};
    if (::poll(&typed, 1, static_cast<int>(time.count())) <= 0) return {};
    std::array<char, 64> keys{};
    const ssize_t n = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (n > 0) return {keys.data(), static_cast<size_t>(n)};
    return "q";  // the terminal is gone
  }

 private:
  static void set(int number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(number, &action, nullptr);
  }
};

}  // namespace

std::unique_ptr<RawTerminal> open_raw_terminal() {
  if (::isatty(STDIN_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &saved) != 0) return nullptr;
  return std::make_unique<StandardInput>();
}

}  // namespace elb::cli
