// SPDX-License-Identifier: Apache-2.0
#include "tls/wire_bio.h"

#include <algorithm>
#include <cstring>

namespace elb::tls {
namespace {

Wire* wire_of(BIO* bio) { return *static_cast<Wire**>(BIO_get_data(bio)); }

int read_wire(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  Wire* wire = wire_of(bio);
  if (wire == nullptr || wire->in.empty() || size <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t count = std::min(wire->in.size(), static_cast<size_t>(size));
  std::memcpy(to, wire->in.data(), count);
  wire->in.remove_prefix(count);
  return static_cast<int>(count);
}

int write_wire(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  Wire* wire = wire_of(bio);
  const size_t room = wire == nullptr ? 0 : wire->out.size() - wire->produced;
  if (room == 0 || size <= 0) {
    BIO_set_retry_write(bio);
    return -1;
  }
  const size_t count = std::min(room, static_cast<size_t>(size));
  std::memcpy(wire->out.data() + wire->produced, from, count);
  wire->produced += count;
  return static_cast<int>(count);
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

using MethodPtr = std::unique_ptr<BIO_METHOD, Deleter<BIO_meth_free>>;

MethodPtr make_method() {
  MethodPtr method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire"));
  if (!method || BIO_meth_set_read(method.get(), read_wire) != 1 || BIO_meth_set_write(method.get(), write_wire) != 1 ||
      BIO_meth_set_ctrl(method.get(), control) != 1)
    return nullptr;
  return method;
}

}  // namespace

BioPtr make_wire_bio(Wire** wire) {
  static const MethodPtr method = make_method();
  BioPtr bio(method ? BIO_new(method.get()) : nullptr);
  if (!bio) return nullptr;
  BIO_set_data(bio.get(), wire);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace elb::tls
