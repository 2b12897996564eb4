// SPDX-License-Identifier: Apache-2.0
#include "tls/ticket_secrets.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

namespace elb::tls {
namespace {

uint64_t epoch_of(WallTime now, std::chrono::seconds period) {
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  return static_cast<uint64_t>(std::max<int64_t>(since.count(), 0) / period.count());
}

TicketSecrets::Entry draw(uint64_t epoch, Random& random) {
  TicketSecrets::Entry entry{epoch, {}};
  for (size_t i = 0; i < entry.secret.size(); i += sizeof(uint64_t)) {
    const uint64_t bits = random.next();
    std::memcpy(entry.secret.data() + i, &bits, sizeof bits);
  }
  return entry;
}

}  // namespace

TicketSecrets::TicketSecrets(std::chrono::seconds period, std::vector<Entry> entries)
    : period_(period), entries_(std::move(entries)) {}

TicketSecrets::~TicketSecrets() {
  for (auto& entry : entries_) OPENSSL_cleanse(entry.secret.data(), entry.secret.size());
}

std::shared_ptr<const TicketSecrets> TicketSecrets::rotate(const TicketSecrets* old, WallTime now, Random& random,
                                                           std::chrono::seconds period) {
  const uint64_t epoch = epoch_of(now, period);
  std::vector<Entry> entries;
  entries.reserve(3);
  if (old != nullptr && old->period_ == period) {
    std::copy_if(old->entries_.begin(), old->entries_.end(), std::back_inserter(entries),
                 [epoch](const Entry& entry) { return entry.epoch + 1 >= epoch && entry.epoch <= epoch + 1; });
  }
  for (const uint64_t wanted : {epoch, epoch + 1}) {
    const auto has = [wanted](const Entry& entry) { return entry.epoch == wanted; };
    if (std::none_of(entries.begin(), entries.end(), has)) entries.push_back(draw(wanted, random));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.epoch < b.epoch; });
  return std::make_shared<const TicketSecrets>(period, std::move(entries));
}

uint64_t TicketSecrets::epoch_at(WallTime now) const { return epoch_of(now, period_); }

size_t TicketSecrets::current(WallTime now) const {
  const uint64_t epoch = epoch_at(now);
  size_t index = 0;
  for (size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].epoch <= epoch) index = i;
  return index;
}

}  // namespace elb::tls
