#include "library/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace carillon::library {

namespace {

thread_local Loop* this_threads_loop = nullptr;

// Visits of one flush: a share of a long walk, so that what was posted gets its turn.
constexpr std::size_t visits_per_iteration = 16'384;

// Some ten microseconds.
constexpr int looks_before_sleep = 256;

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

}  // namespace

Loop::Loop(hub::Lane& lane, const base::Clock& clock, bool callers)
    : lane_(lane),
      clock_(clock),
      callers_(callers),
      fd_(callers ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1) {
    lane_.attach(*this);
}

Loop::~Loop() {
    if (fd_ >= 0) ::close(fd_);
}

Loop* Loop::here() { return this_threads_loop; }

// ---- any thread ----

void Loop::wake() {
    if (woken_.exchange(true)) return;
    if (fd_ >= 0) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
    }
    if (!sleeping_.load()) return;
    const std::lock_guard lock(mutex_);  // not between somebody's look and his sleep
    changed_.notify_one();
}

bool Loop::post(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return false;
        jobs_.push_back(std::move(job));
    }
    wake();
    return true;
}

bool Loop::sleep(std::int64_t until_ns, std::coroutine_handle<> waiting) {
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return false;
        timers_.emplace(until_ns, waiting);
    }
    wake();
    return true;
}

void Loop::resume(std::coroutine_handle<> waiting) {
    if (!post([waiting] { waiting.resume(); })) waiting.resume();
}

void Loop::request_stop() {
    stopping_.store(true);
    wake();
}

void Loop::wait_for_iteration() const {
    const auto now = iterations_.load();
    if ((now & 1) != 0) iterations_.wait(now);
}

// ---- the loop's thread ----

void Loop::settle() {
    lane_.home().settle();
    runner_.store(std::this_thread::get_id());
}

bool Loop::run_once() {
    auto* const outer = std::exchange(this_threads_loop, this);
    iterations_.fetch_add(1);
    calm();
    const auto now = clock_.now();
    bool did = run_jobs();
    did = run_timers(now) || did;
    run_chore(now);
    did = lane_.has_work() || did;
    lane_.take();
    lane_.tick(now);
    lane_.flush(visits_per_iteration);
    lane_.reap(now);
    iterations_.fetch_add(1);
    iterations_.notify_all();
    this_threads_loop = outer;
    return did;
}

// In this order: who wakes it meanwhile may make fd() readable once too often, but never too rarely.
void Loop::calm() {
    if (!woken_.exchange(false) || fd_ < 0) return;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd_, &count, sizeof count);
}

bool Loop::run_jobs() {
    std::vector<Job> jobs;
    {
        const std::lock_guard lock(mutex_);
        jobs.swap(jobs_);
    }
    for (auto& job : jobs) job();
    return !jobs.empty();
}

bool Loop::run_timers(Now now) {
    std::vector<std::coroutine_handle<>> due;
    {
        const std::lock_guard lock(mutex_);
        // Whoever sleeps when it ends is woken to hear of it.
        const auto end = stopping_.load() ? timers_.end() : timers_.upper_bound(now.steady_ns);
        for (auto at = timers_.begin(); at != end; ++at) due.push_back(at->second);
        timers_.erase(timers_.begin(), end);
    }
    for (const auto waiting : due) waiting.resume();
    return !due.empty();
}

void Loop::run_chore(Now now) {
    if (now.steady_ns < next_chore_ns_) return;
    next_chore_ns_ = now.steady_ns + chore_period_ns_;
    chore_(now);
}

bool Loop::has_work() const {
    if (lane_.has_work()) return true;
    const std::lock_guard lock(mutex_);
    return !jobs_.empty() || (!timers_.empty() && timers_.begin()->first <= clock_.now().steady_ns);
}

bool Loop::has_jobs() const {
    const std::lock_guard lock(mutex_);
    return !jobs_.empty();
}

std::int64_t Loop::next_deadline_ns() const {
    const std::lock_guard lock(mutex_);
    const auto timer = timers_.empty() ? base::never_ns : timers_.begin()->first;
    return std::min({timer, next_chore_ns_, lane_.next_deadline_ns()});
}

void Loop::wait(std::int64_t until_ns) {
    // To be woken costs both sides some microseconds; in a stream of messages the next is here sooner.
    for (int look = 0; look < looks_before_sleep; ++look) {
        if (woken_.load(std::memory_order_relaxed)) return;
        pause();
    }
    until_ns = std::min(until_ns, next_deadline_ns());
    sleeping_.store(true);
    {
        std::unique_lock lock(mutex_);
        const auto is_woken = [this] { return woken_.load(); };
        const auto left = until_ns == base::never_ns ? 0 : until_ns - clock_.now().steady_ns;
        if (until_ns == base::never_ns) {
            changed_.wait(lock, is_woken);
        } else if (left > 0) {
            changed_.wait_for(lock, std::chrono::nanoseconds(left), is_woken);
        }
    }
    sleeping_.store(false);
}

void Loop::run() {
    settle();
    while (!stopping_.load()) {
        run_once();
        if (!has_work() && !stopping_.load()) wait(base::never_ns);
    }
    end();
}

void Loop::end() {
    settle();
    do {
        run_once();
    } while (!has_ended());
    runner_.store({});
    lane_.home().unsettle();
}

// Nothing is left to do, and nothing more is accepted.
bool Loop::has_ended() {
    if (lane_.has_work()) return false;
    const std::lock_guard lock(mutex_);
    ended_ = jobs_.empty() && timers_.empty();
    return ended_;
}

}  // namespace carillon::library
