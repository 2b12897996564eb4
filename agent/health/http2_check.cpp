// SPDX-License-Identifier: Apache-2.0
#include "health/http2_check.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "health/http_check.h"

namespace elb::health {
namespace {

constexpr std::string_view kCheckCall = "/grpc.health.v1.Health/Check";
// Flag of compression and length, then the message: one without fields, whose service is "", the server as a whole.
constexpr std::string_view kCheckMessage("\0\0\0\0\0", 5);
constexpr size_t kPrefix = 5;
constexpr size_t kMessageMax = 4096;
constexpr std::string_view kUnimplemented = "12";
constexpr uint64_t kServing = 1;

void add(std::string& fields, std::string_view name, std::string_view value) {
  fields.append(name).push_back('\0');
  fields.append(value).push_back('\0');
}

std::optional<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (unsigned shift = 0; !bytes.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

/// Field 1 of a HealthCheckResponse in protobuf's coding; of several the last holds, of none 0. Nothing: it is none.
std::optional<uint64_t> serving_status(std::string_view message) {
  uint64_t status = 0;
  while (!message.empty()) {
    const auto key = take_varint(message);
    const auto value = key ? take_varint(message) : std::nullopt;
    if (!value) return std::nullopt;
    if (*key == (1U << 3U)) {
      status = *value;
    } else if ((*key & 7U) == 2) {  // of a length: a field that is not known yet
      if (*value > message.size()) return std::nullopt;
      message.remove_prefix(*value);
    } else if ((*key & 7U) != 0) {
      return std::nullopt;
    }
  }
  return status;
}

std::string_view serving_word(uint64_t status) {
  static constexpr std::array<std::string_view, 4> kWords = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  return status < kWords.size() ? kWords[status] : "a status that is not known";
}

uint64_t message_size(std::string_view prefix) {
  uint64_t size = 0;
  for (const char c : prefix.substr(1, kPrefix - 1)) size = size << 8U | static_cast<unsigned char>(c);
  return size;
}

}  // namespace

HttpCheck make_http2_check(const model::SnapshotMonitor& monitor, const Endpoint& target) {
  const bool call = monitor.type == model::MonitorType::kGrpcHealth;
  std::string fields;
  add(fields, ":method", call ? "POST" : monitor.method);
  add(fields, ":scheme", "http");
  add(fields, ":authority", host_of(monitor, target));
  add(fields, ":path", call ? kCheckCall : std::string_view(monitor.path));
  add(fields, "user-agent", "elb-health");
  if (call) {
    add(fields, "te", "trailers");
    add(fields, "content-type", "application/grpc");
  } else {
    add(fields, "accept", "*/*");
  }
  return {std::move(fields), monitor.codes, call ? Speech::kGrpc : Speech::kHttp2};
}

std::unique_ptr<Http2Answer> Http2Answer::create(const HttpCheck& check) {
  std::unique_ptr<Http2Answer> answer(new Http2Answer());
  h2::ClientLimits limits;
  limits.streams = 1;
  answer->session_ = h2::ClientSession::create(limits, *answer);
  const bool call = check.speech == Speech::kGrpc;
  if (!answer->session_ || !answer->session_->request(answer->stream_, check.request, call)) return nullptr;
  if (call) {
    answer->session_->send_body(answer->stream_, kCheckMessage);
    answer->session_->finish(answer->stream_, nullptr);
  }
  answer->produce();
  return answer;
}

void Http2Answer::produce() {
  while (session_->wants_write()) {
    const size_t before = words_.size();
    words_.resize(before + h2::ClientSession::kRoom);
    const size_t size = session_->produce(std::span(words_).subspan(before));
    words_.resize(before + size);
    if (size == 0) return;
  }
}

std::string Http2Answer::say(const HttpCheck&) { return std::exchange(words_, {}); }

Answer::State Http2Answer::feed(std::string_view bytes, const HttpCheck& check) {
  const bool taken = session_->receive(bytes);
  const State state = judge_so_far(check);
  if (state != State::kMore) return state;
  if (taken) produce();
  if (stream_.is_open() && session_->over()) return fail("the member does not speak HTTP/2 as it should be");
  if (!stream_.is_open()) return fail(fmt::format("the member reset the request, code {}", stream_.reset_code()));
  return State::kMore;
}

Answer::State Http2Answer::judge_so_far(const HttpCheck& check) {
  if (status_ == 0 && stream_.answered()) take_heads();
  if (status_ == 0) return State::kMore;
  if (check.speech == Speech::kHttp2) return judge(status_, check);
  std::array<char, kMessageMax> room;
  while (stream_.received() > 0 && message_.size() <= kMessageMax)
    message_.append(room.data(), h2::ClientSession::take(stream_, room));
  if (message_.size() > kMessageMax) return fail("the answer is no answer to grpc.health.v1.Health/Check");
  return stream_.ended() ? judge_call() : State::kMore;
}

/// The final one comes last.
void Http2Answer::take_heads() {
  while (stream_.has_response_head()) {
    const h2::FieldBlock head = stream_.take_response_head();
    for (size_t i = 0; i < head.size(); ++i) {
      const std::string_view value = head.value(i);
      if (head.name(i) == ":status") std::from_chars(value.data(), value.data() + value.size(), status_);
      if (head.name(i) == "content-type") content_type_ = value;
      if (head.name(i) == "grpc-status") grpc_status_ = value;
    }
  }
}

Answer::State Http2Answer::judge_call() {
  if (status_ != 200) return fail(fmt::format("HTTP {} instead of an answer of gRPC", status_));
  if (!content_type_.starts_with("application/grpc")) return fail("the answer is not of gRPC");
  std::string_view status = grpc_status_;
  if (stream_.trailers() != nullptr)
    if (const http::Header* field = stream_.trailers()->find("grpc-status"); field != nullptr) status = field->value;
  int code = -1;
  std::from_chars(status.data(), status.data() + status.size(), code);
  if (code < 0) return fail("the answer has no grpc-status");
  if (status == kUnimplemented) return fail("the member does not serve grpc.health.v1.Health (grpc-status 12)");
  return code == 0 ? judge_message() : fail(fmt::format("grpc-status {}, expected 0", code));
}

Answer::State Http2Answer::judge_message() {
  const std::string_view message = message_;
  std::optional<uint64_t> status;
  if (message.size() >= kPrefix && message[0] == 0 && message_size(message) == message.size() - kPrefix)
    status = serving_status(message.substr(kPrefix));
  if (!status) return fail("the answer is no answer to grpc.health.v1.Health/Check");
  return *status == kServing ? State::kHealthy : fail(fmt::format("the member says {}", serving_word(*status)));
}

}  // namespace elb::health
