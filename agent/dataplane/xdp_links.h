// SPDX-License-Identifier: Apache-2.0
// XdpLinks: the program's attachments: native XDP or tc, as the interface's mode says (generic XDP would copy every
// packet and break on offloads; it is never fallen back to). kLink: one bpf_link for each interface, pinned, its
// program replaced in place, so no packet ever meets an interface without a program. kLibxdp: an entry in libxdp's
// dispatcher beside others' programs. Thread rule: one thread (the reconciler's).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataplane/bpf_object.h"
#include "dataplane/pin_dir.h"
#include "model/sink.h"

namespace elb::dataplane {

class XdpLinks {
 public:
  /// Attaches to each interface or takes over what is attached, and detaches from those no longer named. Errors name
  /// the interface and the remedy.
  static Result<std::unique_ptr<XdpLinks>> attach(const DataplaneOptions& options, const BpfObject& object,
                                                  const PinDir& pins);
  virtual ~XdpLinks() = default;

  /// Attachments that somebody removed or changed, and interfaces that were made anew under their old name, are
  /// repaired.
  virtual Status audit(model::Audit& audit) = 0;
  /// Where it is attached now.
  virtual std::set<uint32_t> ifindexes() const = 0;
};

/// Index of each named interface; kNotFound names the first that is missing.
Result<std::map<std::string, uint32_t>> find_interfaces(const std::vector<std::string>& names);

/// Removes a program of ours from libxdp's dispatchers on these interfaces; what teardown does for kLibxdp.
Status detach_libxdp(const std::set<uint32_t>& ifindexes);

}  // namespace elb::dataplane
