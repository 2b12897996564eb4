// SPDX-License-Identifier: Apache-2.0
// Tags of load balancers and listeners as the vendor has them: a resource of keys and values (LB-17). They are the same
// tags as in "tags" of the resource, where they read "key=value".
#include <fmt/core.h>

#include <functional>
#include <set>

#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "codec/key_value.h"

namespace elb::api {
namespace {

using codec::KeyValue;
using model::Id;
using Tags = std::vector<std::string>;

template <class T>
Status edit(control::Draft& draft, const Id& id, const std::function<Status(Tags&)>& change) {
  const auto current = draft.find<T>(id);
  if (!current) return pass_on(current.error());
  T resource = **current;
  if (Status status = change(resource.tags); !status) return status;
  return draft.update(std::move(resource));
}

bool of_listener(const Request& request) { return request.http.path.find("/listeners/") != std::string::npos; }

Status write_tags(Context& context, const Request& request, const std::function<Status(Tags&)>& change) {
  return context.write([&](control::Draft& draft) {
    return of_listener(request) ? edit<model::Listener>(draft, request.ids[0], change)
                                : edit<model::LoadBalancer>(draft, request.ids[0], change);
  });
}

template <class T>
Result<Tags> tags_of(const View& view, const Id& id) {
  const auto resource = find<T>(view, Words<T>::kOne, id);
  if (!resource) return pass_on(resource.error());
  return (*resource)->tags;
}

}  // namespace

Result<Reply> list_tags(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const View view = context.view();
  const auto tags = of_listener(request) ? tags_of<model::Listener>(view, request.ids[0])
                                         : tags_of<model::LoadBalancer>(view, request.ids[0]);
  if (!tags) return pass_on(tags.error());
  return Reply{200, codec::Value().set("tags", codec::encode_pairs(*tags))};
}

Result<Reply> create_tag(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const auto pair = codec::decode_tag(*body);
  if (!pair) return pass_on(pair.error());
  const Status written = write_tags(context, request, [&](Tags& tags) -> Status {
    codec::set_pair(tags, *pair);
    return {};
  });
  if (!written) return pass_on(written.error());
  return Reply{201, codec::Value().set("tag", codec::Value().set("key", pair->key).set("value", pair->value))};
}

Result<Reply> change_tags(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const auto action = codec::decode_tag_action(*body);
  if (!action) return pass_on(action.error());
  const Status written = write_tags(context, request, [&](Tags& tags) -> Status {
    std::set<std::string_view> seen;
    for (size_t i = 0; i < action->pairs.size(); ++i) {
      const KeyValue& pair = action->pairs[i];
      if (!seen.insert(pair.key).second)
        return invalid(fmt::format("tags[{}].key", i), fmt::format("'{}' is given twice", pair.key));
      if (action->removes)
        codec::remove_pair(tags, pair.key);
      else
        codec::set_pair(tags, pair);
    }
    return {};
  });
  if (!written) return pass_on(written.error());
  return Reply{204, {}};
}

Result<Reply> delete_tag(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const Status written = write_tags(context, request, [&](Tags& tags) -> Status {
    if (codec::remove_pair(tags, request.ids[1])) return {};
    return fail(ErrorCode::kNotFound, fmt::format("there is no tag with the key '{}'", request.ids[1]));
  });
  if (!written) return pass_on(written.error());
  return Reply{204, {}};
}

}  // namespace elb::api
