// SPDX-License-Identifier: Apache-2.0
#include "cli/status_tree.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/text.h"
#include "cli/tree.h"

namespace elb::cli {
namespace {

using codec::Value;

std::string name_of(const Value& object) {
  const std::string name = object.get("name").text();
  return harmless(name.empty() ? object.get("id").text() : name);
}

/// "ONLINE  why"; the reason only when there is one.
std::string state_of(const Value& object, bool colour, size_t width = 0) {
  const std::string status = harmless(object.get("operating_status").text());
  std::string text = coloured_status(status, colour);
  if (display_width(status) < width) text.append(width - display_width(status), ' ');
  const std::string reason = harmless(object.get("status_reason").text());
  if (!reason.empty()) text += "  " + reason;
  // An object that is switched off says so even when its status has another cause.
  if (object.has("admin_state_up") && !object.get("admin_state_up").as_bool() && reason.empty()) text += "  disabled";
  return text;
}

std::string id_of(const Value& object, bool wide, bool colour) {
  return wide ? "  " + dimmed(harmless(object.get("id").text()), colour) : "";
}

std::string traffic_of(const Value& stats, bool wide) {
  if (!stats.is_object()) return {};
  std::string text =
      fmt::format("  {} open, {} total, {} in, {} out", grouped(stats.get("active_connections").as_int()),
                  grouped(stats.get("total_connections").as_int()), human_bytes(stats.get("bytes_in").as_int()),
                  human_bytes(stats.get("bytes_out").as_int()));
  const int64_t errors = stats.get("request_errors").as_int();
  if (errors > 0 || wide) text += fmt::format(", {} refused", grouped(errors));
  return text;
}

std::string monitor_line(const Value& monitor, bool wide, bool colour) {
  std::string line = fmt::format(
      "health monitor {} every {} s, timeout {} s, up after {}, down after {}", harmless(monitor.get("type").text()),
      monitor.get("delay").text(),
      monitor.has("effective_timeout") ? monitor.get("effective_timeout").text() : monitor.get("timeout").text(),
      monitor.get("max_retries").text(), monitor.get("max_retries_down").text());
  if (monitor.has("admin_state_up") && !monitor.get("admin_state_up").as_bool()) line += "  disabled";
  return line + id_of(monitor, wide, colour);
}

struct MemberRow {
  std::string who, where, weight, zone;
  size_t status_width = 0;
};

MemberRow member_row(const Value& member) {
  std::string address = member.get("address").text();
  if (address.find(':') != std::string::npos) address = "[" + address + "]";
  const std::string status = member.get("operating_status").text();
  return {harmless(member.get("name").text()),
          harmless(fmt::format("{}:{}", address, member.get("protocol_port").text())),
          "weight " + member.get("weight").text(), harmless(member.get("availability_zone").text()),
          display_width(harmless(status))};
}

std::string latency_of(const Value& member, bool wide) {
  std::string text;
  if (const int64_t latency = member.get("latency_us").as_int(); latency > 0) {
    text += fmt::format("  {:.1f} ms", static_cast<double>(latency) / 1000);
  }
  if (const std::string checked = member.get("checked_at").text(); wide && !checked.empty()) {
    text += "  checked " + harmless(checked);
  }
  return text;
}

/// The elements by name, then by address: the API's order is by id, which says nothing to people.
std::vector<Value> sorted(const Value& array) {
  std::vector<Value> all;
  for (size_t i = 0; i < array.size(); ++i) all.push_back(array.at(i));
  const auto key = [](const Value& object) {
    std::string text = object.get("name").text() + '\n' + object.get("address").text() + '\n';
    return text + object.get("vip_address").text() + object.get("protocol_port").text();
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Value& a, const Value& b) { return natural_less(key(a), key(b)); });
  return all;
}

void add_members(const std::vector<Value>& members, bool wide, bool colour, Tree& tree) {
  std::vector<MemberRow> rows;
  size_t who = 0, where = 0, weight = 0, zone = 0, status = 0;
  for (const Value& member : members) {
    rows.push_back(member_row(member));
    who = std::max(who, display_width(rows.back().who));
    where = std::max(where, display_width(rows.back().where));
    weight = std::max(weight, display_width(rows.back().weight));
    zone = std::max(zone, display_width(rows.back().zone));
    status = std::max(status, rows.back().status_width);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const Value& member = members[i];
    std::string line = "member ";
    if (who > 0) line += padded(rows[i].who, who) + "  ";
    line += padded(rows[i].where, where) + "  " + padded(rows[i].weight, weight) + "  ";
    if (zone > 0) line += padded(rows[i].zone, zone) + "  ";
    line += state_of(member, colour, status) + latency_of(member, wide) + id_of(member, wide, colour);
    line.erase(line.find_last_not_of(' ') + 1);
    tree.children.push_back({line});
  }
}

/// What a listener refuses: "only 10.0.0.0/8, 192.0.2.7", "at most 100 open".
std::string limits_of(const Value& listener) {
  std::string text;
  if (const Value whitelist = listener.get("whitelist"); whitelist.get("enable_whitelist").as_bool()) {
    constexpr size_t kShown = 60;
    std::string entries = harmless(whitelist.get("whitelist").text());
    if (entries.size() > kShown) entries = entries.substr(0, entries.rfind(',', kShown)) + ", ...";
    text += entries.empty() ? "  admits nobody" : "  admits only " + entries;
  }
  if (const int64_t limit = listener.get("connection_limit").as_int(); limit > 0) {
    text += fmt::format("  at most {} open", grouped(limit));
  }
  if (listener.get("toa").as_bool()) text += "  toa";
  return text;
}

std::string stickiness_of(const Value& pool) {
  const Value persistence = pool.get("session_persistence");
  if (!persistence.is_object()) return {};
  const std::string minutes = harmless(persistence.get("persistence_timeout").text());
  return minutes.empty() ? "" : fmt::format(", sticky for {} min", minutes);
}

std::string bandwidth_of(const Value& number) {
  return number.is_null() ? "" : fmt::format(" ({} Mbit/s)", grouped(number.as_int()));
}

/// "10.0.0.100 (5 Mbit/s)  EIP 203.0.113.10 (10 Mbit/s)"
std::string addresses_of(const Value& load_balancer) {
  std::string text =
      harmless(load_balancer.get("vip_address").text()) + bandwidth_of(load_balancer.get("vip_bandwidth"));
  if (const std::string eip = harmless(load_balancer.get("eip").text()); !eip.empty()) {
    text += "  EIP " + eip + bandwidth_of(load_balancer.get("bandwidth"));
  }
  return text;
}

Tree pool_tree(const Value& pool, bool wide, bool colour) {
  Tree tree{fmt::format("pool {}  {}{}  {}{}", name_of(pool), harmless(pool.get("lb_algorithm").text()),
                        stickiness_of(pool), state_of(pool, colour), id_of(pool, wide, colour))};
  if (const Value monitor = pool.get("healthmonitor"); monitor.is_object()) {
    tree.children.push_back({monitor_line(monitor, wide, colour)});
  }
  add_members(sorted(pool.get("members")), wide, colour, tree);
  return tree;
}

Tree load_balancer_tree(const Value& load_balancer, bool wide, bool colour) {
  std::string line = fmt::format("load balancer {}  {}  {}", name_of(load_balancer), addresses_of(load_balancer),
                                 state_of(load_balancer, colour));
  const std::string provisioning = load_balancer.get("provisioning_status").text();
  if (provisioning != "ACTIVE" && !provisioning.empty()) {
    line += "  (" + coloured_status(harmless(provisioning), colour) + ")";
  }
  Tree tree{line + id_of(load_balancer, wide, colour)};
  for (const Value& listener : sorted(load_balancer.get("listeners"))) {
    Tree branch{fmt::format("listener {}  {} :{}  {}{}{}{}", name_of(listener),
                            harmless(listener.get("protocol").text()), listener.get("protocol_port").text(),
                            state_of(listener, colour), limits_of(listener), traffic_of(listener.get("stats"), wide),
                            id_of(listener, wide, colour))};
    if (const Value pool = listener.get("pool"); pool.is_object()) {
      branch.children.push_back(pool_tree(pool, wide, colour));
    } else {
      branch.children.push_back({dimmed("no pool: new connections are refused", colour)});
    }
    tree.children.push_back(std::move(branch));
  }
  for (const Value& pool : sorted(load_balancer.get("pools"))) {
    tree.children.push_back(pool_tree(pool, wide, colour));
    const bool unused = pool.get("operating_status").text() == "OFFLINE" && pool.get("status_reason").text().empty();
    if (unused) tree.children.back().line += dimmed("  no listener uses it", colour);
  }
  return tree;
}

}  // namespace

std::string status_trees(const Value& load_balancers, bool wide, bool colour) {
  std::string out;
  for (const Value& one : sorted(load_balancers)) out += load_balancer_tree(one, wide, colour).to_text() + "\n";
  return out;
}

std::string node_summary(const Value& status, bool wide, bool colour) {
  const int64_t revision = status.get("revision").as_int();
  const int64_t applied = status.get("applied_revision").as_int();
  std::string out = fmt::format("revision {}, ", revision);
  out += applied == revision ? "applied" : fmt::format("applied so far: {}", applied);
  if (const Value table = status.get("flow_table"); table.get("capacity").as_int() > 0) {
    const int64_t capacity = table.get("capacity").as_int();
    const int64_t used = table.get("used").as_int();
    out += fmt::format("; flow table: {} of {} slots used ({:.1f} %)", grouped(used), grouped(capacity),
                       100.0 * static_cast<double>(used) / static_cast<double>(capacity));
  }
  out += "\n";
  for (const Value& sink : sorted(status.get("sinks"))) {
    const std::string error = harmless(sink.get("error").text());
    const int64_t repaired = sink.get("drift_repaired").as_int();
    if (error.empty() && repaired == 0 && !wide) continue;
    out += fmt::format("{}: {}, revision {}", harmless(sink.get("name").text()),
                       error.empty() ? coloured_status("ACTIVE", colour) : coloured_status("ERROR", colour),
                       sink.get("applied_revision").text());
    if (!error.empty()) out += ", " + error;
    if (wide) {
      out += fmt::format(", {} applies, {} failures, {} writes", sink.get("applies").text(),
                         sink.get("failures").text(), sink.get("writes").text());
    }
    if (repaired > 0) {
      out += fmt::format(", {} entries repaired (last: {})", repaired, harmless(sink.get("last_finding").text()));
    }
    out += "\n";
  }
  return out;
}

std::vector<Value> flat_members(const Value& load_balancers) {
  std::vector<Value> rows;
  for (const Value& load_balancer : sorted(load_balancers)) {
    const auto add_pool = [&](const std::string& listener, const Value& pool) {
      for (const Value& member : sorted(pool.get("members"))) {
        Value row = Value::object();
        row.set("loadbalancer", load_balancer.get("name")).set("listener", listener).set("pool", pool.get("name"));
        row.set("member", member.get("name")).set("address", member.get("address"));
        row.set("port", member.get("protocol_port")).set("weight", member.get("weight"));
        row.set("az", member.get("availability_zone")).set("status", member.get("operating_status"));
        row.set("reason", member.get("status_reason")).set("id", member.get("id"));
        rows.push_back(std::move(row));
      }
    };
    for (const Value& listener : sorted(load_balancer.get("listeners"))) {
      add_pool(listener.get("name").text(), listener.get("pool"));
    }
    for (const Value& pool : sorted(load_balancer.get("pools"))) add_pool("", pool);
  }
  return rows;
}

}  // namespace elb::cli
