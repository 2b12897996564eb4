// SPDX-License-Identifier: Apache-2.0
#include "codec/whitelist.h"

#include <fmt/core.h>

#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

const Cidr& nobody() {
  static const Cidr block = *Cidr::parse("255.255.255.255/32");
  return block;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// "10.0.0.1, 10.1.0.0/16" (AC-03); a text of blanks has no entries.
void read_entries(Fields& fields, std::vector<Cidr>& entries) {
  std::string text;
  fields.text("whitelist", text);
  if (!fields.ok() || !fields.given("whitelist")) return;
  entries.clear();
  if (trim(text).empty()) return;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const auto entry = parse_entry(trim(std::string_view(text).substr(begin, end - begin)));
    if (!entry) {
      fields.fail(ErrorCode::kInvalid, fmt::format("whitelist[{}]", entries.size()), entry.error().message);
      return;
    }
    entries.push_back(*entry);
    begin = end + 1;
  }
  if (entries.size() > model::kWhitelistMax)
    fields.fail(ErrorCode::kInvalid, "whitelist",
                fmt::format("at most {} entries are allowed, got {}", model::kWhitelistMax, entries.size()));
}

void read_mutable(Fields& fields, model::Whitelist& whitelist) {
  fields.refuse({"id"}, kReadOnly);
  fields.flag("enable_whitelist", whitelist.enabled, true);
  read_entries(fields, whitelist.entries);
}

std::string entry_text(const Cidr& entry) {
  return entry.prefix == (entry.address.is_v4() ? 32 : 128) ? entry.address.to_string() : entry.to_string();
}

}  // namespace

bool is_nobody(const Cidr& entry) {
  static const Cidr nobody6 = *Cidr::parse("::/128");
  return entry == nobody() || entry == nobody6;
}

Value encode_allowed_cidrs(const model::Listener& listener) {
  const auto& whitelist = listener.whitelist;
  if (!whitelist || !whitelist->enabled) return {};
  Value list = Value::array();
  for (const Cidr& entry : whitelist->entries) list.push(entry.to_string());
  if (whitelist->entries.empty()) list.push(nobody().to_string());
  return list;
}

Value encode_whitelist(const model::Listener& listener) {
  const model::Whitelist whitelist = listener.whitelist.value_or(model::Whitelist{});
  std::string text;
  for (const Cidr& entry : whitelist.entries) text += (text.empty() ? "" : ",") + entry_text(entry);
  Value out = Value::object();
  out.set("id", whitelist.id).set("listener_id", listener.id).set("enable_whitelist", whitelist.enabled);
  out.set("whitelist", text).set("project_id", listener.project_id).set("tenant_id", listener.project_id);
  return out;
}

Result<NewWhitelist> decode_whitelist(const Value& body) {
  const auto object = open_envelope(body, "whitelist");
  if (!object) return pass_on(object.error());
  NewWhitelist decoded;
  Fields fields(*object, "");
  model::Common owner;  // the project is the listener's
  read_project(fields, owner);
  fields.require("listener_id").id("listener_id", decoded.listener_id);
  read_mutable(fields, decoded.whitelist);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return decoded;
}

Status decode_update(const Value& body, model::Whitelist& whitelist) {
  const auto object = open_envelope(body, "whitelist");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"listener_id"}, kImmutable);
  read_mutable(fields, whitelist);
  return fields.finish();
}

}  // namespace elb::codec
