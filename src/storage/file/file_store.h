// storage/file/file_store.h: a journal in files: one log for all channels, in segments. README.md has the
// order of its steps and what each fault leads to; segment_format.h what is in a segment.
//
// What is in memory: of every channel its name, where it begins and ends, and 40 bytes for each segment in
// which it has messages; every note; of the newest segment where each block is (24 bytes); of older ones what
// was read last, up to `index_bytes_max`. Open files: the newest segment, the lock, up to
// `descriptors_max` older ones, and one for each read going on.
//
// Disk: a segment begins with all channels and notes. It is sealed at `segment_bytes` (or what of it is needed
// so that there are about 512), but not before it is four times what it began with: so at most a quarter
// of what is written is not messages, or a group of them.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "storage/file/footer.h"
#include "storage/file/index_cache.h"
#include "storage/file/io.h"
#include "storage/file/open_files.h"
#include "storage/file/state.h"
#include "storage/journal/store.h"

namespace carillon::storage::file {

struct FileStoreOptions {
    std::string path;  // a directory; made if it is not there
    std::uint64_t segment_bytes = 64 * limits::mib;
    std::uint64_t bytes_max = 0;  // above it tidy() lets go of the oldest segments; 0: no bound
    Io* io = nullptr;             // null: the system's
    std::size_t index_bytes_max = 16 * limits::mib;
    std::size_t descriptors_max = 256;
    // Channels of which nothing is kept, but their numbers go on. open() forgets those above it that
    // were declared first, and says so.
    std::size_t empty_channels_max = 100'000;
};

class FileStore final : public Store {
 public:
    explicit FileStore(FileStoreOptions options);
    ~FileStore() override;
    FileStore(const FileStore&) = delete;
    FileStore& operator=(const FileStore&) = delete;

    Result<Contents> open() override;
    Result<std::uint32_t> declare(std::string_view app, std::string_view name,
                                  std::uint64_t epoch) override;
    Result<void> write(std::span<const Write> messages, std::span<const Note> notes) override;
    Result<void> sync() override;
    Result<void> read(std::uint32_t channel, std::uint64_t epoch, std::uint64_t first,
                      std::uint64_t last, std::size_t bytes_max,
                      std::vector<hub::Kept>& into) const override;
    Result<std::uint64_t> find(std::uint32_t channel, std::int64_t unix_ms) const override;
    Result<void> trim(std::span<const Trimmed> channels) override;
    Result<std::vector<Trimmed>> tidy() override;
    Usage usage() const override;
    Result<void> close() override;

 private:
    struct Segment {
        SegmentHeader header;
        std::uint64_t bytes = 0;
        std::uint32_t stretches = 0;  // of channels that still keep some of it
    };
    // What of a channel is in a sealed segment.
    struct Part {
        std::uint32_t segment = 0;
        std::uint32_t index_at = 0;
        std::uint32_t index_bytes = 0;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::int64_t newest_ms = 0;
    };
    // Some blocks of a channel, one behind the other.
    struct Run {
        std::shared_ptr<const File> file;
        SegmentHeader header;
        std::vector<BlockRef> blocks;
    };
    struct Staged {
        BlockSummary block;
        std::uint32_t position = 0;
        std::uint32_t bytes = 0;
    };
    class Opening;

    // file_store_write.cpp
    Result<void> ready_to_write();
    Result<void> roll();
    Result<void> seal();
    Result<void> append_buffer();
    Result<void> fail(Error error);
    void put_declared(Pen& pen);
    void put_messages(Pen& pen, std::span<const Write> messages);
    void publish(std::span<const Write> messages, std::span<const Note> notes);
    Result<void> write_trims(const std::vector<TrimEntry>& trims);
    std::uint64_t segment_limit() const;

    // file_store_tidy.cpp; the mutex is held
    void let_go(std::uint32_t channel, std::uint64_t first);
    std::vector<TrimEntry> what_evicting_costs(std::uint32_t segment) const;
    Result<void> remove_segment(std::uint32_t segment);

    // file_store_read.cpp
    Result<Run> locate(std::uint32_t channel, std::uint64_t first, std::uint64_t last,
                       std::size_t bytes_max) const;
    Result<std::uint64_t> locate_time(std::uint32_t channel, std::uint64_t from,
                                      std::int64_t unix_ms) const;
    Result<IndexCache::Blocks> index_of(std::unique_lock<std::mutex>& lock, std::uint32_t channel,
                                        const Part& part, Run& run) const;
    Error damaged(const File& file, std::uint64_t at) const;

    FileStoreOptions options_;
    Io& io_;
    std::shared_ptr<File> lock_;
    base::SystemRandom random_;
    bool open_ = false;
    std::optional<Error> failed_;  // nothing more may be written

    // The writer's own.
    base::Buffer buffer_;
    std::vector<std::uint32_t> declared_;  // and not written yet
    std::vector<Staged> staged_;
    std::unordered_map<std::uint32_t, std::uint64_t> staged_last_;
    std::uint64_t synced_ = 0;  // of the newest segment
    std::uint64_t snapshot_end_ = 0;
    bool trims_unsynced_ = false;
    bool sealed_ = false;  // the newest has its footer, and the next could not be made yet
    std::uint64_t written_ = 0;

    // What readers see: changed by the writer alone, under the mutex; it reads without.
    mutable std::mutex mutex_;
    State state_;
    std::unordered_map<std::uint32_t, std::vector<Part>> parts_;
    std::map<std::uint32_t, Segment> segments_;
    std::uint32_t newest_ = 0;
    std::shared_ptr<File> file_;  // of the newest
    Gathering gathering_;         // of the newest
    std::uint64_t end_ = 0;       // of the newest
    std::uint64_t bytes_ = 0;     // of all the others
    std::uint64_t messages_ = 0;
    mutable std::atomic<std::uint32_t> descriptors_{0};
    mutable OpenFiles files_;
    mutable IndexCache indexes_;
};

}  // namespace carillon::storage::file

namespace carillon::storage {
using file::FileStore;
using file::FileStoreOptions;
}  // namespace carillon::storage
