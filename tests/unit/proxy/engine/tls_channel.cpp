// SPDX-License-Identifier: Apache-2.0
#include "unit/proxy/engine/tls_channel.h"

#include <sys/socket.h>

#include <array>

namespace elb::test {

TlsChannel::TlsChannel(Fd fd, const ClientOptions& options)
    : fd_(std::move(fd)), client_(std::make_unique<TestClient>(options)) {
  set_patience(fd_.get(), Peer::kPatienceMs);
  while (!client_->done()) {
    const bool going = client_->advance();
    if (!flush() || !going) return;
    if (!client_->done() && !feed()) return;
  }
}

TlsChannel::~TlsChannel() = default;

bool TlsChannel::flush() { return send_all(fd_.get(), client_->take_output()); }

bool TlsChannel::feed() {
  std::array<char, 65536> room;
  const ssize_t count = recv(fd_.get(), room.data(), room.size(), 0);
  if (count <= 0) return false;
  client_->feed({room.data(), static_cast<size_t>(count)});
  return true;
}

bool TlsChannel::send(std::string_view bytes) { return client_->write(bytes) && flush(); }

std::string TlsChannel::receive() {
  for (;;) {
    std::string plain = client_->read();
    if (!plain.empty() || client_->closed() || !client_->error().empty()) return plain;
    if (!feed()) return {};
  }
}

}  // namespace elb::test
