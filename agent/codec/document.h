// SPDX-License-Identifier: Apache-2.0
// The document of declarative apply: load balancers with everything below them, and certificates, as one JSON value.
// Objects are decoded by the decoders of the API, one after another, so that all errors of a document are found at
// once; references are by name or id and stay texts here. What an object does not say is at its default; a list that
// is absent is not the document's business. docs/apply.md is for users. Thread rule: pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/value.h"
#include "model/resources.h"

namespace elb::codec {

/// An object of the document: `resource.id` is the id that was given, or empty.
template <class T>
struct Entry {
  std::string path;  // "load_balancers[0].listeners[2]"
  T resource{};
};

struct PolicyEntry : Entry<model::L7Policy> {
  std::string redirect_pool, redirect_listener;  // name or id; empty: none
  bool position_given = false;
  std::optional<std::vector<Entry<model::L7Rule>>> rules;
};

struct ListenerEntry : Entry<model::Listener> {
  std::string default_pool;
  std::optional<std::vector<PolicyEntry>> policies;
};

struct PoolEntry : Entry<model::Pool> {
  std::optional<std::vector<Entry<model::Member>>> members;
  bool monitor_given = false;  // null is given too: none is wanted
  std::optional<Entry<model::HealthMonitor>> monitor;
};

struct LoadBalancerEntry : Entry<model::LoadBalancer> {
  bool place_given = false;  // a subnet, a network or an address
  bool address_given = false;
  std::optional<std::vector<PoolEntry>> pools;
  std::optional<std::vector<ListenerEntry>> listeners;
};

using CertificateEntry = Entry<model::Certificate>;  // an absent private key: the one that is there

struct Document {
  std::optional<std::vector<CertificateEntry>> certificates;
  std::vector<LoadBalancerEntry> load_balancers;
};

/// The certificates of a document, and whether the document as such can be read. Errors are appended.
std::optional<std::vector<CertificateEntry>> decode_certificates(const Value& document, std::vector<Error>& errors);

/// The load balancers. `certificate_of` gives the id of the certificate of that name, or why there is none.
std::vector<LoadBalancerEntry> decode_load_balancers(
    const Value& document, const std::function<Result<model::Id>(std::string_view name)>& certificate_of,
    std::vector<Error>& errors);

/// The fields that describe a resource, in the API's words: no ids, no times, no states, nothing that follows from
/// others, no references to pools and listeners. What they say is what the decoders read.
Value describe(const model::LoadBalancer& load_balancer);
Value describe(const model::Listener& listener);
Value describe(const model::Pool& pool);
Value describe(const model::Member& member);
Value describe(const model::HealthMonitor& monitor);
Value describe(const model::Certificate& certificate);  // without its key
Value describe(const model::L7Policy& policy);
Value describe(const model::L7Rule& rule);
Value describe(const model::Eip& eip);

/// The same without what is at its default anyway.
template <class T>
Value describe_briefly(const T& resource);

}  // namespace elb::codec
