// SPDX-License-Identifier: Apache-2.0
#include "http_oracle/llhttp_oracle.h"

#include <fmt/format.h>
#include <llhttp.h>

#include "http/char_class.h"

namespace elb::test {
namespace {

LlhttpView& view_of(llhttp_t* parser) { return *static_cast<LlhttpView*>(parser->data); }

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = [](llhttp_t* parser, const char* at, size_t size) {
    view_of(parser).target.append(at, size);
    return 0;
  };
  settings.on_header_field = [](llhttp_t* parser, const char* at, size_t size) {
    auto& headers = view_of(parser).headers;
    if (!view_of(parser).head_accepted) headers.emplace_back(std::string(at, size), "");
    return 0;
  };
  settings.on_header_value = [](llhttp_t* parser, const char* at, size_t size) {
    if (!view_of(parser).head_accepted) view_of(parser).headers.back().second = http::trim({at, size});
    return 0;
  };
  settings.on_headers_complete = [](llhttp_t* parser) {
    LlhttpView& view = view_of(parser);
    view.head_accepted = true;
    view.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
    view.major = parser->http_major;
    view.minor = parser->http_minor;
    view.status = parser->status_code;
    view.chunked = (parser->flags & F_CHUNKED) != 0;
    if ((parser->flags & F_CONTENT_LENGTH) != 0) view.content_length = parser->content_length;
    view.keep_alive = llhttp_should_keep_alive(parser) != 0;
    view.upgrade = parser->upgrade != 0;
    return 0;
  };
  settings.on_body = [](llhttp_t* parser, const char* at, size_t size) {
    view_of(parser).body.append(at, size);
    return 0;
  };
  settings.on_message_complete = [](llhttp_t* parser) {
    view_of(parser).message_complete = true;
    return 0;
  };
  return settings;
}

LlhttpView run(llhttp_type_t type, std::string_view bytes) {
  static const llhttp_settings_t kSettings = make_settings();
  LlhttpView view;
  llhttp_t parser;
  llhttp_init(&parser, type, &kSettings);
  parser.data = &view;
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (error != HPE_OK && error != HPE_PAUSED_UPGRADE)
    view.error = fmt::format("{}: {}", llhttp_errno_name(error), llhttp_get_error_reason(&parser));
  return view;
}

bool is_llhttp_method(std::string_view method) {
#define ELB_METHOD(number, name, text) \
  if (method == #text) return true;
  HTTP_METHOD_MAP(ELB_METHOD)
#undef ELB_METHOD
  return false;
}

// What differs in the fields that requests and responses share.
std::string compare_common(const http::MessageHead& head, const LlhttpView& view) {
  if (view.major != 1 || view.minor != head.minor_version) return "version";
  if (view.headers.size() != head.headers.size()) return "number of headers";
  size_t i = 0;
  for (const http::Header& header : head.headers) {
    if (header.name != view.headers[i].first) return fmt::format("name of header {}", i);
    if (header.value != view.headers[i].second) return fmt::format("value of header {}", i);
    ++i;
  }
  if (view.chunked != head.chunked) return "chunked";
  if (view.content_length != head.content_length) return "content length";
  return "";
}

bool value_has_tab(const http::HeaderTable& headers, http::HeaderId id) {
  for (const http::Header& header : headers)
    if (header.id == id && header.value.find('\t') != std::string_view::npos) return true;
  return false;
}

}  // namespace

LlhttpView llhttp_request(std::string_view bytes) { return run(HTTP_REQUEST, bytes); }
LlhttpView llhttp_response(std::string_view bytes) { return run(HTTP_RESPONSE, bytes); }

std::string llhttp_differs(const http::RequestHead& head, std::string_view bytes) {
  // Exception: extension methods. llhttp knows a closed list; a proxy has to let new ones through (RFC 9110 9.1).
  if (!is_llhttp_method(head.method_text)) return "";
  const LlhttpView view = llhttp_request(bytes.substr(0, head.size));
  if (!view.head_accepted) return "llhttp refuses: " + view.error;
  if (view.method != head.method_text) return "method";
  if (view.target != head.target) return "target";
  if (std::string common = compare_common(head, view); !common.empty()) return common;
  const bool both_options = head.says_close && head.says_keep_alive;
  // Exception: on HTTP/1.0 llhttp looks for keep-alive only; with us close wins. And llhttp takes "close" next to a tab
  // for another word, although RFC 9110 5.6.3 allows tabs there.
  if (!both_options && !value_has_tab(head.headers, http::HeaderId::kConnection)) {
    if (view.keep_alive != head.keep_alive()) return "keep-alive";
    // Exception: HTTP/1.0 has no Upgrade (RFC 9110 7.8); llhttp sees one.
    if (head.minor_version == 1 && view.upgrade != !head.upgrade_protocol().empty()) return "upgrade";
  }
  return "";
}

std::string llhttp_differs(const http::ResponseHead& head, std::string_view bytes) {
  const LlhttpView view = llhttp_response(bytes.substr(0, head.size));
  if (!view.head_accepted) return "llhttp refuses: " + view.error;
  if (view.status != head.status) return "status";
  return compare_common(head, view);
}

std::string llhttp_differs_on_chunks(std::string_view coded, std::string_view payload) {
  const LlhttpView view =
      llhttp_request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(coded));
  // Exception: after "name=token;" llhttp 8.1 goes back to waiting for CR or ';' instead of the next name.
  if (view.error.find("Invalid character in chunk size") != std::string::npos &&
      coded.find('=') != std::string_view::npos)
    return "";
  if (!view.error.empty()) return "llhttp refuses: " + view.error;
  if (!view.message_complete) return "llhttp waits for more";
  return view.body == payload ? "" : "payload";
}

}  // namespace elb::test
