// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "http/body_reader.h"
#include "http/serializer.h"

namespace elb::http {
namespace {

using Kind = BodyStep::Kind;

struct Read {
  std::string payload;
  Kind last;
  size_t consumed = 0;
};

Read read(BodyReader& body, std::string_view input, size_t piece) {
  Read result{"", Kind::kNeedMore};
  while (result.last != Kind::kDone && result.last != Kind::kFault) {
    const BodyStep step = body.next(input.substr(result.consumed, piece));
    result.payload += step.data;
    result.consumed += step.consumed;
    result.last = step.kind;
    if (step.kind == Kind::kNeedMore && result.consumed == input.size()) break;
  }
  return result;
}

TEST(BodyReader, EachFramingEndsWhereItShould) {
  const std::string_view input = "5\r\nhello\r\n0\r\n\r\nNEXT";
  for (const size_t piece : {1, 3, 100}) {
    BodyReader none{Framing{}};
    EXPECT_EQ(read(none, input, piece).consumed, 0U);
    EXPECT_TRUE(none.done());
    BodyReader length{Framing{Framing::Kind::kLength, 7}};
    const Read seven = read(length, input, piece);
    EXPECT_EQ(seven.payload, input.substr(0, 7));
    EXPECT_EQ(seven.consumed, 7U);
    EXPECT_EQ(seven.last, Kind::kDone);
    BodyReader chunked{Framing{Framing::Kind::kChunked}};
    const Read chunks = read(chunked, input, piece);
    EXPECT_EQ(chunks.payload, "hello");
    EXPECT_EQ(input.substr(chunks.consumed), "NEXT");
    EXPECT_TRUE(chunked.done());
    BodyReader rest{Framing{Framing::Kind::kUntilClose}};
    EXPECT_EQ(read(rest, input, piece).payload, input);
    EXPECT_FALSE(rest.done());
    EXPECT_EQ(rest.closed(), Fault::kNone);
    EXPECT_TRUE(rest.done());
  }
}

TEST(BodyReader, PayloadIsNotCopied) {
  const std::string input = "3\r\nabc\r\n";
  BodyReader body{Framing{Framing::Kind::kChunked}};
  const BodyStep step = body.next(input);
  EXPECT_EQ(step.kind, Kind::kData);
  EXPECT_EQ(step.data.data(), input.data() + 3);
}

TEST(BodyReader, ACloseInTheMiddleIsToldApart) {
  BodyReader length{Framing{Framing::Kind::kLength, 3}};
  length.next("ab");
  EXPECT_EQ(length.closed(), Fault::kTruncated);
  length.next("c");
  EXPECT_EQ(length.closed(), Fault::kNone);
  BodyReader chunked{Framing{Framing::Kind::kChunked}};
  chunked.next("3\r\nabc\r\n0\r\n");
  EXPECT_EQ(chunked.closed(), Fault::kTruncated);
  BodyReader none{Framing{}};
  EXPECT_EQ(none.closed(), Fault::kNone);
}

TEST(BodyReader, LimitsHoldForEveryFraming) {
  const BodyLimits limits{.body_bytes = 4};
  BodyReader length{Framing{Framing::Kind::kLength, 5}, limits};
  EXPECT_EQ(length.next("a").fault, Fault::kBodyTooLarge);
  BodyReader rest{Framing{Framing::Kind::kUntilClose}, limits};
  EXPECT_EQ(rest.next("abcd").kind, Kind::kData);
  EXPECT_EQ(rest.next("e").fault, Fault::kBodyTooLarge);
  BodyReader chunked{Framing{Framing::Kind::kChunked}, limits};
  EXPECT_EQ(chunked.next("5\r\nabcde").fault, Fault::kBodyTooLarge);
}

TEST(ChunkedDecoder, AFaultStays) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.next("x").kind, Kind::kFault);
  EXPECT_EQ(decoder.next("0\r\n\r\n").fault, Fault::kBadChunkSize);
}

TEST(ChunkedDecoder, TrailersAreThereForWhoeverLooks) {
  const std::string_view coded =
      "0\r\ngrpc-status: 0\r\nETag: \"x\"\r\nHost: evil\r\nAuthorization: x\r\nX-Forwarded-For: 1.1.1.1\r\nbad_name: "
      "x\r\n\r\nNEXT";
  for (size_t cut = 0; cut <= coded.size(); ++cut) {
    ChunkedDecoder decoder;
    BodyStep step = decoder.next(coded.substr(0, cut));
    size_t consumed = step.consumed;
    if (step.kind == Kind::kNeedMore) {
      step = decoder.next(coded.substr(cut));
      consumed += step.consumed;
    }
    ASSERT_EQ(step.kind, Kind::kDone) << cut;
    ASSERT_EQ(coded.substr(consumed), "NEXT") << cut;
    ASSERT_NE(decoder.trailers(), nullptr);
    ASSERT_EQ(decoder.trailers()->size(), 2U) << "RFC 9110 6.5.1";
    ASSERT_EQ(decoder.trailers()->find("grpc-status")->value, "0");
    ASSERT_EQ(decoder.trailers()->find("etag")->value, "\"x\"");
  }
  ChunkedDecoder without;
  EXPECT_EQ(without.next("0\r\n\r\n").kind, Kind::kDone);
  EXPECT_EQ(without.trailers(), nullptr);
}

TEST(ChunkedDecoder, ExtensionsAreDropped) {
  for (const std::string_view coded :
       {"2;a\r\nhi\r\n0\r\n\r\n", "2;a=b;c=d\r\nhi\r\n0;x\r\n\r\n", "2;a=\"q ;\t\xc3\xbc\";b\r\nhi\r\n0\r\n\r\n",
        "0000000000000002\r\nhi\r\n0000\r\n\r\n"}) {
    BodyReader body{Framing{Framing::Kind::kChunked}};
    const Read result = read(body, coded, 1);
    EXPECT_EQ(result.last, Kind::kDone) << coded;
    EXPECT_EQ(result.payload, "hi") << coded;
  }
}

TEST(Chunks, SizesAreWrittenInLowerCaseHex) {
  std::array<char, kChunkBeginBytes> memory;
  OutBuffer out(memory);
  EXPECT_TRUE(write_chunk_begin(0xabcdef, out));
  EXPECT_EQ(out.written(), "abcdef\r\n");
  OutBuffer largest(memory);
  EXPECT_TRUE(write_chunk_begin(UINT64_MAX, largest));
  OutBuffer tight(std::span<char>(memory).first(3));
  EXPECT_FALSE(write_chunk_begin(0xab, tight));
}

}  // namespace
}  // namespace elb::http
