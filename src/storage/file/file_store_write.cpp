// What changes the newest segment: entries at its end, and the end of it.
#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "storage/file/file_store.h"
#include "storage/file/new_segment.h"

namespace carillon::storage::file {

namespace {

// A block is read as a whole, even for one message of it.
constexpr std::size_t block_bytes_max = 64 * limits::kib;
constexpr std::uint64_t segments_wanted = 512;
constexpr std::uint64_t segment_bytes_least = 4 * limits::kib;
constexpr std::uint64_t segment_bytes_most = 1024 * limits::mib;
// All channels and notes together: a segment begins with them, and positions have 32 bits.
constexpr std::uint64_t snapshot_bytes_max = 1024 * limits::mib;
constexpr std::size_t buffer_bytes_kept = 1 * limits::mib;

}  // namespace

std::uint64_t FileStore::segment_limit() const {
    auto limit = options_.segment_bytes;
    if (options_.bytes_max != 0) limit = std::min(limit, options_.bytes_max / 8);
    limit = std::max(limit, std::max(options_.bytes_max, bytes_) / segments_wanted);
    limit = std::clamp(limit, segment_bytes_least, segment_bytes_most);
    return std::max(limit, std::min(4 * snapshot_end_, snapshot_end_ + segment_bytes_most));
}

Result<void> FileStore::fail(Error error) {
    failed_ = error;
    return error;
}

Result<void> FileStore::ready_to_write() {
    ASSERT(open_);
    if (failed_)
        return Error{ErrorKind::internal,
                     "nothing is written after a failure: " + failed_->message};
    if (sealed_ || end_ >= segment_limit()) {
        TRY(roll());
    }
    buffer_.clear();
    if (buffer_.capacity() > buffer_bytes_kept) buffer_.shrink_to_fit();
    return {};
}

// The whole buffer behind the newest segment's end, or nothing of it.
Result<void> FileStore::append_buffer() {
    if (end_ + buffer_.size() > std::numeric_limits<std::uint32_t>::max())
        return Error{ErrorKind::too_large, "a group too large for a segment of the journal"};
    const auto written = file_->write(buffer_.view(), end_);
    if (written) return {};
    if (const auto cut = file_->truncate(end_); !cut) {
        return fail(
            {ErrorKind::internal, written.error().message + "; and then: " + cut.error().message});
    }
    return written.error();
}

// First the messages are on the disk, then the footer, then the next segment, whole, under its name. A
// crash between any two steps leaves a newest segment without a footer, with a torn one, or with one and
// no successor; and the footer proves that what is bad before it is damage.
Result<void> FileStore::roll() {
    if (!sealed_) {
        TRY(seal());
    }
    const SegmentHeader header{.number = std::uint64_t{newest_} + 1,
                               .written = written_,
                               .salt = static_cast<std::uint32_t>(random_.next())};
    std::uint64_t bytes = 0;
    TRY_AS(auto file, make_segment(io_, options_.path, header, state_, &descriptors_, bytes));
    const std::scoped_lock lock(mutex_);
    bytes_ += end_;
    file_ = std::move(file);
    segments_[++newest_] = {.header = header};
    end_ = synced_ = snapshot_end_ = bytes;
    sealed_ = false;
    trims_unsynced_ = false;
    declared_.clear();  // the snapshot has them
    return {};
}

Result<void> FileStore::seal() {
    auto& segment = segments_[newest_];
    if (!sync()) return Error{ErrorKind::internal, failed_->message};
    buffer_.clear();
    Pen pen(buffer_, segment.header.salt, end_, synced_);
    const auto directory = put_footer(pen, gathering_);
    TRY(append_buffer());
    if (const auto synced = file_->sync(); !synced)
        return fail({ErrorKind::internal, synced.error().message});
    const std::scoped_lock lock(mutex_);
    for (const auto& stretch : directory.stretches) {
        if (stretch.last < state_.find(stretch.channel)->first) continue;
        parts_[stretch.channel].push_back({newest_, stretch.index_at, stretch.index_bytes,
                                           stretch.first, stretch.last, stretch.newest_ms});
        ++segment.stretches;
    }
    gathering_.clear();
    files_.add(newest_, file_);
    end_ = segment.bytes = end_ + buffer_.size();
    sealed_ = true;
    return {};
}

void FileStore::put_declared(Pen& pen) {
    for (const auto id : declared_) {
        const auto& channel = *state_.find(id);
        pen.channel({id, channel.epoch, 1, 0, channel.app, channel.name});
    }
}

void FileStore::put_messages(Pen& pen, std::span<const Write> messages) {
    staged_.clear();
    staged_last_.clear();
    BlockWriter writer(pen);
    for (std::size_t i = 0; i < messages.size();) {
        const auto channel = messages[i].channel;
        const auto* known = state_.find(channel);
        ASSERT(known != nullptr);
        auto& last = staged_last_.try_emplace(channel, known->last).first->second;
        auto& staged = staged_.emplace_back();
        staged.position = pen.position();
        auto& block = staged.block;
        block = {.channel = channel, .first = messages[i].offset, .first_ms = messages[i].unix_ms};
        block.newest_ms = block.first_ms;
        writer.begin(channel, block.first, block.first_ms);
        do {
            const auto& message = messages[i++];
            ASSERT(message.offset == last + 1);
            writer.add(*message.publication, message.unix_ms);
            last = message.offset;
            block.bytes += message.publication->body().size();
            block.newest_ms = std::max(block.newest_ms, message.unix_ms);
        } while (i < messages.size() && messages[i].channel == channel &&
                 writer.bytes() < block_bytes_max);
        block.last = last;
        writer.end();
        staged.bytes = pen.position() - staged.position;
    }
}

// What was written is there for everybody.
void FileStore::publish(std::span<const Write> messages, std::span<const Note> notes) {
    const std::scoped_lock lock(mutex_);
    declared_.clear();
    if (!messages.empty()) {
        for (const auto& staged : staged_) {
            gathering_.add(staged.block, staged.position, staged.bytes);
            state_.find(staged.block.channel)->last = staged.block.last;
        }
    }
    for (const auto& note : notes) state_.set_note(note.key, note.value);
    end_ += buffer_.size();
    messages_ += messages.size();
    written_ += messages.size();
}

Result<void> FileStore::write(std::span<const Write> messages, std::span<const Note> notes) {
    TRY(ready_to_write());
    Pen pen(buffer_, segments_[newest_].header.salt, end_, synced_);
    put_declared(pen);
    put_messages(pen, messages);
    std::size_t note_bytes = 0;
    for (const auto& note : notes) {
        pen.note({note.key, note.value});
        note_bytes += note.key.size() + note.value.size();
    }
    if (note_bytes != 0 && state_.snapshot_bytes() + note_bytes > snapshot_bytes_max)
        return Error{ErrorKind::too_large, "the journal's notes are more than 1 GiB together"};
    TRY(append_buffer());
    publish(messages, notes);
    return {};
}

Result<void> FileStore::sync() {
    ASSERT(open_);
    if (failed_) return Error{ErrorKind::internal, failed_->message};
    if (synced_ == end_) return {};
    if (const auto synced = file_->sync(); !synced) return fail(synced.error());
    synced_ = end_;
    trims_unsynced_ = false;
    return {};
}

}  // namespace carillon::storage::file
