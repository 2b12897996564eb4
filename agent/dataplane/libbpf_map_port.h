// SPDX-License-Identifier: Apache-2.0
// LibbpfMapPort: MapPort over the maps of a loaded BpfObject.
// Thread rule: as MapPort says; rings are written and audited from one thread, read_ring() is safe from any.
#pragma once

#include <mutex>

#include "base/fd.h"
#include "dataplane/bpf_object.h"
#include "dataplane/map_port.h"

namespace elb::dataplane {

class LibbpfMapPort final : public MapPort {
 public:
  /// The object outlives the port.
  explicit LibbpfMapPort(const BpfObject& object);

  Status put_listener(const elb_listener_key& key, const elb_listener& value) override;
  Status erase_listener(const elb_listener_key& key) override;
  Result<ListenerTable> read_listeners() override;
  Status put_member(uint32_t index, const elb_member& value) override;
  Status erase_member(uint32_t index) override;
  Result<MemberTable> read_members() override;
  Status put_rings(const std::map<uint32_t, Ring>& rings) override;
  Status erase_rings(const std::set<uint32_t>& listeners) override;
  Result<std::map<uint32_t, std::optional<Ring>>> read_rings() override;
  Status put_policy(uint32_t listener, const elb_policy& value) override;
  Result<PolicyTable> read_policies() override;
  Status put_acl(const AclTable& entries) override;
  Status erase_acl(const std::vector<elb_acl_key>& keys) override;
  Result<AclTable> read_acl() override;
  Status put_addr(const elb_addr_key& key, uint32_t kind) override;
  Status erase_addr(const elb_addr_key& key) override;
  Result<AddrTable> read_addrs() override;
  Status put_hop(uint32_t index, const elb_hop& value) override;
  Result<HopTable> read_hops() override;
  Status put_tx_port(uint32_t ifindex) override;
  Status erase_tx_port(uint32_t ifindex) override;
  Result<std::set<uint32_t>> read_tx_ports() override;
  Status put_link(uint32_t ifindex, const elb_link& value) override;
  Status erase_link(uint32_t ifindex) override;
  Result<LinkTable> read_links() override;
  Result<elb_traffic> read_traffic(uint32_t member) override;
  Status set_traffic(uint32_t member, const elb_traffic& value) override;
  Result<uint64_t> read_refused(uint32_t listener) override;
  Status clear_refused(uint32_t listener) override;
  Result<std::vector<uint64_t>> read_reasons() override;

  /// The ring of one listener as packets use it; nothing if it has none or somebody else put it there.
  std::optional<Ring> read_ring(uint32_t listener) const;

 private:
  /// A map of the object.
  struct Map {
    const char* name = "";
    int fd = -1;
    uint32_t entries = 0;
  };
  /// A ring that this object made: the fd keeps its contents readable (looking a map up by id needs CAP_SYS_ADMIN).
  struct OwnRing {
    Fd fd;
    uint32_t id = 0;
    uint32_t entries = 0;
  };

  static Result<std::optional<Ring>> contents_of(const OwnRing& own);
  static Result<OwnRing> make_ring(const Ring& ring);
  template <class Key, class Value>
  Status put(const Map& map, const Key& key, const Value& value);
  template <class Key>
  Status erase(const Map& map, const Key& key);
  template <class Key, class Value, class Table>
  Result<Table> read_table(const Map& map);
  template <class Value>
  Result<std::map<uint32_t, Value>> read_array(const Map& map, uint32_t first, uint32_t end);
  template <class Value>
  Result<std::vector<Value>> read_per_cpu(const Map& map, uint32_t index);
  template <class Value>
  Status set_per_cpu(const Map& map, uint32_t index, const Value& first_cpu);
  Map map(const BpfObject& object, const char* name) const;

  const size_t cpus_;
  const Map listeners_, members_, rings_, policies_, acl_, addrs_, hops_, tx_ports_, links_, traffic_, refused_,
      reasons_;
  mutable std::mutex rings_mutex_;  // over changes of own_rings_
  std::map<uint32_t, OwnRing> own_rings_;
};

}  // namespace elb::dataplane
