// SPDX-License-Identifier: Apache-2.0
// elbctl as a function: words in, exit status out, everything else through the Environment. main.cpp only calls it.
// Thread rule: one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/endpoint.h"
#include "cli/transport.h"

namespace elb::cli {

using Connect = std::function<std::unique_ptr<Transport>(const Endpoint& endpoint, const Login& login)>;

/// `words` are the arguments without the program's name. `connect` makes the way to the agent.
Exit run(const std::vector<std::string>& words, const Environment& environment, const Connect& connect);

}  // namespace elb::cli
