// hub/durable.h: a named subscription: what of one journalled channel its members have heard, have in hand,
// are to hear again, and never could take. It outlives its members and the process (hub::Cursors), and knows
// neither sessions nor loops: whoever takes from it says how it went.
//
//   taken → ack:            heard. All heard up to some offset: the cursor moves there and is saved
//         → nack, timeout:  again, after a pause that doubles; the how-many-th time is said
//         → too often:      a dead letter: listed until it is replayed or dropped
//
// Only what is stored (as its history makes things safe) is handed out, so that nobody acts on what a crash
// may undo. With one member it is handed out in order, and what failed is tried again before anything newer.
// With several each message goes to one of them, in the order of asking.
//
// Threads: any. Its own mutex, since members live on several lanes; innermost: History, Cursors and rings
// are called outside it.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "hub/app.h"
#include "hub/history.h"

namespace carillon::hub {

struct DurableTerms {
    From from{.kind = From::Kind::beginning, .value = 0, .after = {}};  // where a new name begins
    std::int64_t ack_timeout_ms = 30'000;  // no answer in this time: again
    std::int64_t backoff_first_ms = 100;   // doubled each time, up to…
    std::int64_t backoff_max_ms = 60'000;
    std::uint32_t deliveries_max = 16;  // then it is a dead letter; 0: never
    bool exclusive = false;             // one member at a time
    bool operator==(const DurableTerms&) const;
};

struct DeadLetter {
    std::uint64_t offset = 0;
    std::uint32_t deliveries = 0;
    std::int64_t unix_ms = 0;  // when it was given up
    std::string
        reason{};  // of the last nack, up to limits::dead_letter_reason_bytes_max; "no answer in time"
};

class Durable;
using DurableRef = boost::intrusive_ptr<Durable>;

// The named subscriptions of a hub.
class Durables {
 public:
    Durables(History& history, Cursors& cursors);
    ~Durables();

    // Errors: unsupported (the channel is not kept for good), invalid (the name: 1 … 128 bytes, no control
    // characters; from.after of another epoch), too_large (limits::durables_max). Terms of one that is there
    // already: those of the last who came. Any thread.
    Result<DurableRef> open(const AppRef& app, std::string_view channel, std::string_view name,
                            const DurableTerms& terms, Now now);
    // Those of which something is saved. Any thread.
    std::vector<std::string> names(const App& app, std::string_view channel);
    // Forgets all of it, dead letters too. False: it has members, or there is none of that name.
    bool forget(const App& app, std::string_view channel, std::string_view name);

    // When tick() is due: the earliest pause or timeout that ends; base::never_ns: none. `sooner` is called
    // (any thread, no lock held) when it has become earlier.
    std::int64_t next_deadline_ns() const;
    void on_sooner(std::function<void()> sooner);
    void tick(Now now);

 private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

class Durable : public boost::intrusive_ref_counter<Durable> {
 public:
    using Member = std::uint64_t;  // 0: none
    enum class Take : unsigned char {
        got,
        nothing,  // now; it rings when there may be something
        lost,     // what comes next is not kept any more: `skip_lost` goes on behind it
    };
    struct Taken {
        Kept kept;
        std::uint32_t deliveries = 0;  // with this one
        std::uint64_t replay = 0;      // not 0: a dead letter, for the how-many-th replay
    };
    virtual ~Durable() = default;

    // `ring`: called on any thread, under no lock, when take() may have something after it had `nothing`.
    // `alone`: nobody else while it is there, whatever the terms say. 0: there is somebody who is, or
    // wants to be, alone.
    virtual Member join(std::function<void()> ring, bool alone = false) = 0;
    // What it has in hand goes to others at once, as if it had not been delivered. Its ring is not
    // called after this returns.
    virtual void leave(Member member) = 0;
    // The next message for this member. It may have several in hand.
    virtual Take take(Member member, Now now, Taken& out) = 0;
    // False: it is this member's no longer (it took too long), or never was.
    virtual bool ack(Member member, std::uint64_t offset, Now now) = 0;
    // It has the whole timeout again.
    virtual bool extend(Member member, std::uint64_t offset, Now now) = 0;
    virtual bool nack(Member member, std::uint64_t offset, std::string_view reason, Now now) = 0;
    // Goes on with the oldest that is kept; how many messages were lost is counted and answered.
    virtual std::uint64_t skip_lost(Now now) = 0;

    virtual std::vector<DeadLetter> dead_letters() const = 0;
    // To be delivered again, as if for the first time (before what is new). False: there is no such.
    virtual bool replay_dead(std::uint64_t offset, Now now) = 0;
    virtual bool drop_dead(std::uint64_t offset) = 0;

    struct Numbers {
        std::uint64_t cursor = 0;  // everything up to here is done with
        std::uint64_t in_hand = 0;
        std::uint64_t waiting = 0;    // failed, to be delivered again
        std::uint64_t delivered = 0;  // since it was opened
        std::uint64_t redelivered = 0;
        std::uint64_t acked = 0;
        std::uint64_t nacked = 0;
        std::uint64_t timed_out = 0;
        std::uint64_t died = 0;
        std::uint64_t dead_dropped = 0;  // the oldest, for limits::dead_letters_max
        std::uint64_t lost = 0;          // trimmed before they were heard
        std::size_t members = 0;
        std::size_t dead = 0;
    };
    virtual Numbers numbers() const = 0;
    virtual const std::string& name() const = 0;
    virtual const std::string& channel() const = 0;
};

}  // namespace carillon::hub
