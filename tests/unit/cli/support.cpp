// SPDX-License-Identifier: Apache-2.0
#include "unit/cli/support.h"

#include <fmt/core.h>
#include <httplib.h>

#include <mutex>
#include <sstream>
#include <thread>

#include "cli/http_client.h"
#include "harness/manual_clock.h"

namespace elb::cli {

struct ScriptedAgent::Impl {
  httplib::Server server;
  int port = 0;
  std::thread thread;
  mutable std::mutex mutex;
  std::map<std::string, std::vector<Answer>> script;
  std::vector<std::string> seen;

  void handle(const httplib::Request& request, httplib::Response& response) {
    const std::lock_guard lock(mutex);
    const std::string key = request.method + " " + request.target;
    seen.push_back(request.body.empty() ? key : key + " " + request.body);
    const auto found = script.find(key);
    if (found == script.end()) {
      response.status = 418;
      response.set_content(R"({"faultstring":"the script has no answer"})", "application/json");
      return;
    }
    response.status = found->second.front().status;
    response.set_content(found->second.front().body, "application/json");
    if (found->second.size() > 1) found->second.erase(found->second.begin());
  }
};

ScriptedAgent::ScriptedAgent() : impl_(std::make_unique<Impl>()) {
  const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
    impl_->handle(request, response);
  };
  impl_->server.Get(".*", handle).Post(".*", handle).Put(".*", handle).Delete(".*", handle);
  impl_->server.set_keep_alive_timeout(1);
  impl_->port = impl_->server.bind_to_any_port("127.0.0.1");
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!impl_->server.is_running()) std::this_thread::yield();
}

ScriptedAgent::~ScriptedAgent() {
  impl_->server.stop();
  impl_->thread.join();
}

ScriptedAgent& ScriptedAgent::on(const std::string& request, std::vector<Answer> answers) {
  const std::lock_guard lock(impl_->mutex);
  impl_->script[request] = std::move(answers);
  return *this;
}

std::vector<std::string> ScriptedAgent::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->seen;
}

std::string ScriptedAgent::endpoint() const { return fmt::format("http://127.0.0.1:{}", impl_->port); }

Ran run_elbctl(std::vector<std::string> words, const std::string& endpoint, RunOptions options) {
  std::istringstream in(options.input);
  std::ostringstream out, err;
  test::ManualClock clock;
  options.variables.emplace("ELB_ENDPOINT", endpoint);
  const Environment environment{
      .in = in,
      .out = out,
      .err = err,
      .clock = clock,
      .sleep = [&clock](std::chrono::milliseconds time) { clock.advance(time); },
      .variable =
          [&options](const char* name) {
            const auto found = options.variables.find(name);
            return found == options.variables.end() ? std::string() : found->second;
          },
      .terminal = options.terminal,
      .width = options.width,
  };
  const auto connect = [](const Endpoint& where, const Login& login) -> std::unique_ptr<Transport> {
    return std::make_unique<HttpClient>(where, login);
  };
  const Exit exit = run(words, environment, connect);
  return {exit, out.str(), err.str()};
}

std::vector<std::string> shell_words(const std::string& line) {
  std::vector<std::string> words;
  bool quoted = false;
  bool open = false;
  for (const char c : line) {
    if (c == '\'') {
      quoted = !quoted;
      if (!open) words.emplace_back();
      open = true;
    } else if (c == ' ' && !quoted) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      words.back() += c;
    }
  }
  return words;
}

}  // namespace elb::cli
