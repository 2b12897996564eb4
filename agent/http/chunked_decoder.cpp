// SPDX-License-Identifier: Apache-2.0
#include "http/chunked_decoder.h"

#include <algorithm>

#include "http/char_class.h"
#include "http/field_lines.h"
#include "http/trailers.h"

namespace elb::http {
namespace {

constexpr uint8_t kMostDigits = 16;
constexpr uint64_t kLargestChunk = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

}  // namespace

BodyStep ChunkedDecoder::refuse(Fault fault, size_t consumed) {
  state_ = State::kFault;
  fault_ = fault;
  return {BodyStep::Kind::kFault, consumed, {}, fault};
}

BodyStep ChunkedDecoder::next(std::string_view input) {
  size_t at = 0;
  while (state_ < State::kTrailers && at < input.size()) {
    if (state_ == State::kData) {
      const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, input.size() - at));
      left_ -= size;
      if (left_ == 0) state_ = State::kDataCr;
      return {BodyStep::Kind::kData, at + size, input.substr(at, size)};
    }
    if (const Fault fault = read_framing(input[at]); fault != Fault::kNone) return refuse(fault, at);
    ++at;
  }
  switch (state_) {
    case State::kTrailers: {
      BodyStep step = read_trailers(input.substr(at));
      step.consumed += at;
      return step;
    }
    case State::kDone:
      return {BodyStep::Kind::kDone, at};
    case State::kFault:
      return refuse(fault_, 0);
    default:
      return {BodyStep::Kind::kNeedMore, at};
  }
}

Fault ChunkedDecoder::read_framing(char c) {
  switch (state_) {
    case State::kSize:
      return read_size(c);
    case State::kExtensionName:
    case State::kExtensionValue:
    case State::kExtensionQuoted:
    case State::kExtensionEnd:
      if (c != '\r' && ++extension_bytes_ > limits_.extension_bytes) return Fault::kChunkExtensionsTooLong;
      return read_extension(c);
    case State::kSizeLf:
      return c == '\n' ? end_of_size_line() : Fault::kBadChunkSize;
    case State::kDataCr:
      state_ = State::kDataLf;
      return c == '\r' ? Fault::kNone : Fault::kBadChunkEnd;
    default:
      state_ = State::kSize;
      return c == '\n' ? Fault::kNone : Fault::kBadChunkEnd;
  }
}

Fault ChunkedDecoder::read_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (++digits_ > kMostDigits) return Fault::kBadChunkSize;
    left_ = left_ << 4 | static_cast<uint64_t>(digit);
    return Fault::kNone;
  }
  if (digits_ == 0 || left_ > kLargestChunk) return Fault::kBadChunkSize;
  if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == ';') {
    state_ = State::kExtensionName;
    in_token_ = false;
    if (++extension_bytes_ > limits_.extension_bytes) return Fault::kChunkExtensionsTooLong;
  } else {
    return Fault::kBadChunkSize;
  }
  return Fault::kNone;
}

// The grammar of RFC 9112 7.1.1 without blanks and without backslashes in quotes, which nobody sends.
Fault ChunkedDecoder::read_extension(char c) {
  const bool complete = state_ == State::kExtensionEnd || (in_token_ && state_ != State::kExtensionQuoted);
  if (state_ == State::kExtensionQuoted) {
    if (c == '"') {
      state_ = State::kExtensionEnd;
    } else if (c == '\\' || !is(kFieldByte, c)) {
      return Fault::kBadChunkExtension;
    }
  } else if (complete && c == '\r') {
    state_ = State::kSizeLf;
  } else if (complete && c == ';') {
    state_ = State::kExtensionName;
    in_token_ = false;
  } else if (state_ == State::kExtensionName && in_token_ && c == '=') {
    state_ = State::kExtensionValue;
    in_token_ = false;
  } else if (state_ == State::kExtensionValue && !in_token_ && c == '"') {
    state_ = State::kExtensionQuoted;
  } else if (state_ != State::kExtensionEnd && is(kToken, c)) {
    in_token_ = true;
  } else {
    return Fault::kBadChunkExtension;
  }
  return Fault::kNone;
}

Fault ChunkedDecoder::end_of_size_line() {
  digits_ = 0;
  if (left_ == 0) {
    state_ = State::kTrailers;
    return Fault::kNone;
  }
  if (left_ > limits_.body_bytes - std::min(total_, limits_.body_bytes)) return Fault::kBodyTooLarge;
  total_ += left_;
  state_ = State::kData;
  return Fault::kNone;
}

// Nearly always the empty line comes at once. Otherwise the section is gathered, since fields are parsed in one piece.
BodyStep ChunkedDecoder::read_trailers(std::string_view input) {
  size_t at = 0;
  if (!trailers_) {
    if (input.empty()) return {BodyStep::Kind::kNeedMore, 0};
    if (!trailer_cr_ && input[0] == '\r') {
      trailer_cr_ = true;
      ++at;
    }
    if (trailer_cr_) {
      if (at == input.size()) return {BodyStep::Kind::kNeedMore, at};
      if (input[at] != '\n') return refuse(Fault::kBareCr, at);
      state_ = State::kDone;
      return {BodyStep::Kind::kDone, at + 1};
    }
    trailers_ = std::make_unique<Trailers>();
  }
  Trailers& trailers = *trailers_;
  const size_t before = trailers.bytes.size();
  trailers.bytes.append(input.substr(0, limits_.trailer_bytes - before));
  if (still_incomplete(trailers.bytes, trailers.progress)) {
    if (trailers.bytes.size() == limits_.trailer_bytes) return refuse(Fault::kTrailersTooLarge, 0);
    return {BodyStep::Kind::kNeedMore, input.size()};
  }
  MessageHead section;
  HeadLimits limits;
  limits.headers = limits_.trailers;
  const Outcome outcome = parse_field_lines(trailers.bytes, trailers.bytes.data(), limits, trailers.progress, section);
  if (outcome == Outcome::kFault) {
    return refuse(section.fault == Fault::kTooManyHeaders ? Fault::kTrailersTooLarge : section.fault, 0);
  }
  if (outcome == Outcome::kNeedMore) {
    if (trailers.bytes.size() == limits_.trailer_bytes) return refuse(Fault::kTrailersTooLarge, 0);
    return {BodyStep::Kind::kNeedMore, input.size()};
  }
  // A trailer cannot frame the message again.
  if (section.chunked || section.content_length) return refuse(Fault::kLengthAndCoding, 0);
  for (const Header& field : section.headers)
    if (may_trail(field.id)) trailers.fields.add(field.id, field.name, field.value);
  state_ = State::kDone;
  return {BodyStep::Kind::kDone, section.size - before};
}

}  // namespace elb::http
