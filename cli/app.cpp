// SPDX-License-Identifier: Apache-2.0
#include "cli/app.h"

#include <fmt/core.h>
#include <unistd.h>

#include <charconv>

#include "cli/contexts.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/spelling.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

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

/// The context that was named, else the current one, else an empty one. `elbctl context` itself needs none.
Outcome<NamedContext> context_of(const Args& args, const Environment& environment) {
  const auto contexts = load_contexts(contexts_path(environment.variable));
  if (!contexts) return pass_on(contexts.error());
  const std::string name = setting(args, environment, "context", "ELB_CONTEXT", contexts->current);
  if (name.empty()) return NamedContext{};
  const auto found = contexts->all.find(name);
  if (found == contexts->all.end())
    return give_up(Exit::kNotFound, fmt::format("context '{}' does not exist", harmless(name)),
                   "see: elbctl context list");
  return found->second;
}

Outcome<Login> login_of(const Args& args, const Environment& environment, const NamedContext& chosen) {
  Login login;
  login.ca_file = setting(args, environment, "ca-file", "ELB_CA_FILE", chosen.ca_file);
  if (!login.ca_file.empty() && access(login.ca_file.c_str(), R_OK) != 0)
    return usage_error(fmt::format("the CA file {} cannot be read", harmless(login.ca_file)));
  if (!args.has("token-file")) login.token = setting(args, environment, "token", "ELB_TOKEN", "");
  const std::string file = setting(args, environment, "token-file", "ELB_TOKEN_FILE", chosen.token_file);
  if (!login.token.empty() || file.empty()) return login;
  const auto token = read_token_file(file);
  if (!token) return pass_on(token.error());
  login.token = *token;
  return login;
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
  const auto chosen = context_of(args, environment);
  if (!chosen) return pass_on(chosen.error());
  const auto endpoint = parse_place(setting(args, environment, "endpoint", "ELB_ENDPOINT",
                                            chosen->endpoint.empty() ? default_place() : chosen->endpoint));
  if (!endpoint) return pass_on(endpoint.error());
  const auto login = login_of(args, environment, *chosen);
  if (!login) return pass_on(login.error());
  const auto transport = connect(*endpoint, *login);
  Api api(*transport, environment.clock, *timeout);
  Context context{environment, api, *format};
  context.colour = environment.terminal && environment.variable("NO_COLOR").empty();
  context.quiet = args.has("quiet");
  if (args.has("timeout") || !environment.variable("ELB_TIMEOUT").empty()) context.given_timeout = *timeout;
  context.project = setting(args, environment, "project", "ELB_PROJECT", chosen->project);
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
