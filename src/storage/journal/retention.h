// storage/journal/retention.h: what of each channel is let go of, and when. The writer calls it: after each
// group for the channels of the group (count, bytes), and about once a second for everything that takes a
// look at the clock or at the store: age, for a bounded number of channels in turn; the store is told what may
// go; it lets go of the oldest of all when it is over its bound.
//
// What is let go of is gone for readers at once. The store is told later, many at once; before it is, a note
// of the channel's publishers is written, so that no duplicate is forgotten with its message.
//
// A channel that nobody opened since the start is judged by the rule for its app's id and its name.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/count.h"
#include "base/result.h"
#include "base/time.h"
#include "storage/journal/directory.h"
#include "storage/journal/journal.h"
#include "storage/journal/store.h"

namespace carillon::storage {

class Retention {
 public:
    // After so many messages a channel's note of its publishers is written anew.
    static constexpr std::uint64_t unnoted_max = 4096;

    Retention(const Directory& directory, const JournalOptions& options, const base::Clock& clock)
        : directory_(directory), options_(options), clock_(clock) {}

    void known(std::uint32_t id, JournalChannel& channel) { by_id_[id] = &channel; }
    // Under the channel's mutex: something of it was written.
    void written(JournalChannel& channel);
    // One round. Errors: the store's.
    base::Result<void> keep_house(Store& store);
    // Whether the last round wrote anything.
    bool wrote() const { return wrote_; }
    // For a disk that is full.
    void make_room(Store& store);
    // The last thing: all that is to be let go of, and of every channel that publishes once a note.
    base::Result<void> note_everything(Store& store);

    std::uint64_t trimmed() const { return trimmed_.get(); }
    std::uint64_t evicted() const { return evicted_.get(); }

 private:
    using Channels = std::vector<JournalChannel*>;

    bool too_old(JournalChannel& channel, const Store& store);
    void let_go(JournalChannel& channel, std::uint64_t first, base::Count& count);
    void evict(JournalChannel& channel, std::uint64_t first);
    void look_at_some(const Store& store);
    base::Result<void> flush(Store& store);
    base::Result<void> write_notes(Store& store, const Channels& channels);
    base::Result<void> tidy(Store& store);

    const Directory& directory_;
    const JournalOptions& options_;
    const base::Clock& clock_;
    std::unordered_map<std::uint32_t, JournalChannel*> by_id_;
    Channels to_trim_;
    Channels to_note_;
    std::size_t next_look_ = 0;
    bool wrote_ = false;
    base::Count trimmed_;
    base::Count evicted_;
};

}  // namespace carillon::storage
