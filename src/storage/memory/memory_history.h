// storage/memory/memory_history.h: what channels keep in memory: the newest publications of each,
// by count and by age, within a budget of bytes for all of them. Lost when the process ends, and so
// is every epoch.
//
// Threads: a ring is touched only under its channel's lock; the sums are atomic; swept() and the
// rings' trim() are called by the one thread that sweeps. No lock of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/count.h"
#include "base/limits.h"
#include "hub/history.h"

namespace carillon::storage {

// How much of one channel is kept.
struct Retention {
    std::uint32_t messages_max = 0;                        // 0: nothing; 1: the last value
    std::int64_t age_ms_max = limits::history_age_ms_max;  // older goes with the next sweep
};

class MemoryHistory final : public hub::History {
 public:
    // The same answer for the same channel, always; asked on any thread.
    using Rule = std::function<Retention(const hub::App& app, std::string_view channel)>;

    // Above `bytes_max` the channels that were published to least recently lose all they keep, with
    // the next sweep but one; until then up to a quarter more is taken, and beyond that nothing.
    explicit MemoryHistory(Rule rule, std::size_t bytes_max = limits::history_bytes_max);
    MemoryHistory(const MemoryHistory&) = delete;
    MemoryHistory& operator=(const MemoryHistory&) = delete;
    ~MemoryHistory() override;  // after the hub

    Keeps keeps(const hub::App& app, std::string_view channel) const override;
    std::unique_ptr<hub::ChannelHistory> open(const hub::App& app, std::string_view channel,
                                              std::uint64_t epoch) override;
    void swept(Now now) override;

    // ---- any thread ----

    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    std::size_t bytes_max() const { return bytes_max_; }
    std::uint64_t publications() const { return publications_.get(); }  // kept now
    std::uint64_t too_old() const { return too_old_.get(); }            // let go for their age
    std::uint64_t evicted() const { return evicted_.get(); }  // let go for the budget: publications
    std::uint64_t not_taken() const { return not_taken_.get(); }  // never kept for want of room

 private:
    class Ring;
    struct Use {
        std::int64_t last_ns;  // when it was last published to
        std::size_t bytes;
    };

    const Rule rule_;
    const std::size_t bytes_max_;
    std::atomic<std::size_t> bytes_{0};
    base::SharedCount publications_;
    base::SharedCount too_old_;
    base::SharedCount evicted_;
    base::SharedCount not_taken_;

    // the sweep's
    std::vector<Use> census_;           // what the rings told since the last swept()
    std::int64_t evict_until_ns_ = -1;  // rings last published to until then lose all they keep
};

}  // namespace carillon::storage
