// SPDX-License-Identifier: Apache-2.0
// What calls that change the configuration as a whole share: apply and rollback refuse alike and tell a dry run alike.
// Private to api. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "control/draft.h"

namespace elb::api {

/// The number of a revision, of a query or a path.
Result<uint64_t> parse_revision(const std::string& text, std::string_view field);

/// kConflict: the caller has seen a plan of another revision than `present`.
Status check_base(std::optional<uint64_t> base, uint64_t present);

/// One error as the API has it always, several with a list of all.
Reply refusal(const std::vector<Error>& errors);

/// Without ids that the caller did not give and cannot know: they are another project's.
Error without_foreign_ids(Error error, const model::Model& known, const std::string& body);

/// What an edit of a dry run ends with: goes as far as a commit would. An error always, so that nothing is committed.
Status judge(const Context& context, const model::Model& before, const control::Draft& draft, bool& passed);

}  // namespace elb::api
