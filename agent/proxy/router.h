// SPDX-License-Identifier: Apache-2.0
// Router: the l7policies of one listener, compiled once so that a request costs by its length and not by their number:
// hosts and exact paths by hash, prefixes by one search in a sorted list, path regexes in one pass (RE2::Set). It holds
// rules only, neither pools nor members, so that a snapshot with the same policies keeps its router.
// Thread rule: immutable, shared by all loops.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/header_table.h"
#include "http/host.h"
#include "http/out_buffer.h"
#include "model/snapshot.h"

namespace elb::proxy {

/// What policies look at. Views are good during the call.
struct RouteRequest {
  http::Host host;                             // of RequestHead::host; an empty name: the request has none
  std::string_view target;                     // normalised path and query (NormalTarget::target)
  size_t path_size = 0;                        // NormalTarget::path_size
  const http::HeaderTable* headers = nullptr;  // may be null: no header matches

  std::string_view path() const { return target.substr(0, path_size); }
};

struct Route {
  enum class Kind : uint8_t {
    kPool,      // pass to `pool`
    kRedirect,  // answer `status` with the Location that Router::write_location() gives
    kReject,    // answer 403
    kNobody,    // answer 503: no pool, or one that does not serve (FP-12)
  };
  static constexpr size_t kNone = static_cast<size_t>(-1);

  Kind kind = Kind::kNobody;
  uint16_t status = 503;  // of the answer that the proxy gives itself; 0 for kPool
  size_t pool = kNone;    // index into Snapshot::pools
  size_t policy =
      kNone;  // index into SnapshotHttp::policies of the one that decided; kNone: the listener's own setting
};

class Router {
 public:
  /// Never fails: a regex that RE2 refuses (the model should not let it pass) makes its policy match nothing, see
  /// broken(). `old` is returned if it is of the same rules. `http` need not outlive the router.
  static std::shared_ptr<const Router> compile(const model::SnapshotHttp& http,
                                               const std::shared_ptr<const Router>& old = nullptr);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Where a request goes. `listener` is the one that the router was compiled for, with its `http`, from any snapshot
  /// with the same rules. In this order: the redirect to HTTPS (RD-03, RD-04); policies with conditions beyond one host
  /// and one path (headers, cookies, file types, inverted or of other compares), by position; host and path (FP-09);
  /// host alone; path alone; each by exact path, longest prefix, first regex (FP-07, FP-08); the default pool.
  Route route(const model::SnapshotListener& listener, const RouteRequest& request) const;

  /// The Location of a kRedirect, absolute except where the policy's own URL is not. Without a Host the listener's VIP
  /// stands in. False if `out` is too small.
  static bool write_location(const model::SnapshotListener& listener, const Route& route, const RouteRequest& request,
                             http::OutBuffer& out);

  /// Policies (by index) that can never match, each with the reason, for the log.
  struct Broken {
    size_t policy = 0;
    std::string reason;
  };
  const std::vector<Broken>& broken() const;

 private:
  struct Tables;
  explicit Router(std::unique_ptr<Tables> tables);
  size_t match(const RouteRequest& request) const;
  std::unique_ptr<Tables> tables_;
};

}  // namespace elb::proxy
