// storage/journal/writer.h: the thread that writes. It takes all that waits as one group, writes it, makes it
// safe when that is due, and tells who waits; between groups it lets go of what rules do not keep (retention.h).
// How long it waits is measured by the system's steady clock, for it really waits.
//
// A group: messages by channel, in each channel's order; then what was saved, so that it never survives
// without what was appended before it. Before a channel's first message that must not happen twice a note says
// that there are such, in a write of its own: after a crash it is known where to look for duplicates.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/count.h"
#include "base/result.h"
#include "storage/journal/channel.h"
#include "storage/journal/cursor_book.h"
#include "storage/journal/directory.h"
#include "storage/journal/journal.h"
#include "storage/journal/queue.h"
#include "storage/journal/retention.h"

namespace carillon::storage {

class JournalWriter {
 public:
    JournalWriter(Store& store, JournalQueue& queue, CursorBook& cursors, Retention& retention,
                  const Directory& directory, const JournalOptions& options,
                  std::uint64_t generation);
    ~JournalWriter() { stop(); }
    JournalWriter(const JournalWriter&) = delete;
    JournalWriter& operator=(const JournalWriter&) = delete;

    // Writes and stores what waits, closes the store, and ends.
    void stop();
    JournalState state() const { return state_.load(std::memory_order_relaxed); }
    std::string what() const;
    // A round of housekeeping, now.
    void sweep();
    void count_in(JournalNumbers& numbers) const;

 private:
    using Readers = std::vector<std::shared_ptr<PageReader>>;

    static std::int64_t steady_ms();

    void run();
    std::int64_t rest_ms() const;
    void take_group();
    void take_channel(JournalChannel& channel);
    void write_group();
    base::Result<void> try_group();
    base::Result<void> declare(JournalChannel& channel);
    base::Result<void> announce_publishers();
    void collect_writes();
    bool refused(const base::Error& error);
    void group_written();
    void channel_written(JournalChannel& channel);
    void drop_group();
    void break_channel(JournalChannel& channel);
    void sync_if_due();
    void sync();
    void all_stored();
    void tell_waiting(const hub::Fate& fate);
    void ring_and_forget(Readers& readers);
    void keep_house();
    void finish();
    void fail(const base::Error& error);
    void become(JournalState state, const std::string& what);
    void tell(std::string_view event, const std::string& what) const;

    Store& store_;
    JournalQueue& queue_;
    CursorBook& cursors_;
    Retention& retention_;
    const Directory& directory_;
    const JournalOptions& options_;
    const std::uint64_t generation_;

    std::atomic<JournalState> state_{JournalState::well};
    mutable std::mutex what_mutex_;
    std::string what_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> sweep_{false};
    std::int64_t give_up_ms_ = 0;

    // the group
    std::vector<JournalChannel*> channels_;
    std::vector<Saved> saved_;
    std::size_t messages_ = 0;
    std::vector<Write> writes_;
    std::vector<std::pair<std::string, std::string>> own_notes_;  // of publishers
    std::vector<Note> notes_;
    std::vector<std::vector<Pending>> spares_;
    Readers readers_;

    // written, not stored yet
    std::vector<JournalChannel*> unsynced_;
    std::vector<hub::CountdownRef> waiting_;
    std::uint64_t unstored_ = 0;
    std::int64_t first_unsynced_ms_ = 0;
    std::int64_t last_sync_ms_ = 0;
    bool anything_unsynced_ = false;
    bool somebody_flushes_ = false;
    std::int64_t next_house_ms_ = 0;
    std::uint64_t bytes_since_house_ = 0;

    base::Count written_;
    base::Count stored_;
    base::Count groups_;
    base::Count syncs_;
    base::Count write_failures_;
    std::thread thread_;
};

}  // namespace carillon::storage
