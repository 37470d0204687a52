// hub/gate.h: room in the queue of a subscriber whose policy is `wait`, counted where publishers can
// see it. Who publishes takes room under the channel's lock, so a queue never holds more than it may;
// the subscriber's lane gives it back as the subscriber is done with each publication. A publisher
// outside every loop waits here, under no lock; who does not wait takes room that is not there, and
// the subscriber's lane drops what is too much.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace carillon::hub {

// What the members of one group ring: whoever waits for the group waits for any of them.
class Bell : public boost::intrusive_ref_counter<Bell> {
 public:
    // Asked before one looks for room: what rings afterwards is not missed.
    std::uint64_t rung() const { return rung_.load(); }
    void ring() {
        rung_.fetch_add(1);  // in one order with waiting_
        if (waiting_.load() == 0) return;
        const std::lock_guard lock(mutex_);  // not between somebody's look and his sleep
        changed_.notify_all();
    }
    void wait_beyond(std::uint64_t rung) {
        waiting_.fetch_add(1);
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return rung_.load() != rung; });
        }
        waiting_.fetch_sub(1);
    }

 private:
    std::atomic<std::uint64_t> rung_{0};
    std::atomic<std::uint32_t> waiting_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
};

using BellRef = boost::intrusive_ptr<Bell>;

class Gate : public boost::intrusive_ref_counter<Gate> {
 public:
    explicit Gate(std::uint32_t max, std::uint32_t used = 0) : max_(max), used_(used) {}

    // Before a publisher sees it: of a member of a group.
    void tell(BellRef bell) { bell_ = std::move(bell); }

    bool try_take() {
        auto used = used_.load(std::memory_order_relaxed);
        do {
            if (used >= max_ && !closed_.load(std::memory_order_relaxed)) return false;
        } while (!used_.compare_exchange_weak(used, used + 1, std::memory_order_relaxed));
        return true;
    }
    void take() { used_.fetch_add(1, std::memory_order_relaxed); }
    void give_back(std::int64_t count) {
        if (count == 0) return;
        used_.fetch_sub(count);  // in one order with waiting_
        if (waiting_.load() != 0) notify();
        if (bell_ != nullptr) bell_->ring();
    }
    // The subscriber is gone: nobody waits for it any more.
    void close() {
        closed_.store(true);
        notify();
        if (bell_ != nullptr) bell_->ring();
    }
    bool closed() const { return closed_.load(std::memory_order_relaxed); }
    // Until there is room, or the subscriber is gone.
    void wait() {
        waiting_.fetch_add(1);
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return used_.load() < max_ || closed_.load(); });
        }
        waiting_.fetch_sub(1);
    }
    std::int64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
    void notify() {
        const std::lock_guard lock(mutex_);  // not between somebody's look and his sleep
        changed_.notify_all();
    }

    const std::int64_t max_;
    BellRef bell_{};  // null: he is no member of a group
    std::atomic<std::int64_t> used_;
    std::atomic<bool> closed_{false};
    std::atomic<std::uint32_t> waiting_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
};

using GateRef = boost::intrusive_ptr<Gate>;

}  // namespace carillon::hub
