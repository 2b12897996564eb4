// SPDX-License-Identifier: Apache-2.0
// Tells a service manager the agent's state over NOTIFY_SOCKET (the sd_notify(3) protocol); does nothing without one.
// Thread rule: main thread.
#pragma once

#include <string_view>

namespace elb {

/// state: "READY=1", "STOPPING=1" or "STATUS=text".
void notify_manager(std::string_view state);

}  // namespace elb
