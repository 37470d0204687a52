#include "storage/file/file_store.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::storage::file {

FileStore::FileStore(FileStoreOptions options)
    : options_(std::move(options)),
      io_(options_.io != nullptr ? *options_.io : Io::real()),
      files_(options_.descriptors_max),
      indexes_(options_.index_bytes_max) {}

FileStore::~FileStore() = default;

Result<std::uint32_t> FileStore::declare(std::string_view app, std::string_view name,
                                         std::uint64_t epoch) {
    ASSERT(open_);
    if (const auto known = state_.id_of(app, name); known != 0) return known;
    // On the disk with the next write: a channel without a message may be forgotten by a crash.
    const std::scoped_lock lock(mutex_);
    const auto id = state_.add(app, name, epoch);
    declared_.push_back(id);
    return id;
}

Usage FileStore::usage() const {
    const std::scoped_lock lock(mutex_);
    return {.bytes = bytes_ + end_,
            .bytes_max = options_.bytes_max,
            .messages = messages_,
            .descriptors = descriptors_.load(std::memory_order_relaxed),
            .files = static_cast<std::uint32_t>(segments_.size()) + (lock_ != nullptr ? 1 : 0)};
}

Result<void> FileStore::close() {
    ASSERT(open_);
    TRY(ready_to_write());
    // The mark is to prove that what is bad before it is damage.
    TRY(sync());
    Pen pen(buffer_, segments_[newest_].header.salt, end_, synced_);
    put_declared(pen);
    pen.empty(EntryKind::closed);
    TRY(append_buffer());
    publish({}, {});
    TRY(sync());
    open_ = false;
    const std::scoped_lock lock(mutex_);
    lock_.reset();
    return {};
}

}  // namespace carillon::storage::file
