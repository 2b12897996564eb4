// SPDX-License-Identifier: Apache-2.0
// Messages of libbpf and libxdp go to the agent's log. Thread rule: once, before the libraries are used; harmless
// again.
#pragma once

namespace elb::dataplane {

void log_libbpf_messages();

}  // namespace elb::dataplane
