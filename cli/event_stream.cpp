// SPDX-License-Identifier: Apache-2.0
#include "cli/event_stream.h"

namespace elb::cli {

bool EventStream::feed(std::string_view bytes) {
  rest_.append(bytes);
  size_t begin = 0;
  for (size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    std::string_view text = std::string_view(rest_).substr(begin, end - begin);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!line(text)) return false;
  }
  rest_.erase(0, begin);
  return true;
}

bool EventStream::line(std::string_view text) {
  if (text.empty()) {
    const bool more = event_.data.empty() || take_(event_);
    event_ = {event_.id, {}, {}};
    return more;
  }
  const size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "id") event_.id = value;
  if (field == "event") event_.name = value;
  if (field == "data") event_.data += (event_.data.empty() ? "" : "\n") + std::string(value);
  return true;
}

}  // namespace elb::cli
