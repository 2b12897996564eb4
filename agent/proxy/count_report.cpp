// SPDX-License-Identifier: Apache-2.0
#include "proxy/count_report.h"

#include "proxy/wire_archive.h"

namespace elb::proxy {
namespace {

constexpr uint32_t kReportMagic = 0x43424C45;  // "ELBC"

// Longest ids of a model; those of tests may be shorter.
constexpr size_t kIdBytes = 64;
#define ELB_PROXY_ONE(name) +1  // NOLINT(bugprone-macro-parentheses): summed up
constexpr size_t kListenerNumbers = 0 ELB_PROXY_LISTENER_COUNTS(ELB_PROXY_ONE);
constexpr size_t kMemberNumbers = 0 ELB_PROXY_MEMBER_COUNTS(ELB_PROXY_ONE);
#undef ELB_PROXY_ONE

struct Bucket {
  uint16_t place = 0;
  uint64_t count = 0;
};

struct ListenerEntry {
  std::string id;
  ListenerSums sums;
};

struct MemberEntry {
  std::string id;
  MemberSums sums;
};

template <class Archive, class Number>
void count(Archive& archive, Number& number) {
  archive.number(number);
  if constexpr (Archive::kReads) {
    if (number > kMostCounted) archive.fail();
  }
}

// Most buckets of a listener are empty: only the others travel.
void histogram(Writer& writer, const HistogramSums& sums) {
  std::vector<Bucket> used;
  for (size_t i = 0; i < sums.buckets.size(); ++i)
    if (sums.buckets[i] > 0) used.push_back({static_cast<uint16_t>(i), sums.buckets[i]});
  writer.list(used, [&](const Bucket& bucket) {
    writer.number(bucket.place);
    writer.number(bucket.count);
  });
}

void histogram(Reader& reader, HistogramSums& sums) {
  std::vector<Bucket> used;
  reader.list(used, [&](Bucket& bucket) {
    reader.number(bucket.place);
    count(reader, bucket.count);
    if (bucket.place >= kHistogramBuckets) return reader.fail();
    sums.buckets[bucket.place] = bucket.count;
  });
}

template <class Archive, class Entry>
void listener(Archive& archive, Entry& entry) {
  archive.text(entry.id);
#define ELB_PROXY_FIELD(name) count(archive, entry.sums.name);
  ELB_PROXY_LISTENER_COUNTS(ELB_PROXY_FIELD)
  histogram(archive, entry.sums.latency_us);
}

template <class Archive, class Entry>
void member(Archive& archive, Entry& entry) {
  archive.text(entry.id);
  ELB_PROXY_MEMBER_COUNTS(ELB_PROXY_FIELD)
#undef ELB_PROXY_FIELD
}

}  // namespace

std::string encode_counts(const Counters& counters, const model::Snapshot& snapshot) {
  std::vector<ListenerEntry> listeners;
  std::vector<MemberEntry> members;
  for (const model::SnapshotListener& one : snapshot.listeners)
    if (one.http) listeners.push_back({one.id, counters.listener_sums(one.id)});
  for (const model::SnapshotPool& pool : snapshot.pools)
    for (const model::SnapshotMember& one : pool.members) members.push_back({one.id, counters.member_sums(one.id)});
  std::string out;
  Writer writer(out);
  writer.number(kReportMagic);
  writer.list(listeners, [&](const ListenerEntry& entry) { listener(writer, entry); });
  writer.list(members, [&](const MemberEntry& entry) { member(writer, entry); });
  return out;
}

size_t longest_report(size_t listeners, size_t members) {
  constexpr size_t kBuckets = sizeof(uint32_t) + kHistogramBuckets * (sizeof(uint16_t) + sizeof(uint64_t));
  return 3 * sizeof(uint32_t) + listeners * (kIdBytes + kListenerNumbers * sizeof(uint64_t) + kBuckets) +
         members * (kIdBytes + kMemberNumbers * sizeof(uint64_t));
}

Result<CountReport> decode_counts(std::string_view bytes) {
  Reader reader(bytes);
  CountReport report;
  uint32_t magic = 0;
  reader.number(magic);
  if (magic != kReportMagic) return fail(ErrorCode::kInvalid, "these are no counts");
  std::vector<std::string> ids;  // one entry at a time: what is forged costs us no more than it cost to send
  reader.list(ids, [&](std::string& id) {
    ListenerEntry entry;
    listener(reader, entry);
    id = entry.id;
    if (!report.listeners.emplace(entry.id, entry.sums).second) reader.fail();
  });
  reader.list(ids, [&](std::string& id) {
    MemberEntry entry;
    member(reader, entry);
    id = entry.id;
    if (!report.members.emplace(entry.id, entry.sums).second) reader.fail();
  });
  if (!reader.complete()) return fail(ErrorCode::kInvalid, "the counts are not whole, or not possible");
  return report;
}

}  // namespace elb::proxy
