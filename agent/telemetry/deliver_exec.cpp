// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/fd.h"
#include "telemetry/deliver.h"

namespace elb::telemetry {
namespace {

constexpr std::chrono::seconds kLongest{30};
constexpr std::chrono::milliseconds kLook{20};

/// posix_spawn's two objects: standard input is the pipe, nothing else of ours is passed on, signals are as at a login.
class Spawn {
 public:
  explicit Spawn(int input) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;
  ~Spawn() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  int run(pid_t* pid, const std::string& program) {
    std::string name = program;
    std::array<char*, 2> argv = {name.data(), nullptr};
    return ::posix_spawn(pid, program.c_str(), &actions_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// What it does not read is lost; the pipe must not hold us up.
void feed(int pipe, std::string_view text, std::chrono::steady_clock::time_point deadline) {
  while (!text.empty() && std::chrono::steady_clock::now() < deadline) {
    const ssize_t sent = ::write(pipe, text.data(), text.size());
    if (sent > 0) {
      text.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd poll{pipe, POLLOUT, 0};
      ::poll(&poll, 1, static_cast<int>(kLook.count()));
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

Status run_command(const std::string& program, const std::string& payload) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(errno, "cannot make a pipe");
  Fd reader(ends[0]), writer(ends[1]);
  ::fcntl(writer.get(), F_SETFL, O_NONBLOCK);
  pid_t pid = -1;
  if (const int error = Spawn(reader.get()).run(&pid, program); error != 0)
    return fail_errno(error, "cannot run " + program);
  reader.reset();
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  feed(writer.get(), payload, deadline);
  writer.reset();
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(pid, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(pid, SIGKILL);
      while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      return fail(ErrorCode::kUnavailable, fmt::format("{} ran for longer than {} s", program, kLongest.count()));
    }
    std::this_thread::sleep_for(kLook);
  }
  if (ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (ended == pid && WIFEXITED(status))
    return fail(ErrorCode::kUnavailable, fmt::format("{} ended with {}", program, WEXITSTATUS(status)));
  return fail(ErrorCode::kUnavailable, fmt::format("{} was ended by a signal", program));
}

}  // namespace elb::telemetry
