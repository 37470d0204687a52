// hub/durable_bells.h: how the members of a named subscription learn that there may be something to take. Apart
// from the subscription itself, because readers and saves ring from threads of their own, perhaps when it is
// gone already.
//
// Whoever found nothing is hungry, and is rung once when something happened; which of them gets it is decided
// by the order in which they ask. So with many members who have nothing to do, each message rings them all.
//
// Threads: any. A bell is rung under no lock, so that whoever hears it may take, answer, or leave.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace carillon::hub {

// One member's.
class DurableBell {
 public:
    explicit DurableBell(std::function<void()> ring) : ring_(std::move(ring)) {}
    // Said before looking, and taken back when there was something: what happens meanwhile rings.
    void set_hungry(bool hungry) { hungry_.store(hungry); }
    void ring_if_hungry();
    // Afterwards it does not ring any more, nor is it ringing on another thread.
    void silence();

 private:
    const std::function<void()> ring_;
    std::atomic<bool> hungry_{false};
    std::mutex mutex_;
    std::condition_variable quiet_;
    std::vector<std::thread::id> ringing_;
    bool silent_ = false;
};

class DurableBells {
 public:
    std::shared_ptr<DurableBell> add(std::function<void()> ring);
    void remove(const std::shared_ptr<DurableBell>& bell);
    void ring();

    // What readers and saves have told. `readable`: next() may know more than it did.
    std::atomic<bool> readable{true};
    std::atomic<bool> replay_readable{true};
    // Saves are numbered; up to this one it is known how they ended.
    std::uint64_t settled() const { return settled_.load(); }
    void settle(std::uint64_t save);
    // A save that was taken has failed later: it is to be made again.
    std::atomic<bool> save_failed{false};

 private:
    std::atomic<std::uint64_t> settled_{0};
    std::mutex mutex_;
    std::vector<std::shared_ptr<DurableBell>> bells_;
};

}  // namespace carillon::hub
