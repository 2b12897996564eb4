// SPDX-License-Identifier: Apache-2.0
// Doctor: looks at the data path and at the node around it and says what is wrong, each with its remedy. Reads the
// kernel's tables and asks the network stack; changes nothing. The judgements are functions of plain values.
// Thread rule: examine() from any thread.
#pragma once

#include <string>

#include "dataplane/bpf_object.h"
#include "dataplane/flow_sweeper.h"
#include "dataplane/map_port.h"
#include "dataplane/next_hops.h"
#include "model/diagnosis.h"

namespace elb::dataplane {

/// What is looked at; all of it outlives the call.
struct Patient {
  const DataplaneOptions& options;
  const BpfObject& object;
  const PinDir& pins;
  MapPort& port;
  NextHops& hops;
  const FlowSweeper& sweeper;
  const Published<IndexView>& view;
};

model::Findings examine(const Patient& patient);

/// How full a table is: a warning from 50 % on, an error from 90 %.
model::Finding judge_use(std::string check, std::string subject, std::string what, uint64_t used, uint64_t capacity,
                         std::string remedy);

/// Which program an interface runs, as the kernel tells it.
struct AttachedProgram {
  enum class Mode { kNone, kNative, kGeneric, kHardware, kSeveral };
  Mode mode = Mode::kNone;
  uint32_t id = 0;
  std::string name;  // empty if it may not be told
};
AttachedProgram attached_program(uint32_t ifindex);
model::Finding judge_program(const std::string& interface, const AttachedProgram& found, uint32_t ours,
                             XdpAttach attach);
/// A single interface's program; a finding for each one configured.
model::Findings examine_programs(const DataplaneOptions& options, const BpfObject& object);

/// An address of the node's own interfaces.
struct OwnAddress {
  std::string interface;
  IpAddress address;
  uint8_t prefix = 0;
};
Result<std::vector<OwnAddress>> own_addresses();
/// Addresses of the balancer that the node's stack has as well.
model::Findings judge_addresses(const std::vector<OwnAddress>& own, const AddrTable& ours);

}  // namespace elb::dataplane
