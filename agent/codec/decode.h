// SPDX-License-Identifier: Apache-2.0
// Request bodies of the API as model values. Strict: unknown fields, wrong types, ranges and immutable fields are
// errors that name the field by its path below the envelope; a value that asks for a feature this version lacks is
// kUnsupported, never ignored. Rules between resources are the draft's. Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/dialect.h"
#include "codec/value.h"
#include "model/resources.h"

namespace elb::codec {

/// A new pool with what may be nested in it.
struct PoolTree {
  model::Pool pool;
  model::Id listener_id;  // empty: none given
  std::vector<model::Member> members;
  std::optional<model::HealthMonitor> monitor;
};

struct L7PolicyTree {
  model::L7Policy policy;  // position 0: none given
  std::vector<model::L7Rule> rules;
  std::optional<PoolTree> redirect_pool;  // a new one
  std::string redirect_pool_name;         // one of the pools beside the listener in the same tree; empty: none
};

struct ListenerTree {
  std::vector<L7PolicyTree> l7policies;
  model::Listener listener;
  std::optional<PoolTree> default_pool;  // a new one
  std::string default_pool_name;         // one of the pools beside it in the same tree; empty: none
};

struct LoadBalancerTree {
  model::LoadBalancer load_balancer;
  bool vip_given = false;
  std::vector<ListenerTree> listeners;
  std::vector<PoolTree> pools;
};

/// Body of a POST, envelope included.
Result<LoadBalancerTree> decode_load_balancer(const Value& body, Dialect dialect = Dialect::kVendor);
Result<ListenerTree> decode_listener(const Value& body, Dialect dialect = Dialect::kVendor);
Result<PoolTree> decode_pool(const Value& body, Dialect dialect = Dialect::kVendor);
Result<model::Member> decode_member(const Value& body);  // without pool_id: it is in the URL
Result<model::HealthMonitor> decode_health_monitor(const Value& body);

Result<L7PolicyTree> decode_l7policy(const Value& body);
Result<model::L7Rule> decode_l7rule(const Value& body);  // without l7policy_id: it is in the URL

/// Bare, as the vendor has it, or in an envelope. What it says is not checked yet: that is tls/certificate.h.
Result<model::Certificate> decode_certificate(const Value& body);

/// The native /v1/eips: an EIP without an address takes a free one.
struct NewEip {
  model::Eip eip;
  bool address_given = false;
};
Result<NewEip> decode_eip(const Value& body);

/// Body of a PUT applied to the resource as it is: absent fields keep their value, null resets to the default.
Status decode_update(const Value& body, model::LoadBalancer& load_balancer);
Status decode_update(const Value& body, model::Listener& listener);
Status decode_update(const Value& body, model::Pool& pool, Dialect dialect = Dialect::kVendor);
Status decode_update(const Value& body, model::Member& member);
Status decode_update(const Value& body, model::HealthMonitor& monitor);
Status decode_update(const Value& body, model::Eip& eip);
Status decode_update(const Value& body, model::L7Policy& policy);
Status decode_update(const Value& body, model::L7Rule& rule);
Status decode_update(const Value& body, model::Certificate& certificate);

/// Body of PUT pools/{id}/members. `action` is empty (Octavia) or add, delete, replace (vendor dialect).
struct MemberBatch {
  enum class Action { kReplace, kAdd, kDelete };
  Action action = Action::kReplace;
  bool action_given = false;
  std::vector<Value> members;  // objects, in order; at most kMembersPerBatch
};
Result<MemberBatch> decode_member_batch(const Value& body);

/// One entry of a batch, named members[index] in errors: as a new member, applied to the one it matches, or (delete)
/// the member's id.
Result<model::Member> decode_batch_member(const Value& entry, size_t index);
Status decode_batch_update(const Value& entry, size_t index, model::Member& member);
Result<model::Id> decode_batch_id(const Value& entry, size_t index);

}  // namespace elb::codec
