// SPDX-License-Identifier: Apache-2.0
// elb-toa's command line. Thread rule: one thread.
#pragma once

namespace elb::toa {

/// Does what the words say and gives the exit status: 0 done, 1 failed, 2 wrong usage, 3 not loaded.
int run(int argc, const char* const* argv);

}  // namespace elb::toa
