// storage/journal/queue.h: what waits for a journal's writer: channels to which something was appended, and
// what was saved. Who appends touches its channel, two counters, and the mutex here only for the first message since
// the writer came by. The writer sleeps in poll(2), and is woken when the first thing comes, or much does.
//
// Bounded by bytes: from there on `overloaded`, until it is half empty.
//
// Threads: any, but for what is the writer's. Its mutex is innermost.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/adaptive_mutex.h"
#include "storage/journal/channel.h"
#include "storage/journal/cursor_book.h"

namespace carillon::storage {

class JournalQueue {
 public:
    explicit JournalQueue(std::size_t bytes_max);
    ~JournalQueue();
    JournalQueue(const JournalQueue&) = delete;
    JournalQueue& operator=(const JournalQueue&) = delete;

    // Under the channel's mutex: its first message since the writer came by. It is given memory to fill.
    void add(JournalChannel& channel);
    void add(Saved saved);
    void count(std::size_t bytes);
    // Come now, whatever you do.
    void hurry();

    bool overloaded() const { return overloaded_.load(std::memory_order_relaxed); }
    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    std::size_t bytes_max() const { return bytes_max_; }

    // ---- the writer's ----

    // Until there is something, or the time is over. False: there is nothing.
    bool wait(std::int64_t at_most_ms);
    // Something came, but more may follow: until the time is over, much came, or somebody is in a hurry.
    void linger(std::int64_t ms);
    void pause(std::int64_t ms);  // until the time is over, or somebody is in a hurry
    void take(std::vector<JournalChannel*>& channels, std::vector<Saved>& saved);
    void uncount(std::size_t bytes);
    // Memory that was filled and is empty again.
    void give_back(std::vector<std::vector<Pending>>& spares);

 private:
    bool anything() const { return !channels_.empty() || !saved_.empty(); }

    const std::size_t bytes_max_;
    const int bell_;  // an eventfd
    std::atomic<std::size_t> bytes_{0};
    std::atomic<bool> overloaded_{false};

    base::AdaptiveMutex mutex_;
    std::vector<JournalChannel*> channels_;
    std::vector<Saved> saved_;
    std::vector<std::vector<Pending>> spares_;
    std::size_t spare_places_ = 0;
    bool asleep_ = false;
};

}  // namespace carillon::storage
