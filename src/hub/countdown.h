// hub/countdown.h: for a publisher who wants to know how a publication fared: each lane that it went
// to adds what it saw, each history that keeps it says when that is safe, and the last one tells. Shared by
// the lanes; no lock.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <functional>
#include <utility>

namespace carillon::hub {

// How a publication fared, over all lanes: of those who were to hear it, …
struct Fate {
    std::uint64_t queued = 0;   // …to whose queue it came, and who kept it…
    std::uint64_t dropped = 0;  // …as against these, until its lane's flush had visited everyone
    // In so many channels it is kept as safely as their history makes things; in so many it should be and
    // is not, for the storage failed.
    std::uint32_t stored = 0;
    std::uint32_t not_stored = 0;
};
// Told once, on the last lane's loop at the end of its flush, or on the storage's thread, if that was
// later (or, if nobody is there, inside publish), under no lock. It may call the hub, and returns soon. Never told, if the hub goes first.
using OnDone = std::function<void(const Fate&)>;

// What few items of an inbox have, so that the many are small.
struct ItemExtra : boost::intrusive_ref_counter<ItemExtra> {
    ItemExtra() = default;
    ItemExtra(const ItemExtra&) = delete;
    ItemExtra& operator=(const ItemExtra&) = delete;
    virtual ~ItemExtra() = default;
};

class Countdown final : public ItemExtra {
 public:
    // The publisher counts as one of those who must be done: nobody is told before it has finished.
    explicit Countdown(OnDone on_done) : on_done_(std::move(on_done)) {}

    void expect_one_more() { missing_.fetch_add(1, std::memory_order_relaxed); }
    // One more, and it is done already.
    void done_too(const Fate& part) {
        expect_one_more();
        done(part);
    }
    void done(const Fate& part) {
        queued_.fetch_add(part.queued, std::memory_order_relaxed);
        dropped_.fetch_add(part.dropped, std::memory_order_relaxed);
        if (part.stored != 0) stored_.fetch_add(part.stored, std::memory_order_relaxed);
        if (part.not_stored != 0) not_stored_.fetch_add(part.not_stored, std::memory_order_relaxed);
        if (missing_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        on_done_({queued_.load(std::memory_order_relaxed),  //
                  dropped_.load(std::memory_order_relaxed), stored_.load(std::memory_order_relaxed),
                  not_stored_.load(std::memory_order_relaxed)});
    }

 private:
    const OnDone on_done_;
    std::atomic<std::uint32_t> missing_{1};
    std::atomic<std::uint64_t> queued_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<std::uint32_t> stored_{0};
    std::atomic<std::uint32_t> not_stored_{0};
};

using CountdownRef = boost::intrusive_ptr<Countdown>;

}  // namespace carillon::hub
