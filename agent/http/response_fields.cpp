// SPDX-License-Identifier: Apache-2.0
#include "http/response_fields.h"

#include <charconv>

#include "http/hop_by_hop.h"

namespace elb::http {
namespace {

void put_length(const Framing& body, ResponseFields& fields) {
  if (body.kind != Framing::Kind::kLength) return;
  const auto end = std::to_chars(fields.digits.begin(), fields.digits.end(), body.length).ptr;
  fields.put(HeaderId::kContentLength, "content-length",
             {fields.digits.data(), static_cast<size_t>(end - fields.digits.data())});
}

}  // namespace

bool response_fields(const ResponseHead& head, const ResponseRewrite& rewrite, const Framing& body,
                     ResponseFields& fields) {
  fields.table.clear();
  fields.fits = true;
  HeaderSet drop = kHopByHop;
  if (!rewrite.server.empty()) drop.add(HeaderId::kServer);
  for (const Header& header : head.headers)
    if (!stays(head, header, drop)) fields.put(header.id, header.name, header.value);
  if (!rewrite.server.empty()) fields.put(HeaderId::kServer, "server", rewrite.server);
  for (const Header& header : rewrite.added) fields.put(header.id, header.name, header.value);
  put_length(told_framing(head, rewrite.asked, body), fields);
  return fields.fits;
}

bool own_response_fields(const OwnResponse& response, ResponseFields& fields) {
  fields.table.clear();
  fields.fits = true;
  if (!response.server.empty()) fields.put(HeaderId::kServer, "server", response.server);
  if (!response.date.empty()) fields.put(HeaderId::kDate, "date", response.date);
  for (const Header& header : response.added) fields.put(header.id, header.name, header.value);
  if (!response.body.empty()) fields.put(HeaderId::kContentType, "content-type", response.content_type);
  put_length({Framing::Kind::kLength, response.body.size()}, fields);
  return fields.fits;
}

}  // namespace elb::http
