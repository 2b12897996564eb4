// SPDX-License-Identifier: Apache-2.0
#include "telemetry/own_file.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/fd.h"
#include "base/log.h"

namespace elb::telemetry {
namespace {

constexpr int kBusyTimeoutMs = 2000;
constexpr int64_t kFileVersion = 1;  // user_version; 0 is a new file

Result<store::Db> open_once(const std::string& path, const std::string& schema, bool durable) {
  if (path != ":memory:") {
    const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return fail(ErrorCode::kSystem, "cannot open " + path + ": " + std::generic_category().message(errno));
  }
  auto db = store::Db::open(path, kBusyTimeoutMs);
  if (!db) return db;
  auto version = db->integer("PRAGMA user_version");
  if (!version) return pass_on(version.error());
  if (*version != 0 && *version != kFileVersion)
    return fail(ErrorCode::kStorage, fmt::format("{} is of version {}", path, *version));
  const auto mode = db->text("PRAGMA journal_mode = WAL");
  if (!mode) return pass_on(mode.error());
  std::string setup = fmt::format(
      "PRAGMA synchronous = {}; PRAGMA journal_size_limit = 4194304; PRAGMA trusted_schema = "
      "OFF; PRAGMA cell_size_check = ON;",
      durable ? "FULL" : "NORMAL");
  if (*version == 0) setup += fmt::format("BEGIN; {} PRAGMA user_version = {}; COMMIT;", schema, kFileVersion);
  if (auto status = db->exec(setup); !status) return pass_on(status.error());
  if (!durable) return db;  // reading a large file through would hold up the start
  if (const auto check = db->text("PRAGMA quick_check(1)"); !check || *check != "ok")
    return fail(ErrorCode::kStorage, path + " is damaged");
  return db;
}

}  // namespace

Result<store::Db> open_own_file(const std::string& path, const std::string& schema, bool durable) {
  {
    auto db = open_once(path, schema, durable);
    if (db || db.error().code != ErrorCode::kStorage) return db;
    log::error("telemetry file is not usable, moving it aside path={} aside={}.bad error={}", path, path,
               db.error().to_string());
  }
  for (const char* suffix : {"", "-wal", "-shm"})
    static_cast<void>(std::rename((path + suffix).c_str(), (path + ".bad" + suffix).c_str()));
  return open_once(path, schema, durable);
}

}  // namespace elb::telemetry
