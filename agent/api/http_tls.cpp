// SPDX-License-Identifier: Apache-2.0
#include "api/http_tls.h"

#include <array>

#include "tls/leave_thread.h"
#include "tls/worker.h"

namespace elb::api {

Result<std::unique_ptr<HttpTls>> HttpTls::accept(std::shared_ptr<const tls::ServerTable> table, const Clock& clock,
                                                 tls::TicketSecretsPtr secrets) {
  auto worker = tls::Worker::create(clock, std::move(secrets));
  if (!worker) return pass_on(worker.error());
  auto context = worker->make_context(std::move(table));
  if (!context) return pass_on(context.error());
  auto connection = tls::Connection::accept(*context);
  if (!connection) return pass_on(connection.error());
  return std::unique_ptr<HttpTls>(new HttpTls(std::move(*context), std::move(*connection)));
}

void HttpTls::leave_thread() const { tls::leave_thread(context_); }

template <class Call>
HttpTls::Step HttpTls::run(Call call) {
  std::array<char, tls::kRecordBytes + tls::kRecordOverhead> room;
  tls::Wire wire{input_, room};
  const tls::Step done = call(wire);
  Step step{done.bytes, std::string(wire.output()), done.progress == tls::Progress::kWantRead, false};
  input_.erase(0, input_.size() - wire.in.size());
  failed_ = failed_ || done.progress == tls::Progress::kFailed;
  step.ended = failed_ || done.progress == tls::Progress::kClosed;
  return step;
}

HttpTls::Step HttpTls::read(std::span<char> plain) {
  if (!connection_->handshake_done()) return run([&](tls::Wire& wire) { return connection_->handshake(wire); });
  return run([&](tls::Wire& wire) { return connection_->read(wire, plain); });
}

HttpTls::Step HttpTls::write(std::string_view plain) {
  return run([&](tls::Wire& wire) { return connection_->write(wire, plain); });
}

std::string HttpTls::close() {
  if (failed_ || !connection_->handshake_done()) return {};
  return run([&](tls::Wire& wire) { return connection_->close(wire); }).output;
}

}  // namespace elb::api
