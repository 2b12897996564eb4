// SPDX-License-Identifier: Apache-2.0
#include "http/header_table.h"

#include "http/char_class.h"

namespace elb::http {

const Header* HeaderTable::find(HeaderId id) const {
  if (!has(id)) return nullptr;
  for (const Header& header : *this)
    if (header.id == id) return &header;
  return nullptr;
}

const Header* HeaderTable::find(std::string_view name) const {
  if (const HeaderId id = header_id(name); id != HeaderId::kOther) return find(id);
  for (const Header& header : *this)
    if (header.id == HeaderId::kOther && equals_ignoring_case(header.name, name)) return &header;
  return nullptr;
}

}  // namespace elb::http
