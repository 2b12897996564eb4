// SPDX-License-Identifier: Apache-2.0
#include "cli/app.h"

#include <fmt/core.h>

#include <charconv>

#include "cli/help.h"
#include "cli/parse.h"
#include "cli/spelling.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

constexpr const char* kDefaultEndpoint = "http://127.0.0.1:9876";
constexpr int kLongestTimeout = 24 * 3600;  // seconds

std::string setting(const Args& args, const Environment& environment, const char* key, const char* variable,
                    std::string otherwise) {
  if (const auto given = args.get(key)) return *given;
  if (std::string value = environment.variable(variable); !value.empty()) return value;
  return otherwise;
}

Outcome<std::chrono::milliseconds> timeout_of(const std::string& text) {
  double seconds = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || at != text.data() + text.size() || !(seconds > 0) || seconds > kLongestTimeout) {
    return usage_error(
        fmt::format("--timeout '{}' is not a number of seconds up to {}", harmless(text), kLongestTimeout));
  }
  return std::chrono::milliseconds(std::max<int64_t>(static_cast<int64_t>(seconds * 1000), 1));
}

Exit report(const Failure& failure, const Environment& environment) {
  environment.err << "elbctl: " << harmless(failure.message);
  if (!failure.hint.empty()) environment.err << "; " << harmless(failure.hint);
  environment.err << "\n";
  for (const std::string& line : failure.details) environment.err << "  " << line << "\n";
  return failure.exit;
}

Done execute(const Invocation& invocation, const Environment& environment, const Connect& connect) {
  const Args& args = invocation.args;
  const std::string output = setting(args, environment, "output", "ELB_OUTPUT", "table");
  const auto format = parse_format(output);
  if (!format) {
    std::string names;
    for (const std::string& name : format_names()) names += (names.empty() ? "" : ", ") + name;
    return usage_error(
        fmt::format("unknown output format '{}'{}", harmless(output), did_you_mean(output, format_names())),
        "formats are " + names);
  }
  const auto timeout = timeout_of(setting(args, environment, "timeout", "ELB_TIMEOUT", "30"));
  if (!timeout) return pass_on(timeout.error());
  const auto endpoint = parse_endpoint(setting(args, environment, "endpoint", "ELB_ENDPOINT", kDefaultEndpoint));
  if (!endpoint) return pass_on(endpoint.error());
  const auto transport = connect(*endpoint);
  Api api(*transport, environment.clock, *timeout);
  Context context{environment, api, *format};
  context.colour = environment.terminal && environment.variable("NO_COLOR").empty();
  context.quiet = args.has("quiet");
  context.project = setting(args, environment, "project", "ELB_PROJECT", "");
  return invocation.command->run(context, *invocation.command, args);
}

}  // namespace

Exit run(const std::vector<std::string>& words, const Environment& environment, const Connect& connect) {
  const auto invocation = parse_command_line(words);
  if (!invocation) return report(invocation.error(), environment);
  if (invocation->help) {
    if (invocation->noun == nullptr) {
      environment.out << program_help();
    } else if (invocation->command == nullptr) {
      environment.out << noun_help(*invocation->noun);
    } else {
      environment.out << command_help(*invocation->noun, *invocation->command);
    }
    return Exit::kOk;
  }
  const Done done = execute(*invocation, environment, connect);
  environment.out.flush();
  if (!done) return report(done.error(), environment);
  // A full disk or a closed pipe behind standard output must not look like success.
  if (!environment.out) return report({Exit::kError, "cannot write to standard output"}, environment);
  return Exit::kOk;
}

}  // namespace elb::cli
