// SPDX-License-Identifier: Apache-2.0
// BpfObject: the loaded program with its maps. Takes over the maps that an earlier agent pinned if they are the same
// kind (ABI, sizes, flow table) and makes new ones otherwise; never re-interprets them. Thread rule: start() by one
// thread; afterwards the getters and tick() are safe from any.
#pragma once

#include <elb/abi.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "dataplane/options.h"
#include "dataplane/pin_dir.h"
#include "dataplane/tick.h"

struct bpf_object;
struct xdp_balancer;  // the generated skeleton

namespace elb::dataplane {

class BpfObject {
 public:
  static Result<std::unique_ptr<BpfObject>> load(const DataplaneOptions& options, const PinDir& pins, Random& random);
  ~BpfObject();
  BpfObject(const BpfObject&) = delete;
  BpfObject& operator=(const BpfObject&) = delete;

  bool adopted() const { return adopted_; }  // the maps were there before
  const elb_meta& meta() const { return meta_; }
  const TickRate& rate() const { return rate_; }
  int program_fd() const;
  uint32_t program_id() const;
  /// -1 for an unknown name.
  int map_fd(std::string_view name) const;
  uint32_t map_entries(std::string_view name) const;
  /// The time as packets see it.
  Result<uint32_t> tick() const;
  enum class Family { kIpv4, kIpv6 };
  /// Sends the first `count` resets of elb_resets, all of one family.
  Status inject(uint32_t count, Family family) const;
  /// Pins of maps and program that somebody removed are made again; how many.
  Result<uint32_t> repair_pins() const;

  /// An opened object, not loaded, with the same constants on the same maps: what libxdp loads for its dispatcher.
  struct Opened {
    explicit Opened(xdp_balancer* skeleton) : skeleton_(skeleton) {}
    ~Opened();
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    bpf_object* object() const;

   private:
    xdp_balancer* skeleton_;
  };
  Result<std::unique_ptr<Opened>> open_again() const;

  /// What a start would find, without loading anything.
  struct PinState {
    bool any = false;       // something is pinned
    uint32_t abi = 0;       // of what is pinned; 0: not to be read
    std::string misfit;     // why it can not be taken over; empty if it can, or if there is nothing
    std::string program{};  // the pinned one, for people
  };
  static Result<PinState> look(const DataplaneOptions& options, const PinDir& pins);

 private:
  BpfObject(const DataplaneOptions& options, const PinDir& pins) : options_(options), pins_(pins) {}
  Status start(Random& random);
  Result<xdp_balancer*> open_skeleton() const;
  Result<PinState> pin_state();
  std::string pinned_program() const;
  Status reuse_maps(xdp_balancer* skeleton, bool from_pins) const;
  Status fill_new_maps() const;

  const DataplaneOptions options_;
  const PinDir& pins_;
  xdp_balancer* skeleton_ = nullptr;
  elb_meta meta_{};
  TickRate rate_;
  bool adopted_ = false;
};

}  // namespace elb::dataplane
