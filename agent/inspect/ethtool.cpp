// SPDX-License-Identifier: Apache-2.0
#include "inspect/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

namespace elb::inspect {
namespace {

constexpr uint32_t kManyStrings = 65536;  // more than any driver has

std::optional<ifreq> request_for(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name) return std::nullopt;
  std::memcpy(request.ifr_name, name.data(), name.size());
  return request;
}

/// A command with a tail of `bytes` behind its fixed part, aligned for both.
template <class Command>
class Buffer {
 public:
  explicit Buffer(size_t bytes) : words_((sizeof(Command) + bytes + 7) / 8) {}
  Command* operator->() { return reinterpret_cast<Command*>(words_.data()); }
  void* get() { return words_.data(); }
  const uint8_t* tail() const { return reinterpret_cast<const uint8_t*>(words_.data()) + sizeof(Command); }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace

Ethtool::Ethtool() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

bool Ethtool::ask(const std::string& name, void* command) const {
  auto request = request_for(name);
  if (!request || !socket_) return false;
  request->ifr_data = static_cast<char*>(command);
  return ioctl(socket_.get(), SIOCETHTOOL, &*request) == 0;
}

int Ethtool::flags(const std::string& name) const {
  auto request = request_for(name);
  if (!request || !socket_ || ioctl(socket_.get(), SIOCGIFFLAGS, &*request) != 0) return -1;
  return static_cast<uint16_t>(request->ifr_flags);
}

std::string Ethtool::driver(const std::string& name) const {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (!ask(name, &info)) return {};
  return {info.driver, strnlen(info.driver, sizeof info.driver)};
}

std::vector<std::string> Ethtool::strings(const std::string& name, uint32_t set) const {
  Buffer<ethtool_sset_info> count(sizeof(uint32_t));
  count->cmd = ETHTOOL_GSSET_INFO;
  count->sset_mask = uint64_t{1} << set;
  if (!ask(name, count.get()) || count->sset_mask == 0) return {};
  uint32_t length = 0;
  std::memcpy(&length, count.tail(), sizeof length);
  if (length == 0 || length > kManyStrings) return {};
  Buffer<ethtool_gstrings> text(size_t{length} * ETH_GSTRING_LEN);
  text->cmd = ETHTOOL_GSTRINGS;
  text->string_set = set;
  text->len = length;
  if (!ask(name, text.get())) return {};
  std::vector<std::string> result;
  for (uint32_t i = 0; i < length; ++i) {
    const char* at = reinterpret_cast<const char*>(text.tail()) + size_t{i} * ETH_GSTRING_LEN;
    result.emplace_back(at, strnlen(at, ETH_GSTRING_LEN));
  }
  return result;
}

std::map<std::string, bool> Ethtool::features(const std::string& name) const {
  const auto names = strings(name, ETH_SS_FEATURES);
  const auto blocks = static_cast<uint32_t>((names.size() + 31) / 32);
  Buffer<ethtool_gfeatures> answer(blocks * sizeof(ethtool_get_features_block));
  answer->cmd = ETHTOOL_GFEATURES;
  answer->size = blocks;
  if (names.empty() || !ask(name, answer.get())) return {};
  std::map<std::string, bool> result;
  for (size_t i = 0; i < names.size(); ++i) {
    ethtool_get_features_block block{};
    std::memcpy(&block, answer.tail() + i / 32 * sizeof block, sizeof block);
    if (!names[i].empty()) result[names[i]] = (block.active >> (i % 32) & 1) != 0;
  }
  return result;
}

uint32_t Ethtool::rx_queues(const std::string& name) const {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (ask(name, &channels) && channels.rx_count + channels.combined_count > 0)
    return channels.rx_count + channels.combined_count;
  ethtool_rxnfc rings{};
  rings.cmd = ETHTOOL_GRXRINGS;
  return ask(name, &rings) ? static_cast<uint32_t>(rings.data) : 0;
}

std::vector<uint32_t> Ethtool::indirection(const std::string& name) const {
  ethtool_rxfh_indir size{};
  size.cmd = ETHTOOL_GRXFHINDIR;
  if (!ask(name, &size) || size.size == 0 || size.size > kManyStrings) return {};
  Buffer<ethtool_rxfh_indir> table(size.size * sizeof(uint32_t));
  table->cmd = ETHTOOL_GRXFHINDIR;
  table->size = size.size;
  if (!ask(name, table.get())) return {};
  std::vector<uint32_t> queues(size.size);
  std::memcpy(queues.data(), table.tail(), queues.size() * sizeof(uint32_t));
  return queues;
}

}  // namespace elb::inspect
