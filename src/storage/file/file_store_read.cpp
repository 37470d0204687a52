// What any thread may ask, while the writer writes: each looks up under the mutex where something is, and
// reads it without. A segment that is removed meanwhile stays readable: it is open.
#include <fcntl.h>

#include <algorithm>

#include "storage/file/file_store.h"
#include "storage/file/new_segment.h"

namespace carillon::storage::file {

namespace {

constexpr std::size_t gap_read_over = 4 * limits::kib;
constexpr std::size_t window_bytes = 512 * limits::kib;
constexpr std::size_t window_bytes_kept = 1 * limits::mib;
// Of what find() reads at once: a block has about as many, at most.
constexpr std::size_t messages_looked_through = 1024;

Error not_kept() { return {ErrorKind::not_found, "it is not kept any more, or was not written"}; }

struct Wanted {
    std::uint32_t channel;
    std::uint64_t epoch;
    std::uint64_t next;
    std::uint64_t last;
    std::size_t bytes_left;
    bool satisfied = false;
};

// False: this is no block with what is wanted next.
bool take(std::string_view bytes, const BlockRef& block, const SegmentHeader& header,
          Wanted& wanted, std::vector<hub::Kept>& into) {
    Entry entry;
    std::size_t needed = 0;
    if (look_at_entry(bytes, block.position, header.salt, entry, needed) != Look::good ||
        entry.kind != EntryKind::block || needed != bytes.size()) {
        return false;
    }
    BlockReader reader(entry.body, header.version);
    if (reader.channel() != wanted.channel || reader.first() > wanted.next) return false;
    Message message;
    while (!wanted.satisfied && reader.next(message)) {
        if (message.offset < wanted.next) continue;
        into.push_back({hub::Publication::make(message.parts),
                        {{wanted.epoch, message.offset}, message.unix_ms}});
        const auto cost = message.parts.body.size();
        wanted.bytes_left -= std::min(wanted.bytes_left, cost);
        wanted.satisfied = wanted.bytes_left == 0 || wanted.next == wanted.last;
        ++wanted.next;
    }
    return reader.ok();
}

// How many of the blocks from `begin` on are near enough to be read at once.
std::size_t neighbours(const std::vector<BlockRef>& blocks, std::size_t begin) {
    auto end = begin + 1;
    for (; end < blocks.size(); ++end) {
        const auto behind = std::uint64_t{blocks[end - 1].position} + blocks[end - 1].bytes;
        const auto& next = blocks[end];
        if (next.position < behind || next.position - behind > gap_read_over ||
            next.position + std::uint64_t{next.bytes} - blocks[begin].position > window_bytes) {
            break;
        }
    }
    return end - begin;
}

std::vector<BlockRef> slice(const std::vector<BlockRef>& blocks, std::uint64_t first,
                            std::uint64_t last, std::size_t bytes_max) {
    auto at = std::ranges::upper_bound(blocks, first, {}, &BlockRef::first);
    if (at != blocks.begin()) --at;
    std::vector<BlockRef> slice;
    std::size_t bytes = 0;
    for (; at != blocks.end() && at->first <= last; ++at) {
        if (bytes >= bytes_max && !slice.empty()) break;
        bytes += at->bytes;
        slice.push_back(*at);
    }
    return slice;
}

}  // namespace

Error FileStore::damaged(const File& file, std::uint64_t at) const {
    return damage(options_.path, file.path(), at, "what is there cannot be read");
}

Result<IndexCache::Blocks> FileStore::index_of(std::unique_lock<std::mutex>& lock,
                                               std::uint32_t channel, const Part& part,
                                               Run& run) const {
    run.header = segments_.at(part.segment).header;
    run.file = files_.find(part.segment);
    if (run.file == nullptr) {
        TRY_AS(run.file,
               File::open(io_, segment_path(options_.path, part.segment), O_RDONLY, &descriptors_));
        files_.add(part.segment, run.file);
    }
    if (auto known = indexes_.find(part.segment, channel)) return known;
    lock.unlock();
    auto blocks =
        read_footer_index(*run.file, run.header, channel, part.index_at, part.index_bytes);
    lock.lock();
    if (!blocks && blocks.error().kind == ErrorKind::io) return blocks.error();
    if (!blocks || blocks->front().first != part.first || blocks->back().first > part.last)
        return damaged(*run.file, part.index_at);
    auto shared = std::make_shared<const std::vector<BlockRef>>(std::move(*blocks));
    const auto there = segments_.find(part.segment);
    if (there != segments_.end() && there->second.header.salt == run.header.salt)
        indexes_.add(part.segment, channel, shared);
    return shared;
}

Result<FileStore::Run> FileStore::locate(std::uint32_t channel, std::uint64_t first,
                                         std::uint64_t last, std::size_t bytes_max) const {
    std::unique_lock lock(mutex_);
    const auto* state = state_.find(channel);
    if (state == nullptr || first < state->first || first > state->last) return not_kept();
    Run run;
    const auto* gathered = gathering_.find(channel);
    if (gathered != nullptr && first >= gathered->first) {
        run.file = file_;
        run.header = segments_.at(newest_).header;
        run.blocks = slice(gathered->blocks, first, last, bytes_max);
        return run;
    }
    const auto& parts = parts_.at(channel);
    const auto part = *std::prev(std::ranges::upper_bound(parts, first, {}, &Part::first));
    TRY_AS(const auto blocks, index_of(lock, channel, part, run));
    run.blocks = slice(*blocks, first, std::min(last, part.last), bytes_max);
    return run;
}

Result<void> FileStore::read(std::uint32_t channel, std::uint64_t epoch, std::uint64_t first,
                             std::uint64_t last, std::size_t bytes_max,
                             std::vector<hub::Kept>& into) const {
    Wanted wanted{channel, epoch, first, last, std::max<std::size_t>(bytes_max, 1)};
    const auto before = into.size();
    while (!wanted.satisfied) {
        auto run = locate(channel, wanted.next, last, wanted.bytes_left);
        if (!run) {
            // What came before is good; only the newest message is nobody's fault.
            if (run.error().kind == ErrorKind::not_found && into.size() > before) return {};
            return run.error();
        }
        if (run->blocks.empty()) return damaged(*run->file, 0);
        static thread_local base::Buffer window;
        for (std::size_t i = 0; i < run->blocks.size() && !wanted.satisfied;) {
            const auto count = neighbours(run->blocks, i);
            const auto at = run->blocks[i].position;
            const auto& final = run->blocks[i + count - 1];
            const auto bytes = final.position - at + std::size_t{final.bytes};
            window.clear();
            if (window.capacity() > window_bytes_kept) window.shrink_to_fit();
            TRY_AS(const auto done, run->file->read(window.prepare(bytes), bytes, at));
            window.commit(done);
            for (const auto end = i + count; i < end && !wanted.satisfied; ++i) {
                const auto& block = run->blocks[i];
                const auto next = wanted.next;
                const auto from = std::min<std::size_t>(block.position - at, done);
                if (!take(window.view().substr(from, block.bytes), block, run->header, wanted,
                          into) ||
                    wanted.next == next) {
                    // What is before it can be read; the next call begins here.
                    if (into.size() > before) return {};
                    return damaged(*run->file, block.position);
                }
            }
        }
    }
    return {};
}

// The first block of `channel`, of messages from `from` on, that has one not older than `unix_ms`: answers
// where it begins.
Result<std::uint64_t> FileStore::locate_time(std::uint32_t channel, std::uint64_t from,
                                             std::int64_t unix_ms) const {
    std::unique_lock lock(mutex_);
    const auto* state = state_.find(channel);
    if (state == nullptr) return not_kept();
    from = std::max(from, state->first);
    const auto later = state->last + 1;
    const auto fits = [&](const std::vector<BlockRef>& blocks, std::uint64_t last) {
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            const auto end = i + 1 < blocks.size() ? blocks[i + 1].first : last + 1;
            if (end > from && blocks[i].newest_ms >= unix_ms)
                return std::max(blocks[i].first, from);
        }
        return last + 1;
    };
    if (const auto parts = parts_.find(channel); parts != parts_.end()) {
        const auto found = std::ranges::find_if(parts->second, [&](const Part& part) {
            return part.last >= from && part.newest_ms >= unix_ms;
        });
        if (found != parts->second.end()) {
            const auto part = *found;
            Run run;
            TRY_AS(const auto blocks, index_of(lock, channel, part, run));
            return fits(*blocks, part.last);
        }
    }
    const auto* gathered = gathering_.find(channel);
    if (gathered == nullptr || gathered->newest_ms < unix_ms) return later;
    return std::min(later, fits(gathered->blocks, gathered->last));
}

Result<std::uint64_t> FileStore::find(std::uint32_t channel, std::int64_t unix_ms) const {
    std::uint64_t from = 0;
    std::vector<hub::Kept> kept;
    for (;;) {
        TRY_AS(from, locate_time(channel, from, unix_ms));
        kept.clear();
        const auto got = read(channel, 0, from, from + messages_looked_through, window_bytes, kept);
        if (!got && got.error().kind == ErrorKind::not_found) {
            // It is the next one, or was when it was looked up; or it was trimmed meanwhile.
            const std::scoped_lock lock(mutex_);
            if (from > state_.find(channel)->last) return from;
            continue;
        }
        TRY(got);
        for (const auto& message : kept)
            if (message.stamp.unix_ms >= unix_ms) return message.stamp.position.offset;
        from = kept.back().stamp.position.offset + 1;
    }
}

}  // namespace carillon::storage::file
