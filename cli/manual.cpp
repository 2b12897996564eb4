// SPDX-License-Identifier: Apache-2.0
// elbctl(1): mdoc source made from the table of commands, so that the page can not forget one.
#include <fmt/core.h>

#include "cli/help.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

/// Text as troff takes it literally: no line that begins as a request, hyphens that can be copied.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

/// Running text: a new line for each sentence and before column 80, as mdoc wants its source.
std::string prose(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find(". ");
    const std::string_view sentence = text.substr(0, end == std::string_view::npos ? end : end + 1);
    for (const std::string& line : wrapped(sentence, 72)) out += escaped(line) + "\n";
    text.remove_prefix(std::min(sentence.size() + 1, text.size()));
  }
  return out;
}

/// A word that mdoc must not take for a macro of its own ("Ns", "Op" ...) and may contain spaces.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : escaped(text)) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string options_list(const std::vector<Option>& options) {
  if (options.empty()) return {};
  std::string out = ".Bl -tag -width Ds\n";
  for (const Option& option : options) {
    out += fmt::format(".It Sy {}\n{}", quoted(option_title(option)), prose(option_text(option)));
  }
  return out + ".El\n";
}

std::string command_section(const Noun& noun, const Command& command) {
  std::string out = fmt::format(".Ss {}\n", quoted(usage_line(noun, command)));
  std::string summary = command.summary;
  summary[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(summary[0])));
  out += prose(summary + ".");
  if (!command.description.empty()) out += prose(command.description);
  if (!command.aliases.empty()) {
    std::string names;
    for (const std::string& alias : command.aliases) names += (names.empty() ? "" : ", ") + alias;
    out += "Also: " + escaped(names) + ".\n";
  }
  if (!command.positionals.empty()) {
    out += ".Bl -tag -width Ds\n";
    for (const Positional& positional : command.positionals) {
      out += fmt::format(".It Ar {}\n{}", quoted(positional.name), prose(positional.help));
    }
    out += ".El\n";
  }
  out += options_list(command.options);
  if (!command.examples.empty()) out += ".Pp\n";
  for (const Example& example : command.examples) {
    if (!example.text.empty()) out += "Example, " + escaped(example.text) + ":\n";
    out += ".Dl " + escaped(example.line) + "\n";
  }
  return out;
}

constexpr const char* kHead = R"(.\" SPDX-License-Identifier: Apache-2.0
.\" Made by "elbctl __manual" from the table of commands; change the table, not this page.
.Dd $Mdocdate$
.Dt ELBCTL 1
.Os
.Sh NAME
.Nm elbctl
.Nd manage an elastic load balancer
.Sh SYNOPSIS
.Nm
.Ar noun
.Ar verb
.Op Ar argument ...
.Op Fl \-option Ar ...
.Sh DESCRIPTION
.Nm
talks to the REST API of elb\-agent.
Objects are given by name or by id; where a name belongs to several objects,
nothing is done and the candidates are listed.
Only data goes to standard output; messages go to standard error.
The verb may also come first, as in
.Dq elbctl get lb .
.Pp
.Nm
.Ar noun
.Fl \-help
and
.Nm
.Ar noun verb
.Fl \-help
show what this page says of one command.
)";

constexpr const char* kOutput = R"(.Sh OUTPUT
The formats of
.Fl \-output
are
.Bl -tag -width Ds
.It Sy table
Columns for people; the default.
An object is shown as its fields without the empty ones.
.It Sy wide
As table, with every column and every field.
.It Sy json , yaml
The object, or the list of objects, as the API has it.
.It Sy name , id
One name, or one id, a line.
.It Sy csv
All columns, quoted as RFC 4180 says, with a header line.
.El
.Pp
Columns keep their names and their order.
Colour is used on a terminal only, and not when
.Ev NO_COLOR
is set.
)";

constexpr const char* kEnvironment = R"(.Sh ENVIRONMENT
.Bl -tag -width Ds
.It Ev ELB_ENDPOINT , ELB_TOKEN , ELB_TOKEN_FILE , ELB_CA_FILE , ELB_CONTEXT , ELB_PROJECT , ELB_TIMEOUT , ELB_OUTPUT
Defaults of the options of the same name.
.It Ev ELB_CONTEXTS
The file of contexts, instead of ~/.config/elb/contexts.json.
.It Ev NO_COLOR
No colours when set to anything but the empty string.
.El
)";

}  // namespace

std::string manual_page() {
  std::string out = kHead;
  out += ".Sh GLOBAL OPTIONS\n" + options_list(global_options());
  out += ".Sh COMMANDS\n";
  for (const Noun& noun : nouns()) {
    if (noun.hidden) continue;
    for (const Command& command : noun.commands) {
      if (!command.hidden) out += command_section(noun, command);
    }
  }
  out += kOutput;
  out += kEnvironment;
  out += ".Sh EXIT STATUS\n.Bl -tag -width Ds\n";
  for (const ExitMeaning& exit : kExitMeanings) {
    out += fmt::format(".It {}\n{}", exit.status, prose(std::string(exit.meaning) + "."));
  }
  out += ".El\n.Sh SEE ALSO\n.Xr elb\\-agent 8\n";
  return out;
}

}  // namespace elb::cli
