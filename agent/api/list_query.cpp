// SPDX-License-Identifier: Apache-2.0
#include "api/list_query.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>

namespace elb::api {
namespace {

using codec::Value;

constexpr std::string_view kTagFilters[] = {"tags", "tags-any", "not-tags", "not-tags-any"};

struct SortKey {
  std::string field;
  bool descending = false;
};

struct ListQuery {
  std::map<std::string, std::vector<std::string>> filters;  // values of one field are alternatives
  std::vector<std::pair<std::string, std::vector<std::string>>> tags;
  std::set<std::string> fields;
  std::vector<SortKey> sort;
  std::optional<size_t> limit;
  std::string marker;
  bool reverse = false;
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool known(const ListSpec& spec, const std::string& field) {
  return std::find(spec.fields.begin(), spec.fields.end(), field) != spec.fields.end();
}

Status add_sort(const ListSpec& spec, ListQuery& query, const std::string& parameter, const std::string& field,
                const std::string& direction) {
  if (!known(spec, field)) return invalid(parameter, fmt::format("unknown field '{}'", field));
  if (direction != "asc" && direction != "desc") {
    return invalid(parameter, fmt::format("direction must be asc or desc, got '{}'", direction));
  }
  query.sort.push_back({field, direction == "desc"});
  return {};
}

Status parse_sort(const Request& request, const ListSpec& spec, ListQuery& query) {
  std::vector<std::string> keys, directions;
  for (const auto& [name, value] : request.http.query) {
    if (name == "sort") {
      for (const std::string& part : split(value, ',')) {
        const auto pieces = split(part, ':');
        if (pieces.size() > 2) return invalid(name, fmt::format("must be field:direction, got '{}'", part));
        const std::string direction = pieces.size() == 2 ? pieces[1] : "asc";
        if (Status status = add_sort(spec, query, name, pieces[0], direction); !status) return status;
      }
    } else if (name == "sort_key") {
      for (std::string& part : split(value, ',')) keys.push_back(std::move(part));
    } else if (name == "sort_dir") {
      for (std::string& part : split(value, ',')) directions.push_back(std::move(part));
    }
  }
  if (!directions.empty() && directions.size() != keys.size()) {
    return invalid("sort_dir",
                   fmt::format("there must be one for each sort_key, got {} for {}", directions.size(), keys.size()));
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string direction = directions.empty() ? "asc" : directions[i];
    if (Status status = add_sort(spec, query, "sort_key", keys[i], direction); !status) return status;
  }
  return {};
}

Status parse_parameter(const ListSpec& spec, const std::string& name, const std::string& value, ListQuery& query) {
  if (name == "sort" || name == "sort_key" || name == "sort_dir") return {};  // parse_sort
  if (name == "limit") {
    uint32_t limit = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
    if (value.empty() || error != std::errc() || end != value.data() + value.size()) {
      return invalid(name, fmt::format("must be 0 to {}, got '{}'", std::numeric_limits<uint32_t>::max(), value));
    }
    if (limit > 0) query.limit = limit;  // 0: no limit, as in OpenStack
    return {};
  }
  if (name == "marker") {
    query.marker = value;
    return {};
  }
  if (name == "page_reverse") {
    const auto flag = parse_flag(name, value);
    if (!flag) return pass_on(flag.error());
    query.reverse = *flag;
    return {};
  }
  if (name == "fields") {
    for (const std::string& field : split(value, ',')) {
      if (!known(spec, field)) return invalid(name, fmt::format("unknown field '{}'", field));
      query.fields.insert(field);
    }
    return {};
  }
  if (std::find(std::begin(kTagFilters), std::end(kTagFilters), name) != std::end(kTagFilters) && known(spec, "tags")) {
    query.tags.emplace_back(name, split(value, ','));
    return {};
  }
  const auto alias = spec.aliases.find(name);
  const std::string field = alias == spec.aliases.end() ? name : alias->second;
  if (!known(spec, field)) return invalid(name, fmt::format("unknown filter '{}' for {}", name, spec.collection));
  query.filters[field].push_back(value);
  return {};
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return text;
}

bool equals(const Value& value, const std::string& text) {
  switch (value.type()) {
    case Value::Type::kBool:
      return lower(text) == (value.as_bool() ? "true" : "false");
    case Value::Type::kArray:  // of references: any of them
      for (size_t i = 0; i < value.size(); ++i) {
        if (value.at(i).get("id").as_string() == text) return true;
      }
      return false;
    default:
      return value.text() == text;
  }
}

bool has_tag(const Value& tags, const std::string& tag) {
  for (size_t i = 0; i < tags.size(); ++i) {
    if (tags.at(i).as_string() == tag) return true;
  }
  return false;
}

bool tags_match(const Value& item, const ListQuery& query) {
  if (query.tags.empty()) return true;
  const Value tags = item.get("tags");
  return std::all_of(query.tags.begin(), query.tags.end(), [&tags](const auto& filter) {
    const auto& [name, wanted] = filter;
    const auto has = [&tags](const std::string& tag) { return has_tag(tags, tag); };
    const bool all = std::all_of(wanted.begin(), wanted.end(), has);
    const bool any = std::any_of(wanted.begin(), wanted.end(), has);
    if (name == "tags") return all;
    if (name == "tags-any") return any;
    return name == "not-tags" ? !all : !any;
  });
}

bool matches(const Value& item, const ListQuery& query) {
  for (const auto& [field, wanted] : query.filters) {
    const Value value = item.get(field);
    const auto equal = [&value](const std::string& text) { return equals(value, text); };
    if (std::none_of(wanted.begin(), wanted.end(), equal)) return false;
  }
  return tags_match(item, query);
}

int compare(const Value& a, const Value& b) {
  if (a.integer() && b.integer()) return *a.integer() < *b.integer() ? -1 : *a.integer() > *b.integer() ? 1 : 0;
  const int order = a.text().compare(b.text());
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

// Every order ends with the id, so that pages neither repeat nor skip.
void sort_items(std::vector<Value>& items, std::vector<SortKey> keys) {
  if (keys.empty()) keys.push_back({"created_at", false});
  keys.push_back({"id", false});
  struct Entry {
    std::vector<Value> by;
    Value item;
  };
  std::vector<Entry> entries;
  entries.reserve(items.size());
  for (Value& item : items) {
    Entry entry;
    for (const SortKey& key : keys) entry.by.push_back(item.get(key.field));
    entry.item = std::move(item);
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [&keys](const Entry& a, const Entry& b) {
    for (size_t i = 0; i < keys.size(); ++i) {
      const int order = compare(a.by[i], b.by[i]);
      if (order != 0) return keys[i].descending ? order > 0 : order < 0;
    }
    return false;
  });
  for (size_t i = 0; i < items.size(); ++i) items[i] = std::move(entries[i].item);
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Value link(const Request& request, std::string_view rel, const std::string& marker) {
  std::string href = request.base_url + request.http.target + "?";
  for (const auto& [name, value] : request.http.query) {
    if (name == "marker" || name == "page_reverse") continue;
    href += fmt::format("{}={}&", percent_encode(name), percent_encode(value));
  }
  href += "marker=" + percent_encode(marker);
  if (rel == "previous") href += "&page_reverse=true";
  return Value().set("rel", rel).set("href", href);
}

Value pick(const Value& item, const std::set<std::string>& fields) {
  Value out = Value::object();
  for (const std::string& key : item.keys()) {
    if (fields.contains(key)) out.set(key, item.get(key));
  }
  return out;
}

}  // namespace

Result<bool> parse_flag(std::string_view key, std::string_view text) {
  const std::string word = lower(std::string(text));
  if (word == "true" || word == "1") return true;
  if (word == "false" || word == "0") return false;
  return invalid(std::string(key), fmt::format("must be true or false, got '{}'", text));
}

Result<Value> render_list(const Request& request, const ListSpec& spec, std::vector<Value> items) {
  ListQuery query;
  for (const auto& [name, value] : request.http.query) {
    if (Status status = parse_parameter(spec, name, value, query); !status) return pass_on(status.error());
  }
  if (Status status = parse_sort(request, spec, query); !status) return pass_on(status.error());

  std::erase_if(items, [&query](const Value& item) { return !matches(item, query); });
  sort_items(items, query.sort);

  size_t begin = 0, end = items.size();
  if (!query.marker.empty()) {
    const auto at = std::find_if(items.begin(), items.end(),
                                 [&query](const Value& item) { return item.get("id").as_string() == query.marker; });
    if (at == items.end()) return invalid("marker", fmt::format("'{}' is not in the list", query.marker));
    const auto index = static_cast<size_t>(at - items.begin());
    (query.reverse ? end : begin) = query.reverse ? index : index + 1;
  }
  if (query.limit && end - begin > *query.limit) {
    (query.reverse ? begin : end) = query.reverse ? end - *query.limit : begin + *query.limit;
  }

  Value page = Value::array();
  for (size_t i = begin; i < end; ++i) page.push(query.fields.empty() ? items[i] : pick(items[i], query.fields));
  Value links = Value::array();
  if (query.limit && begin < end) {
    if (end < items.size()) links.push(link(request, "next", items[end - 1].get("id").as_string()));
    if (begin > 0) links.push(link(request, "previous", items[begin].get("id").as_string()));
  }
  Value out = Value::object();
  out.set(spec.collection, std::move(page));
  out.set(std::string(spec.collection) + "_links", std::move(links));
  return out;
}

Result<Value> select_fields(const Request& request, Value item) {
  if (Status status = request.only_queries({"fields"}); !status) return pass_on(status.error());
  std::set<std::string> fields;
  for (const auto& [name, value] : request.http.query) {
    for (const std::string& field : split(value, ',')) {
      if (!item.has(field)) return invalid("fields", fmt::format("unknown field '{}'", field));
      fields.insert(field);
    }
  }
  return fields.empty() ? item : pick(item, fields);
}

}  // namespace elb::api
