// carillon/guarantees.h: where in a topic somebody begins to hear, and what he is promised. All of it
// needs a journal (carillon/journal.h) that keeps the topic; without one it is refused as unsupported.
//
//   at most once    every subscription: what finds its queue full, or comes while it is away, is not heard
//   at least once   a subscription with a name: what its handler did not take, it hears again
//   exactly once    the same, and what its handler publishes by Delivery::publish is published once
//
// docs/guarantees.md says what each is worth, and which test shows it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace carillon {

// Where a message stands in its topic. Offsets count up by one, from 1. In another epoch they do not
// compare: the topic lost something that had been published, in a crash that its journal could not
// prevent. Offset 0: its topic is not kept.
struct Position {
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;
    bool operator==(const Position&) const = default;
};

// From where on a subscription hears: what is kept, then, without a gap or a duplicate, what is
// published.
class From {
 public:
    enum class Kind : unsigned char { automatic, now, beginning, last, offset, after, time };

    // now(); of a subscription with a name that is new: beginning().
    From() = default;
    static From now() { return From(Kind::now); }
    static From beginning() { return From(Kind::beginning); }  // the oldest that is kept
    static From last(std::uint64_t count) { return {Kind::last, count}; }
    // The message of this offset. Kept no longer: an Error.
    static From offset(std::uint64_t offset) { return {Kind::offset, offset}; }
    // What comes after it. Of another epoch, or kept no longer: an Error.
    static From after(Position position) { return {Kind::after, position.offset, position.epoch}; }
    // The first that was not published before that.
    static From time(std::chrono::system_clock::time_point begin) {
        const auto since = begin.time_since_epoch();
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(since).count();
        return {Kind::time, ms > 0 ? static_cast<std::uint64_t>(ms) : 0};
    }

    Kind kind() const { return kind_; }
    std::uint64_t value() const { return value_; }  // Unix milliseconds, of a time
    std::uint64_t epoch() const { return epoch_; }

 private:
    // NOLINTNEXTLINE(google-explicit-constructor): the functions above return {…}
    From(Kind kind, std::uint64_t value = 0, std::uint64_t epoch = 0)
        : kind_(kind), value_(value), epoch_(epoch) {}
    Kind kind_ = Kind::automatic;
    std::uint64_t value_ = 0;
    std::uint64_t epoch_ = 0;
};

enum class Guarantee : unsigned char {
    // What the name says: at_least_once of a subscription that has one, else at_most_once.
    automatic,
    at_most_once,
    at_least_once,
    exactly_once,
};

// What happens to a message whose handler threw, or did not end in time.
struct Redelivery {
    // No end of the handler by then: it is heard again, perhaps by another member of the name.
    std::chrono::milliseconds timeout{30'000};
    // The pause before it is heard again; doubled each time, up to `most`.
    std::chrono::milliseconds first{100};
    std::chrono::milliseconds most{60'000};
    // Heard so often in vain, it is a dead letter (Broker::dead_letters), and the next one's turn. 0:
    // never.
    std::uint32_t attempts = 16;
};

// Who publishes something that must not happen twice, and which of his publications it is. The
// sequences of one publisher count up: one that is not above the highest that the topic has of him is
// a duplicate. A topic remembers the 1,024 publishers that it heard of last.
struct Once {
    std::uint64_t publisher = 0;  // not 0; a random number that he keeps
    std::uint64_t sequence = 0;
};

struct DeadLetter {
    std::uint64_t offset = 0;
    std::uint32_t deliveries = 0;
    std::chrono::system_clock::time_point time{};  // when it was given up
    std::string
        reason{};  // what the handler threw, of that 200 bytes; or that it did not end in time
};

// What a named subscription has counted, all its members together, since the broker began.
struct NamedStats {
    std::uint64_t cursor = 0;   // all up to this offset is done with
    std::uint64_t in_hand = 0;  // handed out, not done with
    std::uint64_t waiting = 0;  // failed, to be heard again
    std::uint64_t delivered = 0;
    std::uint64_t redelivered = 0;  // of these: not for the first time
    std::uint64_t acknowledged = 0;
    std::uint64_t rejected = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t died = 0;
    std::uint64_t dead_dropped = 0;  // the oldest dead letters, for there were too many (1,000)
    std::uint64_t lost = 0;          // the journal let go of them before they were heard
    std::size_t members = 0;
    std::size_t dead = 0;  // letters
};

}  // namespace carillon
