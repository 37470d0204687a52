// What lets go of messages: by their channel's rule (trim), or since there is too much (tidy).
#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "storage/file/file_store.h"
#include "storage/file/new_segment.h"

namespace carillon::storage::file {

namespace {

// In one call: housekeeping is done between two writes.
constexpr int files_removed_max = 8;

}  // namespace

Result<void> FileStore::trim(std::span<const Trimmed> channels) {
    std::vector<TrimEntry> trims;
    for (const auto& trimmed : channels) {
        const auto* channel = state_.find(trimmed.channel);
        ASSERT(channel != nullptr && trimmed.first <= channel->last + 1);
        if (trimmed.first > channel->first) trims.push_back({trimmed.channel, trimmed.first});
    }
    return write_trims(trims);
}

Result<void> FileStore::write_trims(const std::vector<TrimEntry>& trims) {
    if (trims.empty()) return {};
    TRY(ready_to_write());
    Pen pen(buffer_, segments_[newest_].header.salt, end_, synced_);
    put_declared(pen);
    pen.trim(trims);
    TRY(append_buffer());
    publish({}, {});
    const std::scoped_lock lock(mutex_);
    for (const auto& trim : trims) let_go(trim.channel, trim.first);
    trims_unsynced_ = true;
    return {};
}

void FileStore::let_go(std::uint32_t channel, std::uint64_t first) {
    auto& state = *state_.find(channel);
    if (first <= state.first) return;
    messages_ -= first - state.first;
    state.first = first;
    const auto found = parts_.find(channel);
    if (found == parts_.end()) return;
    auto& parts = found->second;
    const auto kept =
        std::ranges::find_if(parts, [&](const Part& part) { return part.last >= first; });
    for (auto part = parts.begin(); part != kept; ++part) --segments_[part->segment].stretches;
    parts.erase(parts.begin(), kept);
    if (parts.empty()) parts_.erase(found);
}

Result<std::vector<Trimmed>> FileStore::tidy() {
    ASSERT(open_);
    std::vector<Trimmed> lost;
    for (int removed = 0; removed < files_removed_max; ++removed) {
        const auto dead = std::ranges::find_if(segments_, [&](const auto& item) {
            return item.first != newest_ && item.second.stretches == 0;
        });
        if (dead != segments_.end()) {
            // A crash must not bring messages back of which a part is gone with its file.
            if (trims_unsynced_) {
                TRY(sync());
            }
            TRY(remove_segment(dead->first));
            continue;
        }
        const bool too_much = options_.bytes_max != 0 && bytes_ + end_ > options_.bytes_max;
        const auto oldest = segments_.begin()->first;
        if (!too_much || oldest == newest_) break;
        const auto trims = what_evicting_costs(oldest);
        TRY(write_trims(trims));
        for (const auto& trim : trims) lost.push_back({trim.channel, trim.first});
    }
    return lost;
}

// Of the oldest segment: what of it is kept is what its channels keep first.
std::vector<TrimEntry> FileStore::what_evicting_costs(std::uint32_t segment) const {
    std::vector<TrimEntry> trims;
    for (const auto& [channel, parts] : parts_) {
        if (parts.front().segment == segment) trims.push_back({channel, parts.front().last + 1});
    }
    return trims;
}

Result<void> FileStore::remove_segment(std::uint32_t segment) {
    {
        const std::scoped_lock lock(mutex_);
        bytes_ -= segments_[segment].bytes;
        segments_.erase(segment);
        files_.forget(segment);
        indexes_.forget(segment);
    }
    // One that cannot be removed now is found again, empty, by the next open().
    const auto path = segment_path(options_.path, segment);
    const int answer = io_.unlink(path);
    if (answer < 0 && answer != -ENOENT) return io_error("remove", path, answer);
    return {};
}

}  // namespace carillon::storage::file
