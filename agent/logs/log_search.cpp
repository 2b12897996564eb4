// SPDX-License-Identifier: Apache-2.0
#include "logs/log_search.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>

#include "logs/log_files.h"

namespace elb::logs {
namespace {

using codec::Value;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

/// "10.1.0.11" of "10.1.0.11:4711", "2001:db8::1" of "[2001:db8::1]:443".
std::string_view address_of(std::string_view endpoint) {
  std::string_view address = endpoint.substr(0, endpoint.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return address;
}

/// A JSON line as one of 32 fields, so that there is one set of rules; empty if it is none of ours. `keep` holds it.
std::optional<LogLine> from_json(std::string_view text, std::string& keep) {
  const auto value = Value::parse(text);
  if (!value || !value->is_object()) return std::nullopt;
  keep.clear();
  constexpr std::string_view kQuoted = "request";
  for (size_t i = 0; i < kLogFields; ++i) {
    const std::string_view name = name_of(LogField(i));
    std::string field = value->get(name).text();
    std::replace(field.begin(), field.end(), '"', '\'');
    const bool quoted =
        name == kQuoted || name.starts_with("upstream_") || name.starts_with("http_") || name == "member_name";
    if (!quoted) std::replace(field.begin(), field.end(), ' ', '_');
    if (field.empty()) field.assign(1, '-');
    if (i > 0) keep += ' ';
    keep += i == kTime ? '[' + field + ']' : quoted ? '"' + field + '"' : field;
  }
  const std::string end = value->get("termination").text();
  keep += ' ' + (end.empty() ? "-" : end);
  return LogLine::parse(keep);
}

/// Calls `on_line` for each line of the file, plain or compressed.
void each_line(const std::string& path, const std::function<void(std::string_view)>& on_line) {
  const std::unique_ptr<gzFile_s, decltype(&::gzclose)> file(::gzopen(path.c_str(), "rb"), &::gzclose);
  if (!file) return;
  std::string rest;
  std::vector<char> buffer(size_t{256} << 10);
  for (;;) {
    const int n = ::gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    if (n <= 0) return;
    std::string_view piece(buffer.data(), static_cast<size_t>(n));
    for (size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      if (rest.empty()) {
        on_line(piece.substr(0, end));
      } else {
        rest += piece.substr(0, end);
        on_line(rest);
        rest.clear();
      }
      piece.remove_prefix(end + 1);
    }
    rest += piece;
  }
}

struct Found {
  int64_t time_ms;
  Value value;
};

}  // namespace

bool matches(const LogQuery& query, const LogLine& line, std::string_view text) {
  const int64_t time = line.time_ms();
  if (time < query.from_ms || time > query.to_ms) return false;
  if (!query.loadbalancers.contains(line.loadbalancer_id())) return false;
  if (!query.listener.empty() && line[kListenerId] != query.listener) return false;
  const int status = line.status();
  if (status < query.status_min || status > query.status_max) return false;
  if (!query.client.empty() && address_of(line[kClient]) != query.client) return false;
  if (!query.termination.empty() && line.end() != query.termination) return false;
  return query.text.empty() || contains(text, query.text);
}

Value to_value(const LogLine& line) {
  std::string json;
  append_json(line, json);
  auto value = Value::parse(json);
  return value ? std::move(*value) : Value::object();
}

std::vector<Value> search_files(const std::string& directory, const std::vector<LogRoute>& routes,
                                const LogQuery& query) {
  std::vector<Found> all;
  std::set<std::pair<std::string, std::string>> seen;
  for (const LogRoute& route : routes) {
    if (!seen.emplace(route.group, route.stream).second) continue;
    const auto files = log_files_of(directory, route.group, route.stream);
    std::vector<Found> of_stream;  // the newest first, file by file
    for (auto file = files.rbegin(); file != files.rend() && of_stream.size() < query.limit; ++file) {
      std::deque<Found> in_file;
      int64_t newest = 0;
      std::string keep;
      each_line(*file, [&](std::string_view text) {
        const auto line = text.starts_with('{') ? from_json(text, keep) : LogLine::parse(text);
        if (!line) return;
        newest = std::max(newest, line->time_ms());
        if (!matches(query, *line, text)) return;
        in_file.push_back({line->time_ms(), text.starts_with('{') ? *Value::parse(text) : to_value(*line)});
        if (in_file.size() > query.limit) in_file.pop_front();
      });
      std::move(in_file.rbegin(), in_file.rend(), std::back_inserter(of_stream));
      if (newest != 0 && newest < query.from_ms) break;  // what is older is too old as well
    }
    std::move(of_stream.begin(), of_stream.end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(), [](const Found& a, const Found& b) { return a.time_ms > b.time_ms; });
  if (all.size() > query.limit) all.resize(query.limit);
  std::vector<Value> values;
  for (auto found = all.rbegin(); found != all.rend(); ++found) values.push_back(std::move(found->value));
  return values;
}

}  // namespace elb::logs
