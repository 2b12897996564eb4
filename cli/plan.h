// SPDX-License-Identifier: Apache-2.0
// What an apply, a rollback or a revision changes, for people: the answers' "changes" and "summary".
// Thread rule: pure functions but for the output.
#pragma once

#include <string>

#include "cli/context.h"
#include "codec/value.h"

namespace elb::cli {

/// Whether the answer has changes.
bool differs(const codec::Value& answer);
/// "1 created, 2 updated"
std::string count_line(const codec::Value& summary);
/// `fields`: with what the objects get, not only what changes.
void print_plan(const Context& context, const codec::Value& answer, bool fields);

}  // namespace elb::cli
