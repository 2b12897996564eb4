// SPDX-License-Identifier: Apache-2.0
#include "bpf/world6.h"

#include <arpa/inet.h>

namespace elb::test {
namespace {

/// Members of a listener: how many of each family, and by which hop.
struct Behind {
  uint32_t sixes = 0, fours = 0;
  uint16_t hop = 1;
};

class Builder {
 public:
  explicit Builder(ModelConfig& config) : config_(config) {}
  /// Returns the listener's index; its members are ten times that and on.
  uint32_t add(uint16_t port, uint8_t proto, Behind behind) {
    const uint32_t index = next_++;
    config_.listeners[{ModelAddress(Ipv6Address(kVip6)), port, proto}] = index;
    config_.rings[index] = {};
    for (uint32_t i = 0; i < behind.sixes + behind.fours; i++) {
      ModelAddress addr = Ipv6Address(kMember6);
      addr.bytes[15] += i;
      if (i >= behind.sixes) addr = ntohl(Ipv4Address(kMember4).be) + i;
      config_.rings[index].push_back(index * 10 + i);
      config_.members[index * 10 + i] = {addr, proto == 6 ? kMemberPort : kMemberUdpPort, behind.hop};
    }
    return index;
  }

 private:
  ModelConfig& config_;
  uint32_t next_ = kListener6;
};

}  // namespace

ModelConfig world6() {
  ModelConfig c = admission_world();
  const auto at = [](const char* address) { return ModelAddress(Ipv6Address(address)); };
  c.local6_first = at(kLocal6);
  c.local6_count = 4;
  for (ModelAddress local = c.local6_first; local <= at(kLastLocal6); local.bytes[15]++)
    c.addresses[local] = ELB_ADDR_LOCAL;
  c.addresses[at(kHost6)] = ELB_ADDR_HOST;
  c.addresses[at(kVip6)] = ELB_ADDR_VIP;

  Builder listeners(c);
  listeners.add(kSix3, 6, {.sixes = 3});
  listeners.add(kFour2, 6, {.fours = 2});
  listeners.add(kMixed, 6, {.sixes = 1, .fours = 1});
  listeners.add(kNoMember6, 6, {});
  listeners.add(kUnresolved6, 6, {.sixes = 1, .hop = 2});
  listeners.add(kNarrowSix, 6, {.sixes = 1, .hop = 3});
  listeners.add(kNarrowFour, 6, {.fours = 1, .hop = 3});
  listeners.add(kElsewhereSix, 6, {.sixes = 2, .hop = 4});
  listeners.add(kElsewhereFour, 6, {.fours = 1, .hop = 4});
  listeners.add(kTaggedSix, 6, {.sixes = 1, .hop = 6});
  listeners.add(kTaggedFour, 6, {.fours = 1, .hop = 6});
  c.toa.insert(listeners.add(kToaSix, 6, {.sixes = 1}));
  c.toa.insert(listeners.add(kToaFour, 6, {.fours = 1}));
  listeners.add(kNoDevice6, 6, {.sixes = 1, .hop = 5});
  listeners.add(kSixDatagrams, 17, {.sixes = 2});
  listeners.add(kFourDatagrams, 17, {.fours = 2});
  listeners.add(kMixedDatagrams, 17, {.sixes = 1, .fours = 1});

  const std::vector<std::pair<ModelAddress, uint32_t>> half = {{at("2001:db8:99::"), 121}};
  c.policies[listeners.add(kAllowed6, 6, {.sixes = 2})] = {.whitelist = true, .allowed = half};
  const uint32_t proxied = listeners.add(kProxied6, 6, {});
  c.policies[proxied] = {.whitelist = true, .allowed = half};
  c.proxied.insert(proxied);
  c.policies[listeners.add(kHashed6, 6, {.sixes = 2, .fours = 2})] = {.algorithm = ELB_SOURCE_HASH, .hash_seed = 99};
  c.policies[listeners.add(kSticky6, 6, {.sixes = 2, .fours = 1})] = {.sticky_ticks = 1U << 30, .hash_seed = 7};
  c.policies[listeners.add(kLimited6, 6, {.sixes = 2})] = {.connection_limit = kLimit};
  const uint32_t least = listeners.add(kLeast6, 6, {.sixes = 2, .fours = 1});
  c.policies[least] = {.algorithm = ELB_LEAST_CONNECTIONS};
  for (uint16_t i = 0; i < 3; i++) c.members[least * 10 + i].weight = 1 + i;
  return c;
}

RunnerOptions options6(Hook hook) {
  return {.hook = hook, .flow_slots = 1 << 16, .members = 512, .local6_first = kLocal6, .local6_count = 4};
}

}  // namespace elb::test
