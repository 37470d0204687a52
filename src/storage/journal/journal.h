// storage/journal/journal.h: a history that survives the process: what is appended is queued, written in
// groups by one thread, made safe as the sync policy says, and told so; what is read is fetched by another
// thread, a page at a time. Where it lies is a Store's business.
//
// The path of a message: append() (under its channel's lock: a reference into the queue, and into the
// channel's list of what is not written yet) → the writer takes the whole queue, writes it as one group,
// syncs if it is due, tells who waits and rings who reads.
//
// Bounds: what waits to be written, limits::journal_queue_bytes_max, then publishing is refused as
// `overloaded`; pages that wait for their readers, two for each reader; per channel its index, and the
// sequences of its newest limits::journal_publishers_max publishers.
//
// When the disk says no: a write that fails is tried again every second, and until it succeeds publishing
// to journalled channels is refused (`storage_failed`), what was taken already waits. When a sync fails
// nobody knows what is on the disk: everything is refused until the process begins anew.
//
// Epochs: a channel goes on with its epoch after a restart if nothing that ever got an offset is missing:
// it was closed well, or the process died alone and everything had been written (storage/journal/witness.h
// tells). Else every channel goes on under a new one: its messages and numbers stay, but nobody is told
// that he recovered what may be missing.
//
// Threads: any thread calls; two of its own. Outlives the hub.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/time.h"
#include "hub/history.h"
#include "storage/journal/store.h"

namespace carillon::storage {

// How much of one channel is kept; 0: no bound of this kind. The newest message always stays.
struct KeepRule {
    std::uint64_t messages_max = 0;
    std::uint64_t bytes_max = 0;  // of bodies, about
    std::int64_t age_ms_max = 0;
};

struct JournalOptions {
    // Which channels are kept, and how much of each; empty: not this one. The same answer for the same
    // channel, always; any thread. Of a channel that nobody opened since the start the app's id is known
    // and nothing else of it, when the rule is asked how much to keep.
    using Rule = std::function<std::optional<KeepRule>(const hub::App&, std::string_view channel)>;
    enum class Sync : unsigned char {
        every_batch,  // a message is stored when the disk has it: one sync for all that waited meanwhile
        interval,  // likewise, at most so often
        never,     // a message is stored when the system has it: it survives the process
    };
    Rule rule;
    Sync sync = Sync::interval;
    std::int64_t interval_ms = 10;
    std::size_t queue_bytes_max = limits::journal_queue_bytes_max;
    // Beside the store: a file of one page that says how much was ever appended (witness.h). Empty: none,
    // and after a crash every epoch is new.
    std::string witness_path{};
    // How long it waits before it tries again what the disk refused, and how long the destructor tries.
    std::int64_t retry_ms = 1000;
    std::int64_t close_patience_ms = 2000;
    // What happens to it, for the log: one sentence. On the journal's threads. May be null.
    std::function<void(std::string_view event, const std::string& what)> tell{};
};

enum class JournalState : unsigned char {
    well,
    full,    // a write failed, and is tried again: see what()
    failed,  // until the next start
};

struct JournalNumbers {
    JournalState state = JournalState::well;
    std::string what{};  // why, if it is not well
    std::uint64_t appended = 0;
    std::uint64_t written = 0;
    std::uint64_t stored = 0;  // of these: as safe as the policy makes them
    std::uint64_t groups = 0;  // writes
    std::uint64_t syncs = 0;
    std::uint64_t write_failures = 0;
    std::uint64_t refused = 0;     // publications
    std::uint64_t duplicates = 0;  // that seen() found
    std::uint64_t trimmed = 0;     // messages let go by their channel's rule
    std::uint64_t evicted = 0;     // messages let go because the journal was over its bound
    std::uint64_t read = 0;        // messages
    std::uint64_t lost_reads = 0;  // readers that were told `lost`
    std::size_t queue_bytes = 0;
    std::size_t queue_bytes_max = 0;
    std::size_t channels = 0;
    std::size_t memory_bytes = 0;  // of the index and what waits, about
    Usage usage{};
};

class Journal : public hub::History, public hub::Cursors {
 public:
    // Opens the store. Errors: as Store::open says. What was repaired is told.
    static Result<std::unique_ptr<Journal>> open(std::unique_ptr<Store> store,
                                                 JournalOptions options, const base::Clock& clock);
    using hub::History::open;
    ~Journal() override = default;

    // Everything that is queued is written and stored, if the disk lets it, and everybody is told; then the
    // store is closed. Nobody publishes any more; readers answer `lost`. Once it has returned nobody is called
    // back. The destructor does it too, when who is called back may be gone.
    virtual void close() = 0;

    virtual JournalNumbers numbers() const = 0;  // any thread
    // Waits until all that was appended before this call is stored. False: the time is over, or it
    // cannot be. Not on a loop.
    virtual bool flush(std::int64_t at_most_ms) = 0;
};

}  // namespace carillon::storage
