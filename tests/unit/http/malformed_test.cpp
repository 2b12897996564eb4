// SPDX-License-Identifier: Apache-2.0
// Shows: S1, LS-18. Requests that must not get through, each with the status that the client gets and the reason that
// is counted. A case is a head and, if that passes, its body. The rows marked "matrix" are those on which common
// proxies differ.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "http/body_reader.h"

namespace elb::http {
namespace {

struct Case {
  std::string_view name;
  std::string bytes;
  Fault fault;
  uint16_t status = 400;
};

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string line(const std::string& request_line) { return request_line + "\r\nHost: a\r\n\r\n"; }
std::string host(const std::string& value) { return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n"; }
std::string post(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string chunks(const std::string& body) { return post("Transfer-Encoding: chunked\r\n") + body; }
const std::string kNul(1, '\0');

std::vector<Case> lines() {
  return {
      {"matrix: bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", Fault::kBareLf},
      {"matrix: bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", Fault::kBareLf},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", Fault::kBareLf},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", Fault::kBareLf},
      {"bare LF in a value", get("X: a\nb: c\r\n"), Fault::kBareLf},
      {"bare LF in front", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kBareLf},
      {"LF CR", "GET / HTTP/1.1\n\rHost: a\n\r\n\r", Fault::kBareLf},
      {"matrix: bare CR in a value", get("X: a\rb\r\n"), Fault::kBareCr},
      {"bare CR before a name", get("\rX: a\r\n"), Fault::kBareCr},
      {"bare CR in the request line", "GET / \rHTTP/1.1\r\nHost: a\r\n\r\n", Fault::kBareCr},
      {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", Fault::kBareCr},
      {"CR CR LF after a field", get("X: a\r\r\n"), Fault::kBareCr},
      {"bare CR as the end", "GET / HTTP/1.1\r\nHost: a\r\n\rX", Fault::kBareCr},
      {"matrix: NUL in a value", get("X: a" + kNul + "b\r\n"), Fault::kControlByte},
      {"NUL in a name", get("X" + kNul + ": b\r\n"), Fault::kControlByte},
      {"NUL in the target", line("GET /" + kNul + " HTTP/1.1"), Fault::kControlByte},
      {"NUL first", kNul + "GET / HTTP/1.1\r\n", Fault::kControlByte},
      {"BEL in a value", get("X: \x07\r\n"), Fault::kControlByte},
      {"vertical tab in a value", get("X: \x0b\r\n"), Fault::kControlByte},
      {"form feed in the request line", line("GET\x0c/ HTTP/1.1"), Fault::kControlByte},
      {"ESC in a value", get("X: \x1b[31m\r\n"), Fault::kControlByte},
      {"DEL in a value", get("X: \x7f\r\n"), Fault::kControlByte},
      {"DEL in the target", line("GET /\x7f HTTP/1.1"), Fault::kControlByte},
      {"a TLS client", "\x16\x03\x01\x02", Fault::kControlByte},
      {"matrix: obs-fold", get("X: a\r\n b\r\n"), Fault::kObsFold},
      {"obs-fold with a tab", get("X: a\r\n\tb\r\n"), Fault::kObsFold},
      {"obs-fold of the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", Fault::kObsFold},
      {"obs-fold of a coding", post("Transfer-Encoding:\r\n chunked\r\n"), Fault::kBadTransferCoding},
      {"a line of one blank", get(" \r\n"), Fault::kObsFold},
      {"matrix: blank before the colon", post("Transfer-Encoding : chunked\r\n"), Fault::kSpaceBeforeColon},
      {"tab before the colon", post("Content-Length\t: 3\r\n"), Fault::kSpaceBeforeColon},
      {"blank in a name", get("X Y: a\r\n"), Fault::kSpaceBeforeColon},
      {"matrix: empty name", get(": a\r\n"), Fault::kEmptyName},
      {"only a colon", get(":\r\n"), Fault::kEmptyName},
      {"no colon", get("Nothing\r\n"), Fault::kNoColon},
      {"no colon, a coding", post("Transfer-Encoding\r\n"), Fault::kNoColon},
      {"parenthesis in a name", get("X(Y): a\r\n"), Fault::kBadName},
      {"slash in a name", get("X/Y: a\r\n"), Fault::kBadName},
      {"quotes in a name", get("\"X\": a\r\n"), Fault::kBadName},
      {"bytes beyond ASCII in a name", get("X\xc3\xbc: a\r\n"), Fault::kBadName},
      {"braces in a name", get("{X}: a\r\n"), Fault::kBadName},
      {"at sign in a name", get("X@Y: a\r\n"), Fault::kBadName},
      {"question mark in a name", get("?: a\r\n"), Fault::kBadName},
  };
}

std::vector<Case> request_lines() {
  return {
      {"small letters", line("get / HTTP/1.1"), Fault::kBadMethod},
      {"mixed letters", line("GeT / HTTP/1.1"), Fault::kBadMethod},
      {"empty method", line(" / HTTP/1.1"), Fault::kBadMethod},
      {"punctuation in the method", line("G(T / HTTP/1.1"), Fault::kBadMethod},
      {"tab after the method", line("GET\t/ HTTP/1.1"), Fault::kBadMethod},
      {"only a method", line("GET"), Fault::kBadMethod},
      {"empty request line", "\r\n\r\n", Fault::kBadMethod},
      {"two empty lines in front", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kBadMethod},
      {"a response", "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n", Fault::kBadMethod},
      {"a method of 33 letters", line(std::string(33, 'M') + " / HTTP/1.1"), Fault::kMethodUnknown, 501},
      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", Fault::kMethodUnknown, 501},
      {"two blanks before the target", line("GET  / HTTP/1.1"), Fault::kBadTarget},
      {"no slash", line("GET index.html HTTP/1.1"), Fault::kBadTarget},
      {"asterisk for GET", line("GET * HTTP/1.1"), Fault::kBadTarget},
      {"asterisk and more", line("OPTIONS *a HTTP/1.1"), Fault::kBadTarget},
      {"query without path", line("GET ?a HTTP/1.1"), Fault::kBadTarget},
      {"authority only", line("GET a:80 HTTP/1.1"), Fault::kBadTarget},
      {"another scheme", line("GET ftp://a/ HTTP/1.1"), Fault::kBadTarget},
      {"a script", line("GET javascript:alert(1) HTTP/1.1"), Fault::kBadTarget},
      {"user in the authority", line("GET http://user@a/ HTTP/1.1"), Fault::kBadTarget},
      {"empty authority", line("GET http:///x HTTP/1.1"), Fault::kBadTarget},
      {"bad port in the authority", line("GET http://a:b/ HTTP/1.1"), Fault::kBadTarget},
      {"UTF-8 in the target", line("GET /\xc3\xbc HTTP/1.1"), Fault::kBadTarget},
      {"tab in the target", line("GET /\t HTTP/1.1"), Fault::kBadTarget},
      {"matrix: fragment", line("GET /a#b HTTP/1.1"), Fault::kFragment},
      {"fragment after the query", line("GET /a?b#c HTTP/1.1"), Fault::kFragment},
      {"fragment in absolute form", line("GET http://a#/ HTTP/1.1"), Fault::kFragment},
      {"HTTP/0.9", "GET /\r\n", Fault::kBadVersion},
      {"blank in the target", line("GET /a b HTTP/1.1"), Fault::kBadVersion},
      {"blank after the version", line("GET / HTTP/1.1 "), Fault::kBadVersion},
      {"two blanks before the version", line("GET /  HTTP/1.1"), Fault::kBadVersion},
      {"small version", line("GET / http/1.1"), Fault::kBadVersion},
      {"version without minor", line("GET / HTTP/1"), Fault::kBadVersion},
      {"version with sign", line("GET / HTTP/+1.1"), Fault::kBadVersion},
      {"long version", line("GET / HTTP/1.10"), Fault::kBadVersion},
      {"version with letter", line("GET / HTTP/1.x"), Fault::kBadVersion},
      {"another protocol", line("GET / ICE/1.0"), Fault::kBadVersion},
      {"empty version", line("GET / "), Fault::kBadVersion},
      {"HTTP/2.0", line("GET / HTTP/2.0"), Fault::kVersionUnsupported, 505},
      {"HTTP/1.2", line("GET / HTTP/1.2"), Fault::kVersionUnsupported, 505},
      {"HTTP/0.9 written", line("GET / HTTP/0.9"), Fault::kVersionUnsupported, 505},
      {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Fault::kVersionUnsupported, 505},
  };
}

std::vector<Case> framing() {
  return {
      {"matrix: length and coding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
       Fault::kLengthAndCoding},
      {"coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), Fault::kLengthAndCoding},
      {"coding and length 0", post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), Fault::kLengthAndCoding},
      {"matrix: coding xchunked", post("Transfer-Encoding: xchunked\r\n"), Fault::kBadTransferCoding},
      {"matrix: chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       Fault::kBadTransferCoding},
      {"chunked twice in one field", post("Transfer-Encoding: chunked, chunked\r\n"), Fault::kBadTransferCoding},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n"), Fault::kBadTransferCoding},
      {"identity", post("Transfer-Encoding: identity\r\n"), Fault::kBadTransferCoding},
      {"empty coding", post("Transfer-Encoding:\r\n"), Fault::kBadTransferCoding},
      {"coding in quotes", post("Transfer-Encoding: \"chunked\"\r\n"), Fault::kBadTransferCoding},
      {"coding with parameter", post("Transfer-Encoding: chunked;a=b\r\n"), Fault::kBadTransferCoding},
      {"coding with comma", post("Transfer-Encoding: chunked,\r\n"), Fault::kBadTransferCoding},
      {"comma before the coding", post("Transfer-Encoding: ,chunked\r\n"), Fault::kBadTransferCoding},
      {"tab after the coding", post("Transfer-Encoding: chunked\t\r\n"), Fault::kBadTransferCoding},
      {"matrix: coding on HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
       Fault::kCodingBeforeVersion},
      {"matrix: two lengths, differing", post("Content-Length: 3\r\nContent-Length: 4\r\n"),
       Fault::kSecondContentLength},
      {"two lengths, equal", post("Content-Length: 3\r\nContent-Length: 3\r\n"), Fault::kSecondContentLength},
      {"two lengths, other case", post("Content-Length: 3\r\ncontent-length: 3\r\n"), Fault::kSecondContentLength},
      {"matrix: empty length and length", post("Content-Length:\r\nContent-Length: 3\r\n"), Fault::kBadContentLength},
      {"length and empty length", post("Content-Length: 3\r\nContent-Length:\r\n"), Fault::kSecondContentLength},
      {"empty length", post("Content-Length:\r\n"), Fault::kBadContentLength},
      {"list of lengths", post("Content-Length: 3, 3\r\n"), Fault::kBadContentLength},
      {"matrix: length with plus", post("Content-Length: +3\r\n"), Fault::kBadContentLength},
      {"matrix: length over 2^64", post("Content-Length: 18446744073709551619\r\n"), Fault::kBadContentLength},
      {"length of 2^63", post("Content-Length: 9223372036854775808\r\n"), Fault::kBadContentLength},
      {"negative length", post("Content-Length: -1\r\n"), Fault::kBadContentLength},
      {"hexadecimal length", post("Content-Length: 0x3\r\n"), Fault::kBadContentLength},
      {"length with fraction", post("Content-Length: 3.0\r\n"), Fault::kBadContentLength},
      {"length with blank inside", post("Content-Length: 1 0\r\n"), Fault::kBadContentLength},
      {"length with underscore", post("Content-Length: 1_0\r\n"), Fault::kBadContentLength},
      {"length with letter", post("Content-Length: 3a\r\n"), Fault::kBadContentLength},
      {"length in quotes", post("Content-Length: \"3\"\r\n"), Fault::kBadContentLength},
      {"length in other digits", post("Content-Length: \xd9\xa3\r\n"), Fault::kBadContentLength},
      {"tab after the length", post("Content-Length: 3\t\r\n"), Fault::kBadContentLength},
      {"length of many zeros", post("Content-Length: 00000000000000000003\r\n"), Fault::kBadContentLength},
  };
}

std::vector<Case> hosts() {
  return {
      {"matrix: no Host", "GET / HTTP/1.1\r\n\r\n", Fault::kNoHost},
      {"matrix: two Hosts", get("Host: b\r\n"), Fault::kSecondHost},
      {"two Hosts, equal", get("host: a\r\n"), Fault::kSecondHost},
      {"two Hosts on HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Fault::kSecondHost},
      {"matrix: absolute target, other Host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kHostMismatch},
      {"absolute target, other port", "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", Fault::kHostMismatch},
      {"absolute target, port of the other scheme", "GET https://a:443/ HTTP/1.1\r\nHost: a:80\r\n\r\n",
       Fault::kHostMismatch},
      {"absolute target without Host", "GET http://a/ HTTP/1.1\r\n\r\n", Fault::kNoHost},
      {"absolute target, two Hosts", "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Fault::kSecondHost},
      {"empty Host", host(""), Fault::kBadHost},
      {"Host is a list", host("a, b"), Fault::kBadHost},
      {"Host with blank", host("a b"), Fault::kBadHost},
      {"Host with path", host("a/b"), Fault::kBadHost},
      {"Host with user", host("u@a"), Fault::kBadHost},
      {"Host with two ports", host("a:80:80"), Fault::kBadHost},
      {"Host with port 0", host("a:0"), Fault::kBadHost},
      {"Host with port 65536", host("a:65536"), Fault::kBadHost},
      {"Host with signed port", host("a:+80"), Fault::kBadHost},
      {"Host is a port", host(":80"), Fault::kBadHost},
      {"Host with escape", host("a%2eb"), Fault::kBadHost},
      {"Host with empty label", host("a..b"), Fault::kBadHost},
      {"Host begins with a dot", host(".a"), Fault::kBadHost},
      {"Host with query", host("a?b"), Fault::kBadHost},
      {"Host with backslash", host("a\\b"), Fault::kBadHost},
      {"Host beyond ASCII",
       host("b\xc3\xbc"
            "cher"),
       Fault::kBadHost},
      {"Host with open bracket", host("[::1"), Fault::kBadHost},
      {"Host with bad IPv6", host("[::g]"), Fault::kBadHost},
      {"Host with zone", host("[fe80::1%25eth0]"), Fault::kBadHost},
      {"Host with text behind the bracket", host("[::1]a"), Fault::kBadHost},
      {"IPv4 in brackets", host("[10.0.0.1]"), Fault::kBadHost},
      {"IPv6 without brackets", host("::1"), Fault::kBadHost},
      {"Host of 256 bytes", host(std::string(256, 'a')), Fault::kBadHost},
  };
}

std::vector<Case> bodies() {
  return {
      {"matrix: chunk size with blank", chunks("5 \r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"chunk size after blank", chunks(" 5\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"chunk size with tab", chunks("5\t\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"matrix: chunk size with 0x", chunks("0x5\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"chunk size with plus", chunks("+5\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"chunk size with minus", chunks("-1\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"chunk size with underscore", chunks("1_0\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"empty chunk size", chunks("\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"chunk size of 2^63", chunks("8000000000000000\r\n"), Fault::kBadChunkSize},
      {"chunk size of 17 digits", chunks("00000000000000005\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"matrix: chunk size ends with LF", chunks("5\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"chunk size ends with CR", chunks("5\rhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"matrix: LF in an extension", chunks("5;a\nhello\r\n0\r\n\r\n"), Fault::kBadChunkExtension},
      {"LF in a quoted extension", chunks("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkExtension},
      {"CR in a quoted extension", chunks("5;a=\"\r\"\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkExtension},
      {"CR in an extension", chunks("5;a\rb\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkSize},
      {"NUL in an extension", chunks("5;" + kNul + "\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkExtension},
      {"empty extension", chunks("5;\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkExtension},
      {"blank before an extension", chunks("5; a\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkExtension},
      {"extension without value", chunks("5;a=\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkExtension},
      {"text behind a quoted extension", chunks("5;a=\"b\"c\r\nhello\r\n0\r\n\r\n"), Fault::kBadChunkExtension},
      {"extensions without end", chunks("5;" + std::string(5000, 'a')), Fault::kChunkExtensionsTooLong},
      {"chunk ends with LF", chunks("5\r\nhello\n0\r\n\r\n"), Fault::kBadChunkEnd},
      {"chunk longer than said", chunks("5\r\nhelloo\r\n0\r\n\r\n"), Fault::kBadChunkEnd},
      {"chunk shorter than said", chunks("5\r\nhell\r\n0\r\n\r\n"), Fault::kBadChunkEnd},
      {"chunk ends with CR", chunks("5\r\nhello\rX"), Fault::kBadChunkEnd},
      {"trailer section ends with LF", chunks("0\r\n\n"), Fault::kBareLf},
      {"trailer with bare LF", chunks("0\r\nX: a\n\r\n"), Fault::kBareLf},
      {"trailer with blank before the colon", chunks("0\r\nX : a\r\n\r\n"), Fault::kSpaceBeforeColon},
      {"trailer folded", chunks("0\r\nX: a\r\n b\r\n\r\n"), Fault::kObsFold},
      {"trailer with length", chunks("0\r\nContent-Length: 3\r\n\r\n"), Fault::kLengthAndCoding},
      {"trailer with coding", chunks("0\r\nTransfer-Encoding: chunked\r\n\r\n"), Fault::kLengthAndCoding},
      {"trailers too many",
       chunks("0\r\n" +
              [] {
                std::string many;
                for (int i = 0; i < 33; ++i) many += "X: a\r\n";
                return many;
              }() +
              "\r\n"),
       Fault::kTrailersTooLarge, 431},
      {"CR in the end of trailers", chunks("0\r\n\rX"), Fault::kBareCr},
  };
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& part : {lines(), request_lines(), framing(), hosts(), bodies()})
    cases.insert(cases.end(), part.begin(), part.end());
  return cases;
}

// What a client that sends this gets told: head first, then body.
Fault judge(std::string_view bytes) {
  static const auto head = std::make_unique<RequestHead>();
  HeadProgress progress;
  const Outcome outcome = parse_request_head(bytes, {}, progress, *head);
  if (outcome == Outcome::kFault) return head->fault;
  EXPECT_EQ(outcome, Outcome::kDone) << "neither refused nor complete";
  bytes.remove_prefix(head->size);
  BodyReader body(framing_of(*head));
  for (;;) {
    const BodyStep step = body.next(bytes);
    if (step.kind == BodyStep::Kind::kFault) return step.fault;
    if (step.kind != BodyStep::Kind::kData) return Fault::kNone;
    bytes.remove_prefix(step.consumed);
  }
}

TEST(Malformed, S1_EveryCaseIsRefusedForItsReason) {
  const auto cases = all_cases();
  ASSERT_GE(cases.size(), 120U);
  for (const Case& each : cases) {
    const Fault fault = judge(each.bytes);
    EXPECT_EQ(to_string(fault), to_string(each.fault)) << each.name;
    EXPECT_EQ(status_of(fault), each.status) << each.name;
  }
}

TEST(Malformed, S1_WhereProxiesDifferTheAnswerIs400) {
  size_t rows = 0;
  for (const Case& each : all_cases()) {
    if (!each.name.starts_with("matrix: ")) continue;
    ++rows;
    EXPECT_EQ(status_of(judge(each.bytes)), 400) << each.name;
  }
  EXPECT_GE(rows, 23U);
}

TEST(Malformed, ACaseWithoutItsFaultPasses) {
  EXPECT_EQ(judge(get("X: a\r\n")), Fault::kNone);
  EXPECT_EQ(judge(post("Content-Length: 0\r\n")), Fault::kNone);
  EXPECT_EQ(judge(chunks("5\r\nhello\r\n0\r\n\r\n")), Fault::kNone);
  EXPECT_EQ(judge(host("a:80")), Fault::kNone);
  EXPECT_EQ(judge(line("GET /a HTTP/1.1")), Fault::kNone);
}

TEST(Malformed, EveryFaultHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < static_cast<size_t>(Fault::kCount); ++i) names.insert(to_string(static_cast<Fault>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(Fault::kCount));
}

}  // namespace
}  // namespace elb::http
