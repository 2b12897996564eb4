// SPDX-License-Identifier: Apache-2.0
// The half of crud.h that turns the command line into request fields, and the options that commands share.
#include <fmt/core.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include "cli/crud.h"
#include "cli/resolve.h"

namespace elb::cli {
namespace {

using codec::Value;

Outcome<Value> value_of(Context& context, const Option& option, const std::string& text) {
  switch (option.kind) {
    case Kind::kInteger: {
      int64_t number = 0;
      const char* end = text.data() + text.size();
      const auto [at, error] = std::from_chars(text.data(), end, number);
      if (text.empty() || error != std::errc{} || at != end) {
        return usage_error(fmt::format("--{} '{}' is not a whole number", key_of(option), text));
      }
      return Value(number);
    }
    case Kind::kUpper: {
      std::string upper = text;
      for (char& c : upper) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      return Value(upper);
    }
    case Kind::kReference: {
      const Resource* resource = find_resource(option.noun);
      if (resource == nullptr) return Value(text);
      const auto id = find_id(context, *resource, text);
      if (!id) return pass_on(id.error());
      return Value(*id);
    }
    default:
      return Value(text);
  }
}

}  // namespace

Outcome<Value> fields_from(Context& context, const Command& command, const Args& args) {
  Value fields = Value::object();
  for (const Positional& positional : command.positionals) {
    if (const auto text = args.get(positional.name); text && !positional.field.empty()) {
      fields.set(positional.field, *text);
    }
  }
  for (const Option& option : command.options) {
    const std::string key = key_of(option);
    if (option.field.empty() || !args.has(key)) continue;
    if (option.kind == Kind::kFlag) {
      fields.set(option.field, option.constant);
      continue;
    }
    Value list = Value::array();
    for (const std::string& text : args.all(key)) {
      auto value = value_of(context, option, text);
      if (!value) return pass_on(value.error());
      if (!option.repeated) {
        fields.set(option.field, *std::move(value));
      } else if (!text.empty()) {  // --tag "" alone clears the list
        list.push(*std::move(value));
      }
    }
    if (option.repeated) fields.set(option.field, std::move(list));
  }
  if (args.has("enable") && args.has("disable")) return usage_error("--enable and --disable exclude each other");
  return fields;
}

Outcome<std::string> read_file(Context& context, const std::string& name) {
  if (name == "-") return std::string(std::istreambuf_iterator<char>(context.env.in), {});
  std::ifstream file(name, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad()) {
    return usage_error(fmt::format("cannot read {}: {}", name, std::generic_category().message(errno)));
  }
  return content;
}

Option wait_option() {
  return {"--wait,-w", "", "return only when the data plane has applied it (at most --timeout)", Kind::kFlag};
}

std::vector<Option> list_options(bool watched) {
  std::vector<Option> options = {{"--name", "NAME", "only those with exactly this name"},
                                 {.names = "--filter",
                                  .placeholder = "FIELD=VALUE",
                                  .help = "only those whose field has this value; several must all hold",
                                  .repeated = true},
                                 {"--sort", "FIELD[:desc]", "order by these fields, comma between them"}};
  if (watched) options.push_back(watch_option());
  return options;
}

Option watch_option() {
  return {"--watch,-w", "", "go on and show what changes, until interrupted or for a given --timeout", Kind::kFlag};
}

std::vector<Option> delete_options() {
  return {{"--if-exists", "", "no error when it does not exist", Kind::kFlag}, wait_option()};
}

std::vector<Option> common_options(bool with_name) {
  std::vector<Option> options;
  if (with_name) options.push_back({"--name", "NAME", "the new name", Kind::kText, "name"});
  options.push_back({"--description", "TEXT", "free text for people", Kind::kText, "description"});
  options.push_back({.names = "--tag",
                     .placeholder = "TAG",
                     .help = "a tag; several make the list, a single empty one clears it",
                     .field = "tags",
                     .repeated = true});
  options.push_back({.names = "--enable",
                     .help = "administratively up (the default)",
                     .kind = Kind::kFlag,
                     .field = "admin_state_up",
                     .constant = true});
  options.push_back({.names = "--disable",
                     .help = "administratively down: configured, but without traffic",
                     .kind = Kind::kFlag,
                     .field = "admin_state_up",
                     .constant = false});
  return options;
}

std::vector<Option> joined(std::vector<Option> first, std::vector<Option> second) {
  for (Option& option : second) first.push_back(std::move(option));
  return first;
}

}  // namespace elb::cli
