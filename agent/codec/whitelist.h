// SPDX-License-Identifier: Apache-2.0
// A listener's whitelist has two views: Octavia's allowed_cidrs (null: everybody) and the vendor's resource (a text of
// entries and a switch). "Enabled and empty" admits nobody, which allowed_cidrs cannot say with an empty list: there it
// is the one block that no client has. Private to codec and api.
// Thread rule: pure functions.
#pragma once

#include <string>

#include "base/ip.h"
#include "codec/value.h"
#include "model/resources.h"

namespace elb::codec {

/// 255.255.255.255/32 and ::/128: no packet of a client has that source.
bool is_nobody(const Cidr& entry);

/// allowed_cidrs of the listener: null for everybody.
Value encode_allowed_cidrs(const model::Listener& listener);

/// The whitelist of `listener`, which has one, as the vendor's resource.
Value encode_whitelist(const model::Listener& listener);

/// Body of POST whitelists: which listener, and what it gets. Errors name the entry ("whitelist[3]").
struct NewWhitelist {
  model::Id listener_id;
  model::Whitelist whitelist;
};
Result<NewWhitelist> decode_whitelist(const Value& body);
Status decode_update(const Value& body, model::Whitelist& whitelist);

}  // namespace elb::codec
