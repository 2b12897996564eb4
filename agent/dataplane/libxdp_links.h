// SPDX-License-Identifier: Apache-2.0
// XdpLinks through libxdp's dispatcher (xdp-attach = libxdp). A restarted agent adds its program before it removes the
// old one, so here too no packet meets an interface without one; but both stand in the dispatcher for a moment. libxdp
// looks programs up by id, which needs CAP_SYS_ADMIN, and keeps its own pins below /sys/fs/bpf/xdp. Thread rule: as
// XdpLinks.
#pragma once

#include "dataplane/xdp_links.h"

namespace elb::dataplane {

Result<std::unique_ptr<XdpLinks>> attach_libxdp(const DataplaneOptions& options, const BpfObject& object,
                                                const PinDir& pins);

}  // namespace elb::dataplane
