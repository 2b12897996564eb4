// SPDX-License-Identifier: Apache-2.0
// Looking for lines of the access log (LOG-03), in the files of a stream, compressed ones too, or in memory. Files of
// all three forms are read; of a JSON line only what it holds is known. Thread rule: pure but for the files; reads no
// more than `limit` lines into memory at once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codec/value.h"
#include "logs/log_batch.h"

namespace elb::logs {

struct LogQuery {
  std::set<std::string, std::less<>> loadbalancers;  // ids; lines of others are not seen
  std::string listener;                              // id; empty: any
  int64_t from_ms = 0, to_ms = INT64_MAX;            // since 1970, both inclusive
  int status_min = 0, status_max = 999;
  std::string client;       // address; empty: any
  std::string termination;  // "client_left"; empty: any
  std::string text;         // anywhere in the line, any case; empty: any
  size_t limit = 100;       // the newest so many
};

bool matches(const LogQuery& query, const LogLine& line, std::string_view text);

/// Of one line that matches: what append_json() writes.
codec::Value to_value(const LogLine& line);

/// The newest lines of these streams that match, oldest first.
std::vector<codec::Value> search_files(const std::string& directory, const std::vector<LogRoute>& routes,
                                       const LogQuery& query);

}  // namespace elb::logs
