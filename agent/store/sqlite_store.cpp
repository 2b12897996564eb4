// SPDX-License-Identifier: Apache-2.0
// The embedded store. WAL with synchronous=FULL: each COMMIT returns after an fsync of the log, so what was
// acknowledged survives power loss (NORMAL would lose the last commits). A commit that fails half-way leaves nothing
// behind: the log's readers ignore frames without a commit mark.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "base/fd.h"
#include "base/log.h"
#include "store/answers.h"
#include "store/record.h"
#include "store/schema.h"
#include "store/store.h"
#include "store/table.h"

namespace elb::store {
namespace {

namespace fs = std::filesystem;

class SqliteStore final : public Store {
 public:
  SqliteStore(Db db, uint64_t revisions_kept) : db_(std::move(db)), revisions_kept_(revisions_kept) {}

  Result<model::Model> load() override;
  Result<uint64_t> commit(uint64_t base, std::span<const model::Change> changes, const Origin& origin) override;
  Status check() override;

 private:
  Result<uint64_t> revision();
  Status apply(const model::Change& change);

  Db db_;
  const uint64_t revisions_kept_;
};

Result<uint64_t> SqliteStore::revision() {
  const auto revision = db_.integer("SELECT revision FROM meta");
  if (!revision) return pass_on(revision.error());
  return static_cast<uint64_t>(*revision);
}

Result<model::Model> SqliteStore::load() {
  auto transaction = Transaction::begin(db_, Transaction::Mode::kRead);  // one state for all tables
  if (!transaction) return pass_on(transaction.error());
  const auto revision = this->revision();
  if (!revision) return pass_on(revision.error());
  model::Model model;
  model.revision = *revision;
  if (auto status = store::load(db_, model.load_balancers); !status) return pass_on(status.error());
  if (auto status = store::load(db_, model.pools); !status) return pass_on(status.error());
  if (auto status = store::load(db_, model.listeners); !status) return pass_on(status.error());
  if (auto status = store::load(db_, model.members); !status) return pass_on(status.error());
  if (auto status = store::load(db_, model.health_monitors); !status) return pass_on(status.error());
  if (auto status = store::load(db_, model.eips); !status) return pass_on(status.error());
  if (auto status = store::load(db_, model.certificates); !status) return pass_on(status.error());
  if (auto status = store::load(db_, model.l7policies); !status) return pass_on(status.error());
  if (auto status = store::load(db_, model.l7rules); !status) return pass_on(status.error());
  return model;
}

Status SqliteStore::apply(const model::Change& change) {
  if (const auto* put = std::get_if<model::Put>(&change))
    return std::visit([this](const auto& resource) { return write(db_, resource); }, put->resource);
  const auto& gone = std::get<model::Erase>(change);
  switch (gone.kind) {
    case model::Kind::kLoadBalancer:
      return erase<model::LoadBalancer>(db_, gone.id);
    case model::Kind::kListener:
      return erase<model::Listener>(db_, gone.id);
    case model::Kind::kPool:
      return erase<model::Pool>(db_, gone.id);
    case model::Kind::kMember:
      return erase<model::Member>(db_, gone.id);
    case model::Kind::kHealthMonitor:
      return erase<model::HealthMonitor>(db_, gone.id);
    case model::Kind::kEip:
      return erase<model::Eip>(db_, gone.id);
    case model::Kind::kCertificate:
      return erase<model::Certificate>(db_, gone.id);
    case model::Kind::kL7Policy:
      return erase<model::L7Policy>(db_, gone.id);
    case model::Kind::kL7Rule:
      return erase<model::L7Rule>(db_, gone.id);
  }
  return fail(ErrorCode::kInternal, "a change of an unknown kind");
}

Result<uint64_t> SqliteStore::commit(uint64_t base, std::span<const model::Change> changes, const Origin& origin) {
  auto transaction = Transaction::begin(db_, Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  const auto current = revision();
  if (!current) return pass_on(current.error());
  if (*current != base)
    return fail(ErrorCode::kConflict, fmt::format("the store is at revision {}, not at {}", *current, base));
  if (auto status = record(db_, base + 1, changes, origin); !status) return pass_on(status.error());
  for (const auto& change : changes)
    if (auto status = apply(change); !status) return pass_on(status.error());
  if (auto status = db_.exec("UPDATE meta SET revision = revision + 1"); !status) return pass_on(status.error());
  if (origin.claim)
    if (auto status = claim(db_, base + 1, origin); !status) return pass_on(status.error());
  if (auto status = prune_history(db_, base + 1, revisions_kept_); !status) return pass_on(status.error());
  if (auto status = transaction->commit(); !status) return pass_on(status.error());
  return base + 1;
}

Status SqliteStore::check() {
  auto integrity = db_.prepare("PRAGMA integrity_check(10)");
  if (!integrity) return pass_on(integrity.error());
  for (;;) {
    const auto more = integrity->step();
    if (!more) return pass_on(more.error());
    if (!*more) break;
    if (const std::string line = integrity->text(); line != "ok")
      return fail(ErrorCode::kStorage, "the store is damaged: " + line);
  }
  auto references = db_.prepare("PRAGMA foreign_key_check");
  if (!references) return pass_on(references.error());
  const auto broken = references->step();
  if (!broken) return pass_on(broken.error());
  if (*broken)
    return fail(ErrorCode::kStorage, fmt::format("the store has a {} that refers to nothing", references->text()));
  return {};
}

/// Makes an entry of a directory survive power loss.
void sync_directory(const fs::path& directory) {
  const Fd fd(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());
}

tl::unexpected<Error> fail_storage(int error, std::string_view what, const fs::path& path) {
  return fail(ErrorCode::kStorage,
              fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(error)));
}

Status make_directories(const fs::path& directory) {
  if (directory.empty()) return {};
  fs::path partial;
  for (const auto& part : directory) {
    partial /= part;
    if (::mkdir(partial.c_str(), 0700) == 0) {
      sync_directory(partial.parent_path());
      continue;
    }
    const int error = errno;  // a read-only file system says EROFS even for what is there
    std::error_code ignored;
    if (!fs::is_directory(partial, ignored)) return fail_storage(error, "create directory", partial);
  }
  return {};
}

/// Creates the file before SQLite does, so that it (and with it the log, which takes its mode) is never readable by
/// others, not even for a moment.
Status make_file(const fs::path& path) {
  bool created = true;
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd && errno == EEXIST) {
    created = false;
    fd.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  }
  if (!fd) return fail_storage(errno, created ? "create" : "open", path);
  if (created) sync_directory(path.parent_path());
  return {};
}

/// Only for a file that has been seen to be ours.
Status make_private(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_storage(errno, "examine", path);
  if ((info.st_mode & 0077U) == 0) return {};
  log::warn("the store was open to others, making it private path={} mode={:o}", path.string(), info.st_mode & 0777U);
  if (::chmod(path.c_str(), 0600) != 0) return fail_storage(errno, "make private", path);
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, uint64_t revisions_kept) {
  const fs::path file(path);
  if (auto status = make_directories(file.parent_path()); !status) return pass_on(status.error());
  if (auto status = make_file(file); !status) return pass_on(status.error());
  auto db = Db::open(path, kBusyTimeoutMs);
  if (!db) return pass_on(db.error());
  // Reads first: a file that is not ours, or newer, stays as it is.
  const auto version = stored_version(*db);
  if (!version) return fail(version.error().code, fmt::format("{}: {}", path, version.error().message));
  if (auto status = make_private(file); !status) return pass_on(status.error());
  const auto mode = db->text("PRAGMA journal_mode = WAL");
  if (!mode) return pass_on(mode.error());
  if (*mode != "wal")
    return fail(ErrorCode::kStorage,
                fmt::format("{}: the file system cannot hold a write-ahead log ({})", path, *mode));
  if (auto status = db->exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; "
                             "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 4194304");
      !status)
    return pass_on(status.error());
  if (*version < kSchemaVersion)
    if (auto status = migrate(*db); !status) return pass_on(status.error());
  return std::make_unique<SqliteStore>(std::move(*db), revisions_kept);
}

}  // namespace elb::store
