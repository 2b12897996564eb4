// SPDX-License-Identifier: Apache-2.0
#include "cli/yaml.h"

#include <fmt/core.h>
#include <yaml.h>

#include <charconv>
#include <cmath>
#include <memory>

namespace elb::cli {
namespace {

using codec::Value;

constexpr size_t kMaxBytes = 16 << 20;  // as the agent takes it
constexpr int kMaxDepth = codec::kMaxDepth;

class Reader {
 public:
  explicit Reader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { yaml_parser_delete(&parser_); }

  Result<Value> read() {
    auto event = next();
    while (event && ((*event)->type == YAML_STREAM_START_EVENT || (*event)->type == YAML_DOCUMENT_START_EVENT))
      event = next();
    if (!event) return pass_on(event.error());
    if ((*event)->type == YAML_STREAM_END_EVENT) return invalid("", "the document is empty");
    auto value = read_value(**event, 0);
    if (!value) return value;
    event = next();  // the end of the document
    if (event) event = next();
    if (!event) return pass_on(event.error());
    if ((*event)->type != YAML_STREAM_END_EVENT) return refuse(**event, "a second document begins; one is needed");
    return value;
  }

 private:
  struct Delete {
    void operator()(yaml_event_t* event) const {
      yaml_event_delete(event);
      delete event;  // NOLINT(cppcoreguidelines-owning-memory): made in next()
    }
  };
  using Event = std::unique_ptr<yaml_event_t, Delete>;

  Result<Event> next() {
    Event event(new yaml_event_t{});
    if (yaml_parser_parse(&parser_, event.get()) == 1) return event;
    return invalid("", fmt::format("line {}: {}", parser_.problem_mark.line + 1,
                                   parser_.problem == nullptr ? "cannot be read" : parser_.problem));
  }

  static tl::unexpected<Error> refuse(const yaml_event_t& event, std::string_view why) {
    return invalid("", fmt::format("line {}: {}", event.start_mark.line + 1, why));
  }

  Result<Value> read_value(const yaml_event_t& event, int depth) {
    if (depth > kMaxDepth) return refuse(event, fmt::format("more than {} levels", kMaxDepth));
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return event.data.sequence_start.anchor != nullptr ? refuse(event, "anchors are not supported")
                                                           : sequence(depth);
      case YAML_MAPPING_START_EVENT:
        return event.data.mapping_start.anchor != nullptr ? refuse(event, "anchors are not supported") : mapping(depth);
      case YAML_ALIAS_EVENT:
        return refuse(event, "aliases are not supported");
      default:
        return refuse(event, "a value is missing");
    }
  }

  Result<Value> sequence(int depth) {
    Value out = Value::array();
    for (;;) {
      auto event = next();
      if (!event) return pass_on(event.error());
      if ((*event)->type == YAML_SEQUENCE_END_EVENT) return out;
      auto item = read_value(**event, depth + 1);
      if (!item) return item;
      out.push(std::move(*item));
    }
  }

  Result<Value> mapping(int depth) {
    Value out = Value::object();
    for (;;) {
      auto key = next();
      if (!key) return pass_on(key.error());
      if ((*key)->type == YAML_MAPPING_END_EVENT) return out;
      if ((*key)->type != YAML_SCALAR_EVENT) return refuse(**key, "a key must be a word");
      const auto& word = (*key)->data.scalar;
      const std::string name(reinterpret_cast<const char*>(word.value), word.length);
      if (out.has(name)) return refuse(**key, fmt::format("'{}' is given twice", name));
      auto event = next();
      if (!event) return pass_on(event.error());
      auto value = read_value(**event, depth + 1);
      if (!value) return value;
      out.set(name, std::move(*value));
    }
  }

  static Result<Value> scalar(const yaml_event_t& event) {
    const auto& word = event.data.scalar;
    if (word.anchor != nullptr) return refuse(event, "anchors are not supported");
    if (word.tag != nullptr) return refuse(event, "tags are not supported");
    const std::string text(reinterpret_cast<const char*>(word.value), word.length);
    if (word.style != YAML_PLAIN_SCALAR_STYLE) return Value(text);
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return Value();
    if (text == "true" || text == "True" || text == "TRUE") return Value(true);
    if (text == "false" || text == "False" || text == "FALSE") return Value(false);
    const char* const end = text.data() + text.size();
    int64_t whole = 0;
    if (const auto [at, error] = std::from_chars(text.data(), end, whole); at == end && error == std::errc())
      return Value(whole);
    double number = 0;
    const bool numeric = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
    if (const auto [at, error] = std::from_chars(text.data(), end, number);
        numeric && at == end && error == std::errc() && std::isfinite(number))
      return Value(number);
    return Value(text);
  }

  yaml_parser_t parser_{};
};

}  // namespace

Result<Value> parse_document(std::string_view text) {
  if (text.size() > kMaxBytes) return fail(ErrorCode::kTooLarge, fmt::format("more than {} bytes", kMaxBytes));
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin != std::string_view::npos && text[begin] == '{') return Value::parse(text, kMaxBytes);
  return Reader(text).read();
}

}  // namespace elb::cli
