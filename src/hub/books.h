// hub/books.h: a lane's accounts. Every (publication, subscriber) pair that was matched ends in
// exactly one of these, counted where it happens and never as a remainder:
//   matched = delivered + filtered + dropped(reason) + left + passed + pending(inbox + batch + outbox)
// On the lane's loop, Lane::snapshot() satisfies this exactly at any moment between two calls of
// the lane.
#pragma once

#include <array>
#include <cstdint>

#include "base/count.h"
#include "hub/outcome.h"

namespace carillon::hub {

struct Books {
    base::Count delivered;  // the kernel took the frame's last byte
    base::Count filtered;   // excluded, or the format shows no such frame
    base::Count left;       // unsubscribed or closed after matching
    base::Count passed;  // a member of a queue group could not take it; matched anew for the next
    std::array<base::Count, drop_reasons> dropped;
    base::Count pending_batch;   // encoded, not yet offered to this subscriber
    base::Count pending_outbox;  // in this subscriber's queue, encoded or not
    base::Count replayed;        // matched at a join: publications it missed

    base::Count encoded;        // frames made: once per (publication, channel, format)
    base::Count bytes_sent;     // publications and replies
    base::Count writes;         // visits of the door
    base::Count subscriptions;  // entries that hear now: a gauge
    base::Count overflows;      // outboxes found over their policy
    base::Count given_up;  // connections ended at once, for they owed most of the lane's memory
    std::array<base::Count, close_reasons> closed;
};

// What a lane counts for one app.
struct alignas(64) AppBooks {
    base::Count opened;      // sessions
    base::Count closed;      // of these
    base::Count sent;        // frames that the kernel took whole, replies too
    base::Count sent_bytes;  // with framing
    base::Count received;    // messages, as its protocol counts them
    base::Count received_bytes;
};

// A lane's books, read once, with the terms the inbox keeps.
struct BooksSnapshot {
    std::uint64_t matched = 0;
    std::uint64_t delivered = 0;
    std::uint64_t filtered = 0;
    std::uint64_t left = 0;
    std::uint64_t passed = 0;
    std::array<std::uint64_t, drop_reasons> dropped{};
    std::uint64_t pending_inbox = 0;
    std::uint64_t pending_batch = 0;
    std::uint64_t pending_outbox = 0;

    std::uint64_t accounted() const {
        std::uint64_t sum =
            delivered + filtered + left + passed + pending_inbox + pending_batch + pending_outbox;
        for (const auto d : dropped) sum += d;
        return sum;
    }
};

}  // namespace carillon::hub
