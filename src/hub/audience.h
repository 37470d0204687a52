// hub/audience.h: who on one lane hears one channel in one wire format, and the frames encoded for
// them since the last flush. Owned by its loop, never locked. Knows neither sockets nor time.
//
// An entry hears exactly the items with a number greater than its `after`, which is written at two
// moments only: when it joins, and when it steps over a frame that it must not hear.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hub/batch.h"
#include "hub/encoder.h"
#include "hub/inbox.h"
#include "hub/outbox.h"
#include "hub/session.h"
#include "hub/tally.h"

namespace carillon::hub {

class Lane;
class LaneChannel;

// A chain of batches, oldest first.
struct BatchChain {
    Batch* first = nullptr;
    Batch* last = nullptr;
    bool empty() const { return first == nullptr; }
    void append(Batch& batch) {
        (first == nullptr ? first : last->next) = &batch;
        last = &batch;
    }
};

class Audience {
 public:
    struct Entry {
        Outbox* outbox;  // null: left, to be reaped
        std::uint64_t after;
        Subscription* owner;
    };

    Audience(LaneChannel& local, const Encoder& format)
        : local_(local), format_(format), by_reference_(format.by_reference()) {}

    bool by_reference() const { return by_reference_; }
    const Encoder& format() const { return format_; }
    LaneChannel& local() const { return local_; }

    void join(Lane& lane, Subscription& subscription, Outbox& outbox, std::uint64_t after);
    // Offers what was encoded and not offered yet: it goes to this entry, not to another
    // subscription of its session.
    void hand_over(Lane& lane, Subscription& subscription);
    // Marks the entry and counts as left what it was matched for and has not been offered. The
    // channel still matches it until settle().
    void leave(Lane& lane, Subscription& subscription);
    void settle(Lane& lane, std::uint64_t until);

    // Encodes the item once, if anyone may hear it. Returns for how many of the matched it
    // answered. Of a Spread: the channel's name, and who were given the item before.
    std::uint32_t deliver(Lane& lane, const Item& item, std::string_view channel = {},
                          std::span<LaneChannel* const> earlier = {});
    // This subscriber of a pattern may hear an item by another subscription too.
    void note_plural(Subscription& subscription);

    // What the walk of a flush needs.
    std::vector<Entry>& entries() { return entries_; }
    BatchChain& offering() { return offering_; }
    void seal();  // what is fresh becomes what is offered
    void offer(Lane& lane, Entry& entry, const BatchChain& chain);

    std::uint32_t hearing() const { return tally_.hearing(); }  // the item delivered last
    bool idle() const { return fresh_.empty() && offering_.empty(); }
    bool settled(std::uint64_t taken) { return tally_.settled(taken); }
    void reap_entry(std::uint32_t index);  // swaps the last living entry into its place

    Audience* next = nullptr;  // of the same channel, in another format
    std::uint32_t cursor = 0;  // the walk's next entry while offering() is not empty

 private:
    void step_over(Lane& lane, Subscription& subscription, std::uint64_t number);
    bool heard_earlier(const Session& session, std::span<LaneChannel* const> earlier,
                       std::uint64_t number) const;
    Batch& open_batch(Lane& lane, std::size_t hint);
    static std::uint32_t forgo(Lane& lane, const Entry& entry, const BatchChain& chain);

    LaneChannel& local_;
    const Encoder& format_;
    const bool by_reference_;
    std::vector<Entry> entries_;
    // Of a pattern: those whose sessions have more subscriptions than this one. (Or had: they stay
    // until they leave.)
    std::vector<Subscription*> plural_;
    Tally tally_;
    BatchChain fresh_;             // frames of this iteration; the last batch is open
    BatchChain offering_;          // sealed, being offered by the flush
    std::uint32_t size_hint_ = 0;  // bytes of the last round
};

}  // namespace carillon::hub
