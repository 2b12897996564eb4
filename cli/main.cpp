// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/app.h"
#include "cli/http_client.h"
#include "cli/raw_terminal.h"

int main(int argc, char** argv) {
  using namespace elb;
  const SystemClock clock;
  cli::Environment environment{
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .clock = clock,
      .sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); },
      .variable = [](const char* name) -> std::string {
        const char* value = std::getenv(name);
        return value == nullptr ? "" : value;
      },
      .terminal = isatty(STDOUT_FILENO) == 1,
  };
  if (environment.terminal) {
    environment.size = []() -> std::pair<size_t, size_t> {
      winsize size{};
      if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {0, 0};
      return {size.ws_col, size.ws_row};
    };
    environment.width = environment.size().first;
    environment.keys = cli::open_raw_terminal;
  }
  const auto connect = [](const cli::Endpoint& endpoint, const cli::Login& login) -> std::unique_ptr<cli::Transport> {
    return std::make_unique<cli::HttpClient>(endpoint, login);
  };
  return static_cast<int>(cli::run(std::vector<std::string>(argv + 1, argv + argc), environment, connect));
}
