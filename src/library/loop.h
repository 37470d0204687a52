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
#include <vector>

#include "base/time.h"
#include "hub/lane.h"

namespace carillon::library {

class Loop final : public hub::Wake {
 public:
    // With `pollable` fd() is readable while there is something to do.
    Loop(hub::Lane& lane, const base::Clock& clock, bool pollable);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    hub::Lane& lane() { return lane_; }
    const base::Clock& clock() const { return clock_; }
    // The loop whose iteration this thread is in; null: none.
    static Loop* here();
    bool is_here() { return here() == this || (here() == nullptr && lane_.home().is_here()); }

    // ---- any thread ----
    void wake() override;
    using Job = std::function<void()>;
    void post(Job job);
    void sleep(std::int64_t until_ns, std::coroutine_handle<> waiting);
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
    void run();                        // until request_stop()
    int fd() const { return fd_; }
    std::int64_t next_deadline_ns() const;

 private:
    bool run_jobs();
    bool run_timers(Now now);

    hub::Lane& lane_;
    const base::Clock& clock_;
    int fd_ = -1;
    std::atomic<bool> woken_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> iterations_{0};  // odd: one is going on

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Job> jobs_;
    std::multimap<std::int64_t, std::coroutine_handle<>> timers_;
};

}  // namespace carillon::library
