// SPDX-License-Identifier: Apache-2.0
#include "proxy/socket_address.h"

#include <netinet/in.h>

#include <array>
#include <cstring>

namespace elb::proxy {

Endpoint to_endpoint(const sockaddr_storage& name) {
  if (name.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &name, sizeof v4);
    return {IpAddress::from_v4_be(v4.sin_addr.s_addr), ntohs(v4.sin_port)};
  }
  if (name.ss_family != AF_INET6) return {};
  sockaddr_in6 v6;
  std::memcpy(&v6, &name, sizeof v6);
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return {IpAddress::from_v6(bytes), ntohs(v6.sin6_port)};
  uint32_t v4 = 0;
  std::memcpy(&v4, bytes.data() + 12, sizeof v4);
  return {IpAddress::from_v4_be(v4), ntohs(v6.sin6_port)};
}

Endpoint local_endpoint(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0 ? to_endpoint(name) : Endpoint{};
}

}  // namespace elb::proxy
