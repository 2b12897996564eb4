// SPDX-License-Identifier: Apache-2.0
#include "api/client_stream.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace elb::api {

ClientStream::~ClientStream() {
  if (!tls_ || ended_ || !out_.empty()) return;
  out_ = tls_->close();
  flush();
}

void ClientStream::put(std::string_view plain) {
  if (!tls_) {
    out_.append(plain);
    return;
  }
  while (!plain.empty() && !ended_) {
    const HttpTls::Step step = tls_->write(plain);
    out_.append(step.output);
    plain.remove_prefix(step.bytes);
    ended_ = step.ended || step.bytes == 0;
  }
}

size_t ClientStream::flush() {
  size_t sent = 0;
  while (sent < out_.size()) {
    const ssize_t n = ::send(socket_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) ended_ = true;
    if (n <= 0) break;
    sent += static_cast<size_t>(n);
  }
  out_.erase(0, sent);
  return sent;
}

void ClientStream::listen() {
  std::array<char, 4096> bytes;
  const ssize_t n = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) ended_ = true;
  if (n > 0 && tls_) decrypt({bytes.data(), static_cast<size_t>(n)});
}

void ClientStream::decrypt(std::string_view bytes) {
  tls_->feed(bytes);
  std::array<char, 4096> plain;
  for (;;) {
    const HttpTls::Step step = tls_->read(plain);
    out_.append(step.output);
    if (step.ended) ended_ = true;
    if (step.ended || step.wants_input) return;
  }
}

}  // namespace elb::api
