// storage/sqlite/testing_disk.h: a disk for SQLite that fails on demand, and whose machine can lose its
// power. It stands between SQLite and the real files, and remembers of each what was synced and what was
// written since.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carillon::storage::testing {

class Disk {
 public:
    static constexpr auto name = "carillon_testing_disk";
    // The one that SqliteOptions::vfs = name leads to; as new.
    static Disk& fresh() {
        auto& disk = instance();
        const std::scoped_lock lock(disk.mutex_);
        disk.files_.clear();
        disk.write_code = disk.sync_code = SQLITE_OK;
        disk.syncs = 0;
        disk.writes_left = INT64_MAX;
        disk.database_is_full = false;
        return disk;
    }

    std::atomic<int> write_code{SQLITE_OK};  // with which writes fail
    std::atomic<int> sync_code{SQLITE_OK};
    std::atomic<int> syncs{0};
    std::atomic<std::int64_t> writes_left{INT64_MAX};  // then the disk is full
    std::atomic<bool> database_is_full{false};         // its log has room

    // What a machine would find in `folder` if its power went now: what was synced, and of what was
    // written since, in any order, some.
    void copy_after_power_cut(const std::filesystem::path& folder, std::mt19937_64& random) {
        const std::scoped_lock lock(mutex_);
        for (const auto& [path, file] : files_) {
            auto content = file.synced;
            for (const auto& change : file.since) {
                if (random() % 2 == 0) change.apply(content);
            }
            std::ofstream out(folder / std::filesystem::path(path).filename(), std::ios::binary);
            out << content;
        }
    }

 private:
    struct Change {
        std::size_t at;
        std::string bytes;
        bool cut = false;  // the file ends at `at`

        void apply(std::string& content) const {
            if (cut) {
                content.resize(at);
                return;
            }
            if (content.size() < at + bytes.size()) content.resize(at + bytes.size());
            content.replace(at, bytes.size(), bytes);
        }
    };
    struct Image {
        std::string synced;
        std::vector<Change> since;
    };
    struct File : sqlite3_file {
        const char* path;
        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };

    static File* of(sqlite3_file* file) { return static_cast<File*>(file); }
    static sqlite3_file* real(sqlite3_file* file) { return of(file)->real(); }
    void note(const char* path, Change change) {
        const std::scoped_lock lock(mutex_);
        if (path != nullptr) files_[path].since.push_back(std::move(change));
    }

    static int open(sqlite3_vfs* /*vfs*/, sqlite3_filename path, sqlite3_file* file, int flags,
                    int* out) {
        auto* next = sqlite3_vfs_find(nullptr);
        of(file)->path = path;
        file->pMethods = nullptr;
        const auto code = next->xOpen(next, path, real(file), flags, out);
        if (code == SQLITE_OK) file->pMethods = &methods();
        return code;
    }
    static int remove(sqlite3_vfs* /*vfs*/, const char* path, int sync) {
        auto* next = sqlite3_vfs_find(nullptr);
        {
            const std::scoped_lock lock(instance().mutex_);
            instance().files_.erase(path);
        }
        return next->xDelete(next, path, sync);
    }
    static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
        auto& disk = instance();
        if (disk.write_code != SQLITE_OK) return disk.write_code;
        if (disk.writes_left-- <= 0) return SQLITE_FULL;
        if (disk.database_is_full && std::string_view(of(file)->path).ends_with(".db"))
            return SQLITE_FULL;
        disk.note(of(file)->path,
                  {static_cast<std::size_t>(at),
                   {static_cast<const char*>(bytes), static_cast<std::size_t>(count)}});
        return real(file)->pMethods->xWrite(real(file), bytes, count, at);
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        instance().note(of(file)->path, {static_cast<std::size_t>(size), {}, true});
        return real(file)->pMethods->xTruncate(real(file), size);
    }
    static int sync(sqlite3_file* file, int flags) {
        auto& disk = instance();
        if (disk.sync_code != SQLITE_OK) return disk.sync_code;
        ++disk.syncs;
        const std::scoped_lock lock(disk.mutex_);
        if (of(file)->path != nullptr) {
            auto& image = disk.files_[of(file)->path];
            for (const auto& change : image.since) change.apply(image.synced);
            image.since.clear();
        }
        return real(file)->pMethods->xSync(real(file), flags);
    }

    // As they are.
    template <auto member>
    struct Forward;
    template <class... Args, int (*sqlite3_io_methods::*member)(sqlite3_file*, Args...)>
    struct Forward<member> {
        static int call(sqlite3_file* file, Args... args) {
            return (real(file)->pMethods->*member)(real(file), args...);
        }
    };
    template <auto member>
    static constexpr auto forward = &Forward<member>::call;
    static void barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }

    static const sqlite3_io_methods& methods() {
        using M = sqlite3_io_methods;
        static const M methods{2,
                               forward<&M::xClose>,
                               forward<&M::xRead>,
                               write,
                               truncate,
                               sync,
                               forward<&M::xFileSize>,
                               forward<&M::xLock>,
                               forward<&M::xUnlock>,
                               forward<&M::xCheckReservedLock>,
                               forward<&M::xFileControl>,
                               forward<&M::xSectorSize>,
                               forward<&M::xDeviceCharacteristics>,
                               forward<&M::xShmMap>,
                               forward<&M::xShmLock>,
                               barrier,
                               forward<&M::xShmUnmap>,
                               nullptr,
                               nullptr};
        return methods;
    }
    static Disk& instance() {
        static Disk disk;
        return disk;
    }
    Disk() : vfs_(*sqlite3_vfs_find(nullptr)) {
        vfs_.szOsFile += static_cast<int>(sizeof(File));
        vfs_.zName = name;
        vfs_.xOpen = open;
        vfs_.xDelete = remove;
        sqlite3_vfs_register(&vfs_, 0);
    }

    sqlite3_vfs vfs_;
    std::mutex mutex_;
    std::map<std::string, Image> files_;
};

}  // namespace carillon::storage::testing
