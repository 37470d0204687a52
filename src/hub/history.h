// hub/history.h: what the hub needs of whoever keeps publications, and of whoever remembers what named
// subscriptions have done. storage/memory implements it for as long as the process lives, storage/journal
// beyond that.
//
// A history that keeps things for good never blocks its caller: what is appended is handed over, in the
// channel's order, and told to be stored later; what is read comes in pages, fetched elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "hub/app.h"
#include "hub/countdown.h"
#include "hub/outcome.h"
#include "hub/publication.h"

namespace carillon::hub {

// A publication as a channel keeps it.
struct Kept {
    PublicationRef publication;
    Stamp stamp;
};

// From where on somebody wants to hear what is kept.
struct From {
    enum class Kind : unsigned char {
        beginning,  // the oldest that is kept
        newest,     // the newest `value`, or as many as are kept
        offset,     // the offset `value`; before the oldest kept one: lost
        after,      // what comes after position `after`, of which the epoch must be the channel's
        time,       // the first that was not published before `value`, Unix milliseconds
        now,        // nothing that is there already
    };
    Kind kind = Kind::now;
    std::uint64_t value = 0;
    Position after{};
};

// What is kept of one channel, handed out in order, a page at a time. One thread at a time may use one.
struct Reader {
    enum class Page : unsigned char {
        some,   // at least one was added
        later,  // it is being fetched from a disk: ask again in a moment (or when it rings)
        end,    // nothing more, now: of a reader with `last`, for ever
        lost,   // what comes next is not kept any more, or cannot be read: `why` says so; for ever
    };
    virtual ~Reader() = default;
    // Adds what comes next, about `bytes_max` of bodies, at least one, oldest first.
    virtual Page next(std::size_t bytes_max, std::vector<Kept>& into) = 0;
    // The last that was handed out, or after which it begins. offset unknown yet: `later` or `time`
    // was not resolved; then what the channel had when it was opened.
    virtual Position position() const = 0;
    virtual std::string why() const { return {}; }
};

struct ReadOptions {
    From from{};
    // The last offset to hand out; 0: it goes on, whatever comes.
    std::uint64_t last = 0;
    // Nothing that is not as safe yet as the history makes things (its sync policy).
    bool stored_only = false;
    // Called on any thread, under no lock, when `later` or `end` has become `some` (or a reader that was
    // `later` knows better): once for each such answer, perhaps once too often. Must not block, must not
    // destroy the reader. Null: nobody wants to know.
    std::function<void()> ring{};
};

// What one channel keeps: a run of its newest offsets without a hole, perhaps empty. Owned by the
// channel. Every call is made under the channel's lock: take a reference and return, never block.
struct ChannelHistory {
    virtual ~ChannelHistory() = default;
    // Where the channel goes on: what it was when it was last open. Epoch 0: it has no past.
    virtual Position position() const { return {}; }
    // Whether this publisher's publication, or a later one of his, is kept or was (up to a stated
    // number of publishers).
    virtual bool seen(const Once&) const { return false; }
    // The channel's next offset. What cannot be kept is not an error: then nothing older is kept
    // either, so that no run has a hole. `stored` is made to
    // expect one more (Countdown), which is done (Fate::stored, Fate::not_stored) when it is as safe as this
    // history makes things, or never will be; null: nobody wants to know.
    virtual void append(const PublicationRef& publication, const Stamp& stamp, Now now,
                        const CountdownRef& stored) = 0;
    // How many it keeps: the newest ones, up to the last append.
    virtual std::size_t size() const = 0;
    // What comes after this offset, up to the last append: not more than size() of them.
    virtual std::unique_ptr<Reader> read_after(std::uint64_t offset) const = 0;
    // What read_after(offset) costs in memory while it waits to be read.
    virtual std::size_t bytes_after(std::uint64_t offset) const = 0;
    // Once in each sweep: lets go of what is too old, and of what there is no room for.
    virtual void trim(Now now) = 0;
    // Whether it is found again, with its position, when the channel was gone meanwhile.
    virtual bool outlives_channel() const { return false; }
};

// What channels keep, and for how long.
struct History {
    enum class Keeps : unsigned char {
        nothing,
        here,      // as long as the channel is there: it has no past
        for_good,  // beyond the channel and the process
    };
    virtual ~History() = default;
    // Whether this channel's publications are kept, and so consume an offset. Always the same
    // answer for the same channel. Any thread; under a channel's lock too: it does not block.
    virtual Keeps keeps(const App& app, std::string_view channel) const = 0;
    // Whether anything of it was ever kept for good. A channel that is only subscribed to is not opened
    // without: names cost memory. Any thread.
    virtual bool has_past(const App&, std::string_view) const { return true; }
    // For a channel of which something is kept. Under its lock. `epoch`: the channel's, if it has no past.
    virtual std::unique_ptr<ChannelHistory> open(const App& app, std::string_view channel,
                                                 std::uint64_t epoch) = 0;
    // Whether publications are refused for now: what keeps them is full, or fails. Any thread, for each
    // publication: a look. Then refuses() says what for which channel: overloaded, storage_failed, ok.
    virtual bool in_trouble() const { return false; }
    virtual Outcome refuses(const App&, std::string_view) const { return Outcome::ok; }
    // For one who reads beside the channel, without a subscription. Any thread, under no lock. null: it
    // keeps nothing for good.
    struct Opened {
        Recovery recovery = Recovery::not_kept;  // recovered: there is a reader
        std::unique_ptr<Reader> reader{};
    };
    // NOLINTNEXTLINE(performance-unnecessary-value-param): who keeps things takes it
    virtual Opened read(const App&, std::string_view, ReadOptions) { return {}; }
    // Every channel's trim() was called. On the thread that sweeps (Hub::sweep).
    virtual void swept(Now now) = 0;
};

// What named subscriptions remember while nobody is there, and beyond the process.
struct Cursors {
    virtual ~Cursors() = default;
    // What was saved last under this name; empty: nothing. Any thread.
    virtual std::string load(const App& app, std::string_view channel, std::string_view name) = 0;
    // In the place of what was there. It never survives a crash without everything that was appended
    // to any channel before this call, nor without what was saved before. Empty: forget it. `stored` as
    // in ChannelHistory::append. Any thread, under no channel's lock; does not block. False: no room for it now, or
    // the storage fails; nothing was changed.
    virtual bool save(const App& app, std::string_view channel, std::string_view name,
                      std::string state, const CountdownRef& stored) = 0;
    // Under which names something is saved for this channel.
    virtual std::vector<std::string> names(const App& app, std::string_view channel) = 0;
};

}  // namespace carillon::hub
