// SPDX-License-Identifier: Apache-2.0
// A pool's members as executors see them, for compile() and recompile(). Private to control/. Thread rule: pure
// functions.
#pragma once

#include "model/resources.h"
#include "model/snapshot.h"

namespace elb::control {

model::SnapshotMember compile_member(const model::Member& member, model::Health health);

/// Backup members wait as long as anybody else can serve. Their connections stay when they step back. Once, when all
/// members are there.
void hold_back(model::SnapshotPool& pool);

}  // namespace elb::control
