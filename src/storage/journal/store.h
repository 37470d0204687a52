// storage/journal/store.h: where a journal lies: in files (storage/file), in SQLite (storage/sqlite),
// or in a test's memory. Blocking calls and nothing else; journal.h has the threads, the queue and the
// promises.
//
// Threads: open, declare, write, sync, trim, tidy and close: one thread, the journal's writer (open:
// before it). read, find and usage: any thread, at the same time as those.
//
// What it promises, and the journal builds on: what write() was given survives the end of the process
// once it returned, and the end of the machine once sync() returned; what survives is a prefix of all
// that was written, in the order in which it was. A note never survives without what was written
// before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/history.h"

namespace carillon::storage {

// A channel as it was found. `first` = `last` + 1: nothing of it is kept, but its numbers go on.
struct StoredChannel {
    std::uint32_t id = 0;  // as declare() would answer
    std::string app;
    std::string name;
    std::uint64_t epoch = 0;
    std::uint64_t first = 1;     // the oldest offset kept
    std::uint64_t last = 0;      // the newest offset ever written
    std::uint64_t bytes = 0;     // of the bodies kept, about
    std::int64_t oldest_ms = 0;  // when the first was published; 0: nothing is kept
};

struct Contents {
    std::vector<StoredChannel> channels;
    std::map<std::string, std::string, std::less<>> notes;
    std::uint64_t written = 0;         // messages, ever: also those that were let go since
    bool closed_well = false;          // close() was the last thing that happened to it
    std::vector<std::string> repairs;  // what was put right, for people: one sentence each
};

// A message on its way in.
struct Write {
    std::uint32_t channel;  // as declare() answered
    std::uint64_t offset;   // of each channel one more than the last
    std::int64_t unix_ms;
    const hub::Publication* publication;  // event, member, body, body kind and once are kept
};

// A small thing to remember beside the messages: the newest value of a key counts. Keys up to 2 KiB,
// values up to 1 MiB. An empty value: forget it.
struct Note {
    std::string_view key;
    std::string_view value;
};

// Before this offset nothing of the channel is kept any more.
struct Trimmed {
    std::uint32_t channel;
    std::uint64_t first;
};

struct Usage {
    std::uint64_t bytes = 0;        // on disk
    std::uint64_t bytes_max = 0;    // 0: no bound
    std::uint64_t messages = 0;     // kept
    std::uint32_t descriptors = 0;  // open now
    std::uint32_t files = 0;
};

class Store {
 public:
    virtual ~Store() = default;

    // Makes it if there is nothing, puts right what a crash left (a torn end is cut off), migrates
    // what an older version wrote. Once, first. Errors: unsupported (written by a newer version, or it
    // is something else), invalid (damaged in the middle: says where, and what to do), io, forbidden
    // (another process has it open).
    virtual Result<Contents> open() = 0;
    // The id of a channel from now on, until the process ends. One that is known keeps its epoch.
    virtual Result<std::uint32_t> declare(std::string_view app, std::string_view name,
                                          std::uint64_t epoch) = 0;
    // In this order, the notes last. An Error: nothing of it was written, as far as anybody can see
    // later; the same call may be tried again (the disk was full). Errors: io; internal: it cannot be
    // tried again.
    virtual Result<void> write(std::span<const Write> messages, std::span<const Note> notes) = 0;
    // An Error: nobody knows what is on the disk; nothing more may be written.
    virtual Result<void> sync() = 0;
    // Adds the messages from `first` up to `last`, in order, up to about `bytes_max` of bodies, but at
    // least one. `epoch` goes into their stamps. Errors: not_found (`first` is kept no longer, or was
    // not written), invalid (what is there is damaged), io.
    virtual Result<void> read(std::uint32_t channel, std::uint64_t epoch, std::uint64_t first,
                              std::uint64_t last, std::size_t bytes_max,
                              std::vector<hub::Kept>& into) const = 0;
    // The offset of the first kept message that is not older than this; last + 1: there is none.
    virtual Result<std::uint64_t> find(std::uint32_t channel, std::int64_t unix_ms) const = 0;
    // What is before `first` may go, when it is no trouble; it is not read any more. Not more than
    // written + 1. Survives as notes do.
    virtual Result<void> trim(std::span<const Trimmed> channels) = 0;
    // A step of housekeeping that is short enough to be done between two writes: lets go of files of
    // which nothing is kept and, above bytes_max, of the oldest messages whosever they are. Answers
    // which channels lost what.
    virtual Result<std::vector<Trimmed>> tidy() = 0;
    virtual Usage usage() const = 0;
    // Everything is on the disk; the next open() says closed_well. Nothing but the destructor
    // follows. Without it, the destructor leaves things as a crash would.
    virtual Result<void> close() = 0;
};

}  // namespace carillon::storage
