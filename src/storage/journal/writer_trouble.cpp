// The writer when the disk says no: a write is tried again, a sync that failed is the end.
#include <algorithm>

#include "storage/journal/reader.h"
#include "storage/journal/writer.h"

namespace carillon::storage {

namespace {

constexpr std::int64_t last_retry_ms = 100;

}  // namespace

// True: try again, some time has passed.
bool JournalWriter::refused(const base::Error& error) {
    if (error.kind != base::ErrorKind::io) return fail(error), false;
    if (state() != JournalState::full) {
        become(JournalState::full, "write of " + std::to_string(messages_) +
                                       " messages: " + error.message + "; trying again every " +
                                       std::to_string(options_.retry_ms) + " ms");
    }
    sync_if_due();  // what was written before need not wait for this
    if (state() == JournalState::failed) return false;
    const auto until = steady_ms() + options_.retry_ms;
    for (auto now = steady_ms(); now < until && !stopping_; now = steady_ms()) {
        queue_.pause(until - now);
    }
    if (!stopping_) {
        retention_.make_room(store_);
        return true;
    }
    if (steady_ms() >= give_up_ms_) return fail(error), false;
    queue_.pause(std::min(last_retry_ms, give_up_ms_ - steady_ms()));
    return true;
}

// It never will be written: who waits is told, what was read from memory is lost.
void JournalWriter::drop_group() {
    std::size_t bytes = 0;
    for (auto* channel : channels_) {
        std::vector<Pending> dropped;
        {
            const std::scoped_lock lock(channel->mutex);
            dropped.swap(channel->writing);
            channel->broken = true;  // with it: nobody is to look for these
        }
        break_channel(*channel);
        for (auto& pending : dropped) {
            bytes += pending.bytes();
            if (pending.stored != nullptr) waiting_.push_back(std::move(pending.stored));
        }
    }
    for (auto& saved : saved_) {
        bytes += saved.bytes();
        if (saved.stored != nullptr) waiting_.push_back(std::move(saved.stored));
    }
    queue_.uncount(bytes);
    channels_.clear();
    saved_.clear();
    own_notes_.clear();
    tell_waiting({.not_stored = 1});
    ring_and_forget(readers_);
}

void JournalWriter::fail(const base::Error& error) {
    become(JournalState::failed, error.message + "; nothing more is written until the next start");
    for (std::size_t at = 0; at < directory_.size(); at += 1024) {
        for (const auto& channel : directory_.some(at, 1024)) break_channel(*channel);
    }
    anything_unsynced_ = false;  // and nothing will be synced
    tell_waiting({.not_stored = 1});
    ring_and_forget(readers_);
}

void JournalWriter::break_channel(JournalChannel& channel) {
    const std::scoped_lock lock(channel.mutex);
    channel.broken = true;
    for (auto& reader : channel.waiting) {
        reader->waiting = false;
        readers_.push_back(std::move(reader));
    }
    channel.waiting.clear();
}

void JournalWriter::become(JournalState state, const std::string& what) {
    static constexpr std::string_view events[] = {"journal_well", "journal_full", "journal_failed"};
    {
        const std::scoped_lock lock(what_mutex_);
        what_ = state == JournalState::well ? std::string{} : what;
    }
    state_.store(state, std::memory_order_relaxed);
    tell(events[static_cast<std::size_t>(state)], what);
}

void JournalWriter::tell(std::string_view event, const std::string& what) const {
    if (options_.tell != nullptr) options_.tell(event, what);
}

std::string JournalWriter::what() const {
    const std::scoped_lock lock(what_mutex_);
    return what_;
}

}  // namespace carillon::storage
