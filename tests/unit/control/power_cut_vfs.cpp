// SPDX-License-Identifier: Apache-2.0
#include "unit/control/power_cut_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace elb::test {
namespace {

constexpr size_t kSector = 512;

/// A write (or, with `bytes` empty, a truncation to `offset`) that no sync has covered yet.
struct Pending {
  size_t offset;
  std::string bytes;
};

struct Disk {
  std::string synced;
  std::vector<Pending> pending;
};

/// One global set, because SQLite's callbacks carry no context of ours.
struct State {
  sqlite3_vfs vfs;
  sqlite3_vfs* real;
  std::function<void()> before_write;
  std::map<std::string, Disk> disks;
  uint64_t syncs = 0;
};
State* state = nullptr;

struct File {
  sqlite3_file base;
  Disk* disk;  // null: a file that is not kept (temporary)
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File* cast(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return cast(file)->real(); }

void put(std::string& content, size_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

void apply(std::string& content, const Pending& pending) {
  if (pending.bytes.empty())
    content.resize(std::min(content.size(), pending.offset));
  else
    put(content, pending.offset, pending.bytes);
}

int on_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (Disk* disk = cast(file)->disk) {
    state->before_write();
    disk->pending.push_back({static_cast<size_t>(offset), {static_cast<const char*>(data), static_cast<size_t>(size)}});
  }
  return real(file)->pMethods->xWrite(real(file), data, size, offset);
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (Disk* disk = cast(file)->disk) {
    state->before_write();
    disk->pending.push_back({static_cast<size_t>(size), {}});
  }
  return real(file)->pMethods->xTruncate(real(file), size);
}

/// No real fsync: the disk is ours, and the test is quick.
int on_sync(sqlite3_file* file, int) {
  if (Disk* disk = cast(file)->disk) {
    state->before_write();
    for (const Pending& pending : disk->pending) apply(disk->synced, pending);
    disk->pending.clear();
    ++state->syncs;
  }
  return SQLITE_OK;
}

// Everything else goes straight through.
int on_close(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
int on_read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) { return real(f)->pMethods->xRead(real(f), to, n, at); }
int on_size(sqlite3_file* f, sqlite3_int64* n) { return real(f)->pMethods->xFileSize(real(f), n); }
int on_lock(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
int on_unlock(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
int on_reserved(sqlite3_file* f, int* held) { return real(f)->pMethods->xCheckReservedLock(real(f), held); }
int on_control(sqlite3_file* f, int op, void* arg) {
  // A hint that would grow the file behind our back.
  if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return real(f)->pMethods->xFileControl(real(f), op, arg);
}
int on_sector(sqlite3_file*) { return kSector; }
int on_traits(sqlite3_file*) { return 0; }  // promises nothing: no atomic, safe-append or power-safe-overwrite writes
int on_shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** at) {
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, at);
}
int on_shm_lock(sqlite3_file* f, int at, int n, int flags) {
  return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}
void on_shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int on_shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

// Version 2: with shared memory (WAL needs it), without memory-mapped reads and writes.
const sqlite3_io_methods kMethods = {2,         on_close,   on_read,     on_write,       on_truncate,  on_sync,
                                     on_size,   on_lock,    on_unlock,   on_reserved,    on_control,   on_sector,
                                     on_traits, on_shm_map, on_shm_lock, on_shm_barrier, on_shm_unmap, nullptr,
                                     nullptr};

int on_open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  File* ours = cast(file);
  ours->base.pMethods = nullptr;
  ours->disk = nullptr;
  const int rc = state->real->xOpen(state->real, path, ours->real(), flags, out_flags);
  if (rc != SQLITE_OK) return rc;
  ours->base.pMethods = &kMethods;
  if (path && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0)
    ours->disk = &state->disks[path];
  return rc;
}

int on_delete(sqlite3_vfs*, const char* path, int sync_directory) {
  state->disks.erase(path);  // as if at once on the disk: SQLite has synced what it replaces
  return state->real->xDelete(state->real, path, sync_directory);
}

}  // namespace

PowerCutVfs::PowerCutVfs(std::function<void()> before_write) {
  state = new State{};
  state->real = sqlite3_vfs_find(nullptr);
  state->before_write = std::move(before_write);
  state->vfs = *state->real;
  state->vfs.zName = "power-cut";
  state->vfs.szOsFile = static_cast<int>(sizeof(File)) + state->real->szOsFile;
  state->vfs.xOpen = on_open;
  state->vfs.xDelete = on_delete;
  sqlite3_vfs_register(&state->vfs, 1);
}

PowerCutVfs::~PowerCutVfs() {
  sqlite3_vfs_unregister(&state->vfs);
  sqlite3_vfs_register(state->real, 1);
  delete state;
  state = nullptr;
}

std::map<std::string, std::string> PowerCutVfs::image(Random& random) const {
  std::map<std::string, std::string> files;
  for (const auto& [path, disk] : state->disks) {
    std::string content = disk.synced;
    for (const Pending& pending : disk.pending) {
      if (pending.bytes.empty()) {
        if (random.next() % 2) apply(content, pending);
        continue;
      }
      for (size_t at = 0; at < pending.bytes.size();) {  // sector by sector, of which any may be there
        const size_t offset = pending.offset + at;
        const size_t length = std::min(kSector - offset % kSector, pending.bytes.size() - at);
        if (random.next() % 2) put(content, offset, std::string_view(pending.bytes).substr(at, length));
        at += length;
      }
    }
    files[path] = std::move(content);
  }
  return files;
}

uint64_t PowerCutVfs::syncs() const { return state->syncs; }

}  // namespace elb::test
