// SPDX-License-Identifier: Apache-2.0
#include "cli/top_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cli/http_rates.h"
#include "cli/rates.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

constexpr size_t kNumber = 7;  // columns of one, the blank before it included
constexpr size_t kAddressMax = 21;
constexpr size_t kStateMax = 10;
constexpr size_t kLeastName = 8;
constexpr size_t kDropsMax = 3;  // lines

/// Exactly `width` columns; the last one shows that something is missing.
std::string fitted(const std::string& text, size_t width) {
  std::string shown = harmless(text);
  if (display_width(shown) <= width) return padded(shown, width);
  while (!shown.empty() &&
         (display_width(shown) >= width || (static_cast<unsigned char>(shown.back()) & 0xC0U) == 0x80U))
    shown.pop_back();
  // of a character with several bytes the first one is left
  while (!shown.empty() && static_cast<unsigned char>(shown.back()) >= 0xC0U) shown.pop_back();
  return padded(shown + "+", width);
}

std::string right(const std::string& text) {
  return std::string(text.size() < kNumber ? kNumber - text.size() : 1, ' ') + text;
}

std::string latency(const Value& http) {
  const auto microseconds = http.get("p95_us").as_int();
  if (microseconds <= 0) return "-";
  return microseconds < 1000   ? fmt::format("{}us", microseconds)
         : microseconds < 9950 ? fmt::format("{:.1f}ms", static_cast<double>(microseconds) / 1e3)
         : microseconds < 1e6  ? fmt::format("{}ms", microseconds / 1000)
                               : fmt::format("{}s", microseconds / 1'000'000);
}

std::string requests(const Value& one) {
  return one.has("http") ? cell_number(number(one.get("http").get("requests_per_s"))) : "-";
}

/// The columns of numbers, as many as there is room for: the first ones are the ones that matter most.
std::string numbers(const std::vector<std::string>& cells, size_t room) {
  std::string out;
  for (const std::string& cell : cells)
    if (out.size() + kNumber <= room) out += right(cell);
  return out;
}

std::string row_name(const Value& one) {
  const std::string name = one.get("name").text();
  return name.empty() ? one.get("id").text() : name;
}

std::string address_of(const Value& one, bool member) {
  const std::string address = one.get(member ? "address" : "vip_address").text();
  const bool ipv6 = address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", address, ipv6 ? "]" : "", one.get("protocol_port").text());
}

/// Of the two columns between name and numbers: as wide as what is in them, so that names have the rest.
struct Widths {
  size_t address = 7;
  size_t state = 5;
};

Widths widths_of(const Value& all, bool members) {
  Widths widths;
  widths.state = members ? widths.state : 8;  // PROTOCOL
  for (size_t i = 0; i < all.size(); ++i) {
    const Value one = all.at(i);
    widths.address = std::max(widths.address, address_of(one, members).size());
    if (members) widths.state = std::max(widths.state, one.get("operating_status").text().size());
  }
  return {std::min(widths.address, kAddressMax), std::min(widths.state, kStateMax)};
}

std::string row(const std::string& name, const std::string& address, const std::string& state,
                const std::vector<std::string>& cells, const Widths& widths, size_t width) {
  const size_t left = widths.address + 1 + widths.state;
  const size_t wanted = left + kLeastName + 1 + kNumber * cells.size();
  const size_t name_width = kLeastName + (width > wanted ? width - wanted : 0);
  std::string line =
      fitted(name, name_width) + " " + fitted(address, widths.address) + " " + fitted(state, widths.state);
  const size_t taken = name_width + 1 + left;
  return line + numbers(cells, width > taken ? width - taken : 0);
}

std::string cut(const std::string& line, size_t width) {
  std::string shown = fitted(line, width);
  shown.erase(shown.find_last_not_of(' ') + 1);
  return shown;
}

std::string health(const Value& members) {
  size_t up = 0, down = 0, other = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    const std::string state = members.at(i).get("operating_status").text();
    ++(state == "ONLINE" || state == "NO_MONITOR" ? up : state == "ERROR" ? down : other);
  }
  return fmt::format("members: {} up, {} down{}", up, down, other > 0 ? fmt::format(", {} else", other) : "");
}

/// Totals, in the width of a small terminal.
std::string totals_line(const Value& rates) {
  double connections = 0, active = 0, in = 0, out = 0, asked = 0, refused = 0;
  const Value listeners = rates.get("listeners");
  for (size_t i = 0; i < listeners.size(); ++i) {
    const Value one = listeners.at(i);
    connections += number(one.get("connections_per_s"));
    active += number(one.get("active"));
    in += number(one.get("bytes_in_per_s"));
    out += number(one.get("bytes_out_per_s"));
    refused += number(one.get("refused_per_s"));
    asked += number(one.get("http").get("requests_per_s"));
  }
  return fmt::format("{} conn/s, {} active, {} req/s, {}B/s in, {}B/s out, {} refused/s", cell_number(connections),
                     cell_number(active), cell_number(asked), cell_number(in), cell_number(out), cell_number(refused));
}

std::vector<std::string> drop_lines(const Value& drops) {
  std::vector<std::string> lines;
  double dropped = 0;
  for (size_t i = 0; i < drops.size(); ++i) {
    const Value one = drops.at(i);
    if (one.get("drop").as_bool()) dropped += number(one.get("packets_per_s"));
    if (lines.size() < kDropsMax)
      lines.push_back(fmt::format("  {:<24} {:>7}/s  {}", harmless(one.get("reason").text()),
                                  cell_number(number(one.get("packets_per_s"))),
                                  one.get("drop").as_bool() ? "dropped" : "passed"));
  }
  lines.insert(lines.begin(), fmt::format("DROPS  {} packets/s", cell_number(dropped)));
  return lines;
}

}  // namespace

std::string cell_number(double number) {
  if (number < 0.05) return "0";
  if (number < 9.95) return fmt::format("{:.1f}", number);
  if (number < 999.5) return fmt::format("{:.0f}", number);
  for (const char unit : {'k', 'M', 'G', 'T'}) {
    number /= 1000;
    if (number < 9.95) return fmt::format("{:.1f}{}", number, unit);
    if (number < 999.5) return fmt::format("{:.0f}{}", number, unit);
  }
  return "lots";
}

void TopScreen::next_sort() {
  const auto& keys = rate_sort_keys();
  const auto found = std::ranges::find(keys, sort_);
  sort_ = found == keys.end() || found + 1 == keys.end() ? keys.front() : *(found + 1);
}

bool TopScreen::press(std::string_view keys) {
  constexpr std::string_view kUp = "\x1b[A", kDown = "\x1b[B", kPageUp = "\x1b[5~", kPageDown = "\x1b[6~";
  const auto page = static_cast<ptrdiff_t>(page_);
  while (!keys.empty()) {
    size_t size = 1;
    const auto is = [&](std::string_view escape) {
      if (!keys.starts_with(escape)) return false;
      size = escape.size();
      return true;
    };
    if (keys[0] == 'q' || keys[0] == '\x03' || keys[0] == '\x04') return false;
    if (keys[0] == 's') {
      next_sort();
    } else if (keys[0] == '\t') {
      focus_ = focus_ == kListeners ? kMembers : kListeners;
    } else if (keys[0] == 'k' || is(kUp)) {
      scroll(-1);
    } else if (keys[0] == 'j' || is(kDown)) {
      scroll(1);
    } else if (keys[0] == 'b' || is(kPageUp)) {
      scroll(-page);
    } else if (keys[0] == ' ' || is(kPageDown)) {
      scroll(page);
    }
    keys.remove_prefix(size);
  }
  return true;
}

void TopScreen::add_list(List which, const Value& all, size_t room, size_t width, std::vector<std::string>& out) {
  const size_t rows = room > 1 ? room - 1 : 0;
  at_[which] = std::min(at_[which], all.size() > rows ? all.size() - rows : 0);
  const size_t end = std::min(all.size(), at_[which] + rows);
  if (which == focus_) page_ = std::max<size_t>(rows, 1);
  const bool members = which == kMembers;
  const std::string range =
      end - at_[which] < all.size() ? fmt::format(" {}-{}/{}", at_[which] + 1, end, all.size()) : "";
  out.push_back(
      cut(fmt::format("{}{}{}", which == focus_ ? ">" : " ", members ? "MEMBERS" : "LISTENERS", range), width));
  const Widths widths = widths_of(all, members);
  std::vector<std::string> heads = {"CONN/S", "ACTIVE", "REQ/S", "IN/S", "OUT/S"};
  if (!members) heads.insert(heads.begin() + 3, "P95");
  out.push_back(cut(row("NAME", "ADDRESS", members ? "STATE" : "PROTOCOL", heads, widths, width), width));
  for (size_t i = at_[which]; i < end; ++i) {
    const Value one = all.at(i);
    std::vector<std::string> cells = {
        cell_number(number(one.get("connections_per_s"))), cell_number(number(one.get("active"))), requests(one),
        cell_number(number(one.get("bytes_in_per_s"))), cell_number(number(one.get("bytes_out_per_s")))};
    if (!members) cells.insert(cells.begin() + 3, latency(one.get("http")));
    const std::string state = one.get(members ? "operating_status" : "protocol").text();
    out.push_back(cut(row(row_name(one), address_of(one, members), state, cells, widths, width), width));
  }
}

std::vector<std::string> TopScreen::lines(const Value& rates, const std::string& title, size_t width, size_t height) {
  const Value listeners = rates.get("listeners"), members = rates.get("members");
  const std::vector<std::string> drops = drop_lines(rates.get("drops"));
  std::vector<std::string> out = {cut(fmt::format("{}, by {}", title, sort_), width), cut(totals_line(rates), width),
                                  cut(health(members), width)};
  // Between them the lists have what is left; who needs less leaves it to the other.
  const size_t fixed = out.size() + drops.size() + 4;  // the lists' titles, a blank line, keys
  const size_t room = height > fixed + 4 ? height - fixed : 4;
  const size_t half = room / 2;
  const size_t first =
      std::min(listeners.size() + 1, members.size() + 1 < room - half ? room - members.size() - 1 : half);
  add_list(kListeners, listeners, first, width, out);
  add_list(kMembers, members, room - first, width, out);
  out.emplace_back();
  for (const std::string& line : drops) out.push_back(cut(line, width));
  const std::string keys = cut("q quit  s sort  Tab other list  Up Down Space b scroll", width);
  out.resize(height > 0 ? height - 1 : 0);
  out.push_back(keys);
  return out;
}

}  // namespace elb::cli
