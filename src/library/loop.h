// library/loop.h: one lane's loop without sockets: what was posted, the lane's iteration, timers. It
// belongs to one thread, its own or the caller's; post(), resume() and sleep() are for any.
//
// Bound: what is posted is one closing, joining or continuing of a subscription or coroutine that
// exists, so there are no more of them than of those.
#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/time.h"
#include "hub/lane.h"

namespace carillon::library {

class Loop final : public hub::Wake {
 public:
    // `callers`: it has no thread of its own, and fd() is readable while there is something to do.
    Loop(hub::Lane& lane, const base::Clock& clock, bool callers);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    hub::Lane& lane() { return lane_; }
    const base::Clock& clock() const { return clock_; }
    // The loop whose iteration this thread is in; null: none.
    static Loop* here();
    // Whether this thread may do what belongs to it: also in an iteration of another loop, inside
    // one of this one's.
    bool is_here() const {
        return runner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }
    // From now on this is its thread.
    void settle();
    // Before it begins: what is to be done again and again, once in `period_ns`.
    using Chore = std::function<void(Now now)>;
    void set_chore(std::int64_t period_ns, Chore chore) {
        chore_period_ns_ = period_ns;
        chore_ = std::move(chore);
        next_chore_ns_ = 0;
    }

    // ---- any thread ----
    void wake() override;
    using Job = std::function<void()>;
    // False: it has ended, and the job is not done.
    bool post(Job job);
    bool sleep(std::int64_t until_ns, std::coroutine_handle<> waiting);
    // On this loop; if it has ended, at once: nobody is left to do it there.
    void resume(std::coroutine_handle<> waiting);
    void request_stop();
    bool in_iteration() const { return (iterations_.load() & 1) != 0; }
    // Until the iteration that is going on is over.
    void wait_for_iteration() const;

    // ---- the loop's thread ----
    // One iteration. False: there was nothing to do.
    bool run_once();
    bool has_work() const;
    bool has_jobs() const;             // any thread
    void wait(std::int64_t until_ns);  // for work
    void run();                        // until request_stop(); it has ended then
    // After request_stop(): does what is left, and ends.
    void end();
    // fd() is readable no longer, unless there is something to do.
    void calm();
    int fd() const { return fd_; }
    std::int64_t next_deadline_ns() const;

 private:
    bool run_jobs();
    bool run_timers(Now now);
    void run_chore(Now now);
    bool has_ended();

    hub::Lane& lane_;
    const base::Clock& clock_;
    const bool callers_;
    const int fd_;
    std::atomic<bool> woken_{false};
    std::atomic<bool> sleeping_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> iterations_{0};  // odd: one is going on
    std::atomic<std::thread::id> runner_{};     // its thread; none: it has not begun, or has ended
    Chore chore_{};                             // may be empty
    std::int64_t chore_period_ns_ = 0;
    std::int64_t next_chore_ns_ = base::never_ns;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = false;
    std::vector<Job> jobs_;
    std::multimap<std::int64_t, std::coroutine_handle<>> timers_;
};

}  // namespace carillon::library
