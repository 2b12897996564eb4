// SPDX-License-Identifier: Apache-2.0
// What the resources have in common: list, show, change, and the reply to a creation. Private to api.
// Thread rule: as Context, any thread.
#pragma once

#include <fmt/core.h>

#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/context.h"
#include "api/list_query.h"
#include "codec/decode.h"
#include "codec/encode.h"

namespace elb::api {

/// The words of one resource type: envelope of one, envelope of many.
template <class T>
struct Words;
template <>
struct Words<model::LoadBalancer> {
  static constexpr std::string_view kOne = "loadbalancer", kMany = "loadbalancers";
};
template <>
struct Words<model::Listener> {
  static constexpr std::string_view kOne = "listener", kMany = "listeners";
};
template <>
struct Words<model::Pool> {
  static constexpr std::string_view kOne = "pool", kMany = "pools";
};
template <>
struct Words<model::Member> {
  static constexpr std::string_view kOne = "member", kMany = "members";
};
template <>
struct Words<model::HealthMonitor> {
  static constexpr std::string_view kOne = "healthmonitor", kMany = "healthmonitors";
};

template <>
struct Words<model::Eip> {
  static constexpr std::string_view kOne = "eip", kMany = "eips";
};

template <>
struct Words<model::L7Policy> {
  static constexpr std::string_view kOne = "l7policy", kMany = "l7policies";
};
template <>
struct Words<model::L7Rule> {
  static constexpr std::string_view kOne = "rule", kMany = "rules";
};

template <class T>
codec::Value encode_shown(View& view, const Request& request, const T& resource) {
  if constexpr (std::is_same_v<T, model::Pool>)
    return codec::encode(resource, *view.relations, view.observed.of(resource), request.dialect());
  else
    return codec::encode(resource, *view.relations, view.observed.of(resource));
}

/// The fields that T has in the API: what lists can be filtered and sorted by.
template <class T>
const std::vector<std::string>& field_names() {
  static const std::vector<std::string> kNames =
      codec::encode(T{}, codec::Relations(std::make_shared<const model::Model>()), {}).keys();
  return kNames;
}

/// `resources` is a range of shared_ptr<const T>.
template <class T, class Range>
Result<Reply> list_reply(View& view, const Request& request, const Range& resources,
                         std::map<std::string, std::string> aliases = {}) {
  std::vector<codec::Value> items;
  items.reserve(resources.size());
  for (const auto& resource : resources) items.push_back(encode_shown(view, request, *resource));
  auto list = render_list(request, {Words<T>::kMany, field_names<T>(), std::move(aliases)}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

/// All resources of a type.
template <class T>
Result<Reply> list_all(Context& context, const Request& request, std::map<std::string, std::string> aliases = {}) {
  View view = context.view();
  std::vector<std::shared_ptr<const T>> all;
  for (const auto& [id, resource] : view.model().template table<T>()) all.push_back(resource);
  return list_reply<T>(view, request, all, std::move(aliases));
}

template <class T>
Result<std::shared_ptr<const T>> find(const View& view, std::string_view noun, const model::Id& id) {
  const auto& table = view.model().template table<T>();
  const auto found = table.find(id);
  if (found == table.end()) return fail(ErrorCode::kNotFound, fmt::format("{} {} does not exist", noun, id));
  return found->second;
}

template <class T>
Result<Reply> reply_with(Context& context, const Request& request, int status, const model::Id& id) {
  View view = context.view();
  const auto resource = find<T>(view, Words<T>::kOne, id);
  if (!resource) return pass_on(resource.error());
  return Reply{status, codec::Value().set(Words<T>::kOne, encode_shown(view, request, **resource))};
}

template <class T>
Result<Reply> show_one(Context& context, const Request& request, const model::Id& id) {
  View view = context.view();
  const auto resource = find<T>(view, Words<T>::kOne, id);
  if (!resource) return pass_on(resource.error());
  auto item = select_fields(request, encode_shown(view, request, **resource));
  if (!item) return pass_on(item.error());
  return Reply{200, codec::Value().set(Words<T>::kOne, std::move(*item))};
}

template <class T>
Status decode_update(const Request& request, const codec::Value& body, T& resource) {
  if constexpr (std::is_same_v<T, model::Pool>)
    return codec::decode_update(body, resource, request.dialect());
  else
    return codec::decode_update(body, resource);
}

template <class T>
Result<Reply> update_one(Context& context, const Request& request, const model::Id& id) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const Status written = context.write([&](control::Draft& draft) -> Status {
    const auto current = draft.find<T>(id);
    if (!current) return pass_on(current.error());
    T resource = **current;
    if (Status status = decode_update(request, *body, resource); !status) return status;
    return draft.update(std::move(resource));
  });
  if (!written) return pass_on(written.error());
  return reply_with<T>(context, request, 200, id);
}

/// Creation in three steps: decode the body, edit the draft (returns the new id), reply 201.
template <class T, class Decode, class Edit>
Result<Reply> create_one(Context& context, const Request& request, Decode decode, Edit edit) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  const auto decoded = [&] {
    if constexpr (std::is_invocable_v<Decode, const codec::Value&, codec::Dialect>)
      return decode(*body, request.dialect());
    else
      return decode(*body);
  }();
  if (!decoded) return pass_on(decoded.error());
  model::Id id;
  const Status written = context.write([&](control::Draft& draft) -> Status {
    const Result<model::Id> created = edit(draft, *decoded);
    if (!created) return pass_on(created.error());
    id = *created;
    return {};
  });
  if (!written) return pass_on(written.error());
  return reply_with<T>(context, request, 201, id);
}

template <class Edit>
Result<Reply> delete_one(Context& context, const Request& request, Edit edit) {
  if (Status status = request.only_queries({"cascade"}); !status) return pass_on(status.error());
  if (Status written = context.write(edit); !written) return pass_on(written.error());
  return Reply{204, {}};
}

}  // namespace elb::api
