// SPDX-License-Identifier: Apache-2.0
#include "cli/rates.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "cli/http_rates.h"
#include "cli/table.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

constexpr const char* kSums[] = {"connections", "packets_in", "bytes_in", "packets_out", "bytes_out", "refused"};

std::vector<Value> elements(const Value& list) {
  std::vector<Value> out;
  for (size_t i = 0; i < list.size(); ++i) out.push_back(list.at(i));
  return out;
}

std::map<std::string, Value> by(const char* key, const Value& list) {
  std::map<std::string, Value> found;
  for (Value& one : elements(list)) found[one.get(key).text()] = one;
  return found;
}

Value object_rates(const Value& before, const Value& after, double seconds) {
  Value out = Value::object();
  for (const std::string& key : after.keys())
    if (key != "http" && std::find(std::begin(kSums), std::end(kSums), key) == std::end(kSums))
      out.set(key, after.get(key));
  for (const char* key : kSums) {
    const bool known = before.has(key);
    out.set(std::string(key) + "_per_s",
            known ? per_second(before.get(key).as_int(), after.get(key).as_int(), seconds) : Value(0.0));
  }
  if (after.has("http")) out.set("http", http_rates_between(before.get("http"), after.get("http"), seconds));
  return out;
}

Value list_rates(const Value& before, const Value& after, double seconds) {
  const auto known = by("id", before);
  Value out = Value::array();
  for (const Value& one : elements(after)) {
    const auto found = known.find(one.get("id").text());
    out.push(object_rates(found == known.end() ? Value() : found->second, one, seconds));
  }
  return out;
}

Value drop_rates(const Value& before, const Value& after, double seconds) {
  const auto known = by("reason", before);
  Value out = Value::array();
  for (const Value& drop : elements(after)) {
    const auto found = known.find(drop.get("reason").text());
    const int64_t was = found == known.end() ? 0 : found->second.get("packets").as_int();
    const Value rate = per_second(was, drop.get("packets").as_int(), seconds);
    if (number(rate) > 0)
      out.push(Value().set("reason", drop.get("reason")).set("drop", drop.get("drop")).set("packets_per_s", rate));
  }
  return out;
}

std::string shown_name(const Value& object, const std::string& otherwise) {
  const std::string name = harmless(object.get("name").text());
  return name.empty() ? otherwise : name;
}

std::vector<std::string> cells(const Value& object, std::vector<std::string> first) {
  first.push_back(rate_text(number(object.get("connections_per_s"))));
  first.push_back(grouped(object.get("active").as_int()));
  first.push_back(rate_text(number(object.get("packets_in_per_s"))));
  first.push_back(rate_text(number(object.get("packets_out_per_s"))));
  first.push_back(human_bytes(static_cast<int64_t>(number(object.get("bytes_in_per_s")))) + "/s");
  first.push_back(human_bytes(static_cast<int64_t>(number(object.get("bytes_out_per_s")))) + "/s");
  return first;
}

constexpr const char* kCounts[] = {"CONN/S", "ACTIVE", "PKT/S IN", "PKT/S OUT", "IN", "OUT"};

std::vector<std::string> header(std::vector<std::string> first) {
  first.insert(first.end(), std::begin(kCounts), std::end(kCounts));
  return first;
}

std::string totals(const Value& rates) {
  std::map<std::string, double> sum;
  int64_t active = 0;
  for (const Value& listener : elements(rates.get("listeners"))) {
    for (const char* key : kSums) sum[key] += number(listener.get(std::string(key) + "_per_s"));
    active += listener.get("active").as_int();
  }
  double drops = 0;
  for (const Value& drop : elements(rates.get("drops")))
    if (drop.get("drop").as_bool()) drops += number(drop.get("packets_per_s"));
  return fmt::format(
      "{} connections/s, {} active, {} packets/s in, {} out, {}/s in, {}/s out, {} refused/s, {} drops/s\n",
      rate_text(sum["connections"]), grouped(active), rate_text(sum["packets_in"]), rate_text(sum["packets_out"]),
      human_bytes(static_cast<int64_t>(sum["bytes_in"])), human_bytes(static_cast<int64_t>(sum["bytes_out"])),
      rate_text(sum["refused"]), rate_text(drops));
}

}  // namespace

double number(const Value& value) {
  const std::string text = value.text();
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Value per_second(int64_t before, int64_t after, double seconds) {
  if (after < before || seconds <= 0) return 0.0;
  return std::round(static_cast<double>(after - before) / seconds * 10) / 10;
}

std::string rate_text(double rate) {
  if (rate > 0 && rate < 9.95) return fmt::format("{:.1f}", rate);
  return grouped(std::llround(rate));
}

Value rates_between(const Value& before, const Value& after) {
  const double seconds =
      static_cast<double>(after.get("monotonic_us").as_int() - before.get("monotonic_us").as_int()) / 1e6;
  Value out = Value::object();
  out.set("interval_s", std::round(seconds * 1000) / 1000);
  out.set("listeners", list_rates(before.get("listeners"), after.get("listeners"), seconds));
  out.set("members", list_rates(before.get("members"), after.get("members"), seconds));
  out.set("drops", drop_rates(before.get("drops"), after.get("drops"), seconds));
  return out;
}

const std::vector<std::string>& rate_sort_keys() {
  static const std::vector<std::string> kKeys = {"connections", "active",  "requests", "packets",
                                                 "bytes",       "refused", "name"};
  return kKeys;
}

Value sorted_rates(const Value& rates, std::string_view key) {
  const auto weight = [&](const Value& one) {
    if (key == "active") return number(one.get("active"));
    if (key == "requests") return number(one.get("http").get("requests_per_s"));
    if (key == "packets") return number(one.get("packets_in_per_s")) + number(one.get("packets_out_per_s"));
    if (key == "bytes") return number(one.get("bytes_in_per_s")) + number(one.get("bytes_out_per_s"));
    if (key == "refused") return number(one.get("refused_per_s"));
    return key == "name" ? 0 : number(one.get("connections_per_s"));
  };
  Value out = rates;
  for (const char* list : {"listeners", "members"}) {
    std::vector<Value> all = elements(rates.get(list));
    std::stable_sort(all.begin(), all.end(), [&](const Value& a, const Value& b) {
      const double left = weight(a), right = weight(b);
      return left != right ? left > right : natural_less(a.get("name").text(), b.get("name").text());
    });
    Value sorted = Value::array();
    for (Value& one : all) sorted.push(std::move(one));
    out.set(list, std::move(sorted));
  }
  return out;
}

std::string rates_screen(const Value& rates, size_t height) {
  Table listeners(header({"LISTENER", "ADDRESS"})), members(header({"MEMBER", "ADDRESS", "STATUS"}));
  Table http = http_rates_table();
  Table drops({"COUNTED", "ACTION", "PACKETS/S"});
  for (const Value& one : elements(rates.get("listeners"))) {
    auto row = cells(one, {shown_name(one, one.get("id").text()),
                           fmt::format("{} {}:{}", one.get("protocol").text(), one.get("vip_address").text(),
                                       one.get("protocol_port").text())});
    row.push_back(rate_text(number(one.get("refused_per_s"))));
    listeners.add(std::move(row));
    if (one.has("http")) add_http_rates(http, shown_name(one, one.get("id").text()), one);
  }
  for (const Value& one : elements(rates.get("members"))) {
    const std::string where = fmt::format("{}:{}", one.get("address").text(), one.get("protocol_port").text());
    members.add(cells(one, {shown_name(one, where), where, one.get("operating_status").text()}));
  }
  for (const Value& one : elements(rates.get("drops")))
    drops.add({one.get("reason").text(), one.get("drop").as_bool() ? "dropped" : "passed",
               rate_text(number(one.get("packets_per_s")))});
  std::string text = totals(rates);
  for (const Table* table : {&listeners, &http, &members, &drops})
    if (!table->empty()) text += "\n" + table->to_text();
  if (height == 0) return text;
  size_t at = 0;
  for (size_t line = 0; line < height; ++line) {
    at = text.find('\n', at);
    if (at == std::string::npos) return text;
    ++at;
  }
  return text.substr(0, at);
}

}  // namespace elb::cli
