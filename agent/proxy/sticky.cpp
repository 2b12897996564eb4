// SPDX-License-Identifier: Apache-2.0
// A cookie of ours is 28 bytes in base64url: when it was made (4), the member's name (8), and a code over both, the
// pool and the member's id (16). The member's name is a keyed hash of its id: it says nothing to whoever reads it, and
// it is found without trying every member.
#include "proxy/sticky.h"

#include <cstring>
#include <unordered_map>
#include <vector>

#include "http/cookie.h"
#include "http/date.h"
#include "proxy/base64url.h"
#include "tls/keyed_hash.h"

namespace elb::proxy {
namespace {

constexpr size_t kTimeBytes = 4;
constexpr size_t kNameBytes = 8;
constexpr size_t kCodeBytes = 16;
constexpr size_t kCookieBytes = kTimeBytes + kNameBytes + kCodeBytes;
constexpr int64_t kClockSkewSeconds = 60;  // that another node's clock may be ahead

using CookieBytes = std::array<char, kCookieBytes>;

int64_t unix_seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

uint64_t first_word(const tls::KeyedHash::Digest& digest) {
  uint64_t word = 0;
  std::memcpy(&word, digest.data(), sizeof word);
  return word;
}

std::string_view bytes_of(const tls::KeyedHash::Digest& digest, size_t size) {
  return {reinterpret_cast<const char*>(digest.data()), size};
}

/// One pool with stickiness.
struct StickyPool {
  model::Id id;
  model::SnapshotCookie cookie;
  std::string name;  // of the cookie
  std::vector<model::Id> members;
  std::vector<uint64_t> names;                  // of the members, in their order
  std::unordered_map<uint64_t, size_t> places;  // of the names
};

}  // namespace

struct Sticky::Parts {
  Parts(const StickyKey& key, std::shared_ptr<LearnedCookies> table) : hash(key), learned(std::move(table)) {}

  tls::KeyedHash hash;
  std::shared_ptr<LearnedCookies> learned;
  std::vector<std::unique_ptr<const StickyPool>> pools;  // null: without stickiness

  const StickyPool* pool(size_t index) const { return index < pools.size() ? pools[index].get() : nullptr; }
  std::unique_ptr<const StickyPool> make_pool(const model::SnapshotPool& from) const;
  CookieBytes make_cookie(const StickyPool& pool, size_t member, uint32_t made_at) const;
  std::optional<size_t> open_cookie(const StickyPool& pool, std::string_view text, int64_t now) const;
  CookieHash cookie_hash(const StickyPool& pool, std::string_view value) const;
};

std::unique_ptr<const StickyPool> Sticky::Parts::make_pool(const model::SnapshotPool& from) const {
  auto pool = std::make_unique<StickyPool>();
  pool->id = from.id;
  pool->cookie = from.cookie;
  pool->name = from.cookie.name;
  if (from.cookie.kind == model::CookieKind::kLoadBalancer) {
    // one for each pool: a page's parts may come from several
    const std::string suffix = to_base64url(bytes_of(hash.digest({"pool", from.id}), 6));
    pool->name = "ELBSESSION-" + suffix;
  }
  for (const model::SnapshotMember& member : from.members) {
    const uint64_t name = first_word(hash.digest({"member", from.id, member.id}));
    pool->places.emplace(name, pool->members.size());
    pool->members.push_back(member.id);
    pool->names.push_back(name);
  }
  return pool;
}

CookieBytes Sticky::Parts::make_cookie(const StickyPool& pool, size_t member, uint32_t made_at) const {
  CookieBytes bytes;
  std::memcpy(bytes.data(), &made_at, kTimeBytes);
  std::memcpy(&bytes[kTimeBytes], &pool.names[member], kNameBytes);
  const std::string_view time(bytes.data(), kTimeBytes);
  const auto code = hash.digest({"cookie", pool.id, pool.members[member], time});
  std::memcpy(&bytes[kTimeBytes + kNameBytes], code.data(), kCodeBytes);
  return bytes;
}

std::optional<size_t> Sticky::Parts::open_cookie(const StickyPool& pool, std::string_view text, int64_t now) const {
  CookieBytes bytes;
  if (!from_base64url(text, bytes)) return std::nullopt;
  uint32_t made_at = 0;
  uint64_t name = 0;
  std::memcpy(&made_at, bytes.data(), kTimeBytes);
  std::memcpy(&name, &bytes[kTimeBytes], kNameBytes);
  const int64_t age = now - made_at;
  if (age >= pool.cookie.duration_s || age < -kClockSkewSeconds) return std::nullopt;
  const auto place = pool.places.find(name);
  if (place == pool.places.end()) return std::nullopt;
  const CookieBytes right = make_cookie(pool, place->second, made_at);
  if (!tls::equal_secrets({bytes.data(), bytes.size()}, {right.data(), right.size()})) return std::nullopt;
  return place->second;
}

CookieHash Sticky::Parts::cookie_hash(const StickyPool& pool, std::string_view value) const {
  const auto digest = hash.digest({"session", pool.id, value});
  CookieHash words;
  std::memcpy(words.data(), digest.data(), sizeof words);
  return words;
}

Sticky::Sticky(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Sticky::~Sticky() = default;

std::shared_ptr<const Sticky> Sticky::build(const model::Snapshot& snapshot, const StickyKey& key,
                                            std::shared_ptr<LearnedCookies> learned) {
  auto parts = std::make_unique<Parts>(key, std::move(learned));
  for (const model::SnapshotPool& pool : snapshot.pools)
    // ST-03: beside round robin only
    parts->pools.push_back(pool.cookie.kind == model::CookieKind::kNone ||
                                   pool.algorithm != model::Algorithm::kRoundRobin
                               ? nullptr
                               : parts->make_pool(pool));
  return std::shared_ptr<const Sticky>(new Sticky(std::move(parts)));
}

std::optional<size_t> Sticky::find(size_t pool, const http::HeaderTable& request, WallTime now) const {
  const StickyPool* sticky = parts_->pool(pool);
  if (sticky == nullptr) return std::nullopt;
  const auto value = http::find_cookie(request, sticky->name);
  if (!value) return std::nullopt;
  if (sticky->cookie.kind == model::CookieKind::kLoadBalancer)
    return parts_->open_cookie(*sticky, *value, unix_seconds(now));
  const auto member = parts_->learned->find(parts_->cookie_hash(*sticky, *value), unix_seconds(now));
  if (!member) return std::nullopt;
  const auto place = sticky->places.find(*member);
  return place == sticky->places.end() ? std::nullopt : std::optional(place->second);
}

bool Sticky::write_set_cookie(size_t pool, size_t member, std::optional<size_t> bound, WallTime now,
                              http::OutBuffer& out) const {
  const StickyPool* sticky = parts_->pool(pool);
  if (sticky == nullptr || sticky->cookie.kind != model::CookieKind::kLoadBalancer) return false;
  if (bound == member || member >= sticky->members.size()) return false;
  const int64_t made_at = unix_seconds(now);
  const CookieBytes bytes = parts_->make_cookie(*sticky, member, static_cast<uint32_t>(made_at));
  const std::string value = to_base64url({bytes.data(), bytes.size()});
  const http::HttpDate expires(made_at + sticky->cookie.duration_s);
  return http::write_set_cookie({.name = sticky->name,
                                 .value = value,
                                 .path = "/",
                                 .max_age = std::chrono::seconds(sticky->cookie.duration_s),
                                 .expires = expires.text(),
                                 .http_only = true},
                                out);
}

void Sticky::learn(size_t pool, size_t member, const http::HeaderTable& response, WallTime now) const {
  const StickyPool* sticky = parts_->pool(pool);
  if (sticky == nullptr || sticky->cookie.kind != model::CookieKind::kApplication) return;
  if (member >= sticky->members.size()) return;
  const auto value = http::find_set_cookie(response, sticky->name);
  if (!value || value->empty()) return;
  parts_->learned->put(parts_->cookie_hash(*sticky, *value), sticky->names[member], unix_seconds(now));
}

}  // namespace elb::proxy
