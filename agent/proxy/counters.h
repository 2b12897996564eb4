// SPDX-License-Identifier: Apache-2.0
// Counters of listeners and members (chapter 13 of the requirements). Each loop counts in blocks of its own, without
// locked instructions; a reader sums over the loops. They are kept by id for as long as the process lives, so that a
// new snapshot loses no count. Thread rule: a block is written by its loop only; Counters itself is safe from any
// thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/histogram.h"

namespace elb::proxy {

/// One writer, any readers.
class Count {
 public:
  void add(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void sub(uint64_t n = 1) { add(~n + 1); }  // of a gauge; its sum over the loops is right modulo 2^64
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// One list for the loops' blocks and for their sums, so that neither can forget one.
#define ELB_PROXY_LISTENER_COUNTS(X)                                                             \
  X(connections)         /* accepted */                                                          \
  X(open_connections)    /* gauge */                                                             \
  X(refused_connections) /* whitelist or connection limit */                                     \
  X(requests)            /* answered, by a member or by the proxy; the next five sum up to it */ \
  X(status_2xx)                                                                                  \
  X(status_3xx)                                                                                  \
  X(status_4xx)                                                                                  \
  X(status_5xx)                                                                                  \
  X(status_other)                                                                                \
  X(status_404)                                                                                  \
  X(status_499) /* the client closed before it was answered */                                   \
  X(status_502)                                                                                  \
  X(malformed)         /* refused by the parser, LS-18 */                                        \
  X(limited)           /* 429: beyond the listener's rate */                                     \
  X(bad_proxy_headers) /* connections closed for one that may not be there, or is not there */   \
  X(retries)           /* further members tried, LS-19 */                                        \
  X(floods)            /* HTTP/2 connections ended because they burdened us, S2 */               \
  X(handshakes)                                                                                  \
  X(failed_handshakes)                                                                           \
  X(bytes_in)                                                                                    \
  X(bytes_out)                                                                                   \
  X(request_us) /* sum, for the mean m14_l7_rt */

#define ELB_PROXY_MEMBER_COUNTS(X)                        \
  X(requests)    /* sent to it, retries included */       \
  X(connections) /* opened to it */                       \
  X(failed_connections)                                   \
  X(failed_requests) /* ended without a whole response */ \
  X(status_5xx)                                           \
  X(bytes_in) /* from the member */                       \
  X(bytes_out)                                            \
  X(response_us) /* sum, from the request's last byte to the response's head */

template <class T>
struct ListenerCounts {
#define ELB_PROXY_DECLARE(name) T name{};
  ELB_PROXY_LISTENER_COUNTS(ELB_PROXY_DECLARE)
};

template <class T>
struct MemberCounts {
  ELB_PROXY_MEMBER_COUNTS(ELB_PROXY_DECLARE)
#undef ELB_PROXY_DECLARE
};

struct alignas(64) ListenerBlock : ListenerCounts<Count> {
  Histogram latency_us;  // from a request's first byte to its response's last

  /// An answer of this status: the class, the single codes and the total.
  void count_status(unsigned status);
};
struct alignas(64) MemberBlock : MemberCounts<Count> {};

struct ListenerSums : ListenerCounts<uint64_t> {
  HistogramSums latency_us;
};
using MemberSums = MemberCounts<uint64_t>;

class Counters {
 public:
  explicit Counters(size_t loops) : loops_(loops) {}
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  /// The loop's block of a listener or member, made at first use; stays where it is. Not for the hot path: a loop keeps
  /// the pointers beside its snapshot.
  ListenerBlock& listener(size_t loop, const std::string& id);
  MemberBlock& member(size_t loop, const std::string& id);

  /// Zeros for what never was.
  ListenerSums listener_sums(const std::string& id) const;
  MemberSums member_sums(const std::string& id) const;
  std::vector<std::string> listeners() const;
  std::vector<std::string> members() const;

 private:
  template <class Block>
  using Blocks = std::map<std::string, std::vector<std::unique_ptr<Block>>, std::less<>>;  // by id, then by loop

  size_t loops_;
  mutable std::mutex mutex_;
  Blocks<ListenerBlock> listeners_;
  Blocks<MemberBlock> members_;
};

}  // namespace elb::proxy
