// SPDX-License-Identifier: Apache-2.0
#include "proxy/transport.h"

#include <algorithm>
#include <cstring>

namespace elb::proxy {

Received Transport::read(std::span<char> room) {
  if (!tls_) return stream_.read(room.first(std::min(room.size(), Workspace::kClientRead)));
  if (closed_) return {Got::kEnd, 0};
  while (stream_.readable()) {
    const Received raw = stream_.read(work_.cipher_in);
    if (raw.got != Got::kData) return raw;
    const Received plain = decrypt({work_.cipher_in.data(), raw.bytes}, room);
    if (plain.got != Got::kNothing) return plain;
  }
  return {Got::kNothing, 0};
}

Received Transport::decrypt(std::string_view cipher, std::span<char> room) {
  tls::Wire wire{cipher, work_.cipher_out, 0};
  while (!handshake_done_) {
    const tls::Step step = tls_->handshake(wire);
    if (!send(wire, false)) return {Got::kBroken, 0};
    if (step.progress == tls::Progress::kWantRead) return {Got::kNothing, 0};
    if (step.progress == tls::Progress::kWantWrite) continue;
    if (step.progress != tls::Progress::kDone) return {Got::kBroken, 0};
    handshake_done_ = true;
    facts_ = tls_->facts();
  }
  for (;;) {
    const tls::Step step = tls_->read(wire, room);
    if (!send(wire, false)) return {Got::kBroken, 0};
    if (step.progress == tls::Progress::kWantWrite && step.bytes == 0) continue;
    if (step.progress == tls::Progress::kFailed) return {Got::kBroken, 0};
    closed_ = step.progress == tls::Progress::kClosed;
    if (step.bytes > 0) return {Got::kData, step.bytes};
    return {closed_ ? Got::kEnd : Got::kNothing, 0};
  }
}

bool Transport::send(tls::Wire& wire, bool more) {
  if (wire.produced == 0) return true;
  const bool sent = stream_.write(wire.output(), more);
  wire.produced = 0;
  return sent;
}

bool Transport::encrypt(tls::Wire& wire, std::string_view plain) {
  while (!plain.empty()) {
    const tls::Step step = tls_->write(wire, plain);
    plain.remove_prefix(step.bytes);
    if (step.progress == tls::Progress::kDone) continue;
    if (step.progress != tls::Progress::kWantWrite || !send(wire, false)) return false;
  }
  return true;
}

// Small pieces go into one record together with what follows: a record costs a client about as much as a packet.
bool Transport::write(std::span<const std::string_view> pieces, bool more) {
  if (!tls_) return stream_.write(pieces, more);
  tls::Wire wire{{}, work_.cipher_out, 0};
  size_t gathered = 0;
  for (std::string_view piece : pieces) {
    if (gathered == 0 && piece.size() >= work_.record.size()) {
      if (!encrypt(wire, piece)) return false;
      continue;
    }
    const size_t part = std::min(piece.size(), work_.record.size() - gathered);
    std::memcpy(work_.record.data() + gathered, piece.data(), part);
    gathered += part;
    piece.remove_prefix(part);
    if (gathered < work_.record.size()) continue;
    if (!encrypt(wire, {work_.record.data(), gathered})) return false;
    gathered = 0;
    if (piece.size() >= work_.record.size()) {
      if (!encrypt(wire, piece)) return false;
    } else {
      std::memcpy(work_.record.data(), piece.data(), piece.size());
      gathered = piece.size();
    }
  }
  if (gathered > 0 && !encrypt(wire, {work_.record.data(), gathered})) return false;
  return send(wire, more);
}

void Transport::end_writing() {
  if (tls_ && handshake_done_ && !stream_.ended_writing()) {
    tls::Wire wire{{}, work_.cipher_out, 0};
    static_cast<void>(tls_->close(wire));
    static_cast<void>(send(wire, true));
  }
  stream_.end_writing();
}

}  // namespace elb::proxy
