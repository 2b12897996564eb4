// SPDX-License-Identifier: Apache-2.0
// What create, list, show, set and delete have in common for every kind of object.
// Thread rule: as Api.
#pragma once

#include <string>
#include <vector>

#include "cli/args.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/resource.h"

namespace elb::cli {

/// The request's fields as the command's table says: names resolved, numbers read, flags as their constants.
Outcome<codec::Value> fields_from(Context& context, const Command& command, const Args& args);

/// POST, then with --wait until the load balancer is ACTIVE; prints the object.
Done create_object(Context& context, const Resource& resource, codec::Value fields, const Args& args);
/// Also takes the list options below. `filters` are added to the query.
Done list_objects(Context& context, const Resource& resource, const Args& args, Query filters = {});
Done show_object(Context& context, const Resource& resource, const std::string& name);
/// With watch_option() among the options.
Done show_object(Context& context, const Resource& resource, const std::string& name, const Args& args);
/// PUT; a usage failure when there is nothing to change.
Done set_object(Context& context, const Resource& resource, const std::string& name, const codec::Value& fields,
                const Args& args);
/// One after another; the first failure ends it. `query` goes with each DELETE.
Done delete_objects(Context& context, const Resource& resource, const std::vector<std::string>& names, const Args& args,
                    const Query& query = {});
/// GET of one document under the object, such as /stats.
Outcome<codec::Value> get_document(Context& context, const Resource& resource, const std::string& name,
                                   std::string_view part);
/// The same, and the object under `key` in it.
Outcome<codec::Value> get_part(Context& context, const Resource& resource, const std::string& name,
                               std::string_view part, std::string_view key);

/// What an answer warns of, TLS-17 and FP-11.
void tell_warnings(Context& context, const codec::Value& object);

/// The whole of a file, or of standard input for "-".
Outcome<std::string> read_file(Context& context, const std::string& name);

// Options that several commands share.
Option wait_option();
Option watch_option();
/// `watched`: with watch_option().
std::vector<Option> list_options(bool watched = true);
std::vector<Option> delete_options();
/// --name (for set), --description, --enable, --disable, --tag.
std::vector<Option> common_options(bool with_name);
std::vector<Option> joined(std::vector<Option> first, std::vector<Option> second);

}  // namespace elb::cli
