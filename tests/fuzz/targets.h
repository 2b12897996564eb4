// SPDX-License-Identifier: Apache-2.0
// The fuzz targets: each takes any bytes, checks what has to hold for all of them and aborts if it does not. libFuzzer
// runs them (tests/run fuzz), and the unit tests run them on the corpus and on mutations of it. Their inputs lie in
// corpus/NAME. Thread rule: one thread.
#pragma once

#include <string_view>

namespace elb::fuzz {

void request_head(std::string_view input);
void response_head(std::string_view input);
void chunked(std::string_view input);
void url(std::string_view input);
void cookies(std::string_view input);
void proxy_header(std::string_view input);
void http2(std::string_view input);
void http2_member(std::string_view input);
void sni(std::string_view input);

struct Target {
  std::string_view name;
  void (*run)(std::string_view input);
};
inline constexpr Target kTargets[] = {{"request_head", request_head},
                                      {"response_head", response_head},
                                      {"chunked", chunked},
                                      {"url", url},
                                      {"cookies", cookies},
                                      {"proxy_header", proxy_header},
                                      {"http2", http2},
                                      {"http2_member", http2_member},
                                      {"sni", sni}};

}  // namespace elb::fuzz
