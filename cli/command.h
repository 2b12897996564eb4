// SPDX-License-Identifier: Apache-2.0
// Command: one "noun verb" of elbctl as data. The parser, the help, the manual page and the shell completion are all
// made from the same table, so that none of them can tell something else; most request bodies are made from it too.
// Thread rule: the table is built once and read only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"
#include "codec/value.h"

namespace elb::cli {

class Args;
struct Context;

enum class Kind {
  kFlag,       // no value; sends `constant`
  kText,       // as typed
  kUpper,      // upper-cased: the API's enumerations
  kInteger,    // a whole number; the range is the API's to judge
  kReference,  // name or id of a `noun`, sent as its id
};

struct Option {
  std::string names;        // "--port,--protocol-port,-p": the first long one is the key in Args
  std::string placeholder;  // "PORT"; empty for a flag
  std::string help;
  Kind kind = Kind::kText;
  std::string field{};  // key in the request body; empty when the command looks at it itself
  std::string noun{};   // whose names it takes (kReference, completion)
  std::vector<std::string> choices{};
  codec::Value constant{};  // of a flag with a field
  bool required = false;
  bool repeated = false;  // may be given several times; sent as an array
};

struct Positional {
  std::string name;  // "POOL"
  std::string help;
  std::string noun{};   // whose names it takes
  std::string field{};  // key in the request body
  bool required = true;
  bool repeated = false;
};

struct Example {
  std::string text;  // what it shows
  std::string line;  // "elbctl lb list -o wide"
};

struct Command {
  std::string verb;  // empty when the noun is the whole command
  std::vector<std::string> aliases{};
  std::string summary;      // one line, lower case, no full stop
  std::string description;  // more, may be empty
  std::vector<Positional> positionals{};
  std::vector<Option> options{};
  std::vector<Example> examples{};
  std::function<Done(Context&, const Command&, const Args&)> run;
  bool hidden = false;
};

struct Noun {
  std::string name;
  std::vector<std::string> aliases{};
  std::string summary;
  std::vector<Command> commands;
  bool hidden = false;
};

/// Every noun, in the order of the help.
const std::vector<Noun>& nouns();
/// The options that every command takes.
const std::vector<Option>& global_options();

const Noun* find_noun(std::string_view word);
const Command* find_command(const Noun& noun, std::string_view word);

/// "port" of "--port,--protocol-port,-p".
std::string key_of(const Option& option);
/// All the spellings, dashes included.
std::vector<std::string> spellings(const Option& option);

}  // namespace elb::cli
