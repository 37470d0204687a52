// net/loop.h: one thread's event loop over Asio's epoll reactor. Everything with a home lives on
// one of these. It knows descriptors' readiness, timers and tasks; no protocol, no hub, no other
// loop.
//
// Three ways in, from hot to cold:
//   defer(task)  on the loop: run it once, after the handlers that are ready now
//   wake(task)   any thread: the same from outside; a storm of wakes costs one
//   post(work)   any thread: a closure through the bounded mailbox
//
// A Loop is built before its thread and destroyed after it: run() settles home_ and gives it up on
// return, so that main may take apart what lived here. Work still waiting then is destroyed unrun,
// by whoever destroys the Loop. Sockets, listeners and armed timers are destroyed before their
// Loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/thread_home.h"
#include "base/time.h"

namespace boost::asio {
class io_context;
}

namespace carillon::net {

class TimerWheel;

// Something a loop runs again and again: a lane's flush, its inbox. It may be destroyed when it is
// not waiting to run, or after run() returned: what waits holds a plain pointer, because these live
// as long as their loop does.
struct Task {
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    // On the loop, never twice at once; a wake during run() brings another run().
    virtual void run() = 0;

 protected:
    ~Task() = default;

 private:
    friend class Loop;
    std::atomic<bool> queued_{false};
};

class Loop {
 public:
    Loop(const base::Clock& clock, unsigned index);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void run();   // on its thread until stop()
    void stop();  // any thread, at any time; also before run(), which then returns at once

    // Any thread. First in, first out per sender. False: the mailbox is full, `work` is gone,
    // mailbox_refused() grew.
    bool post(std::function<void()> work);
    // Twice before it ran is once. Neither allocates beyond the handler memory Asio recycles.
    void defer(Task& task);  // on the loop
    void wake(Task& task);   // any thread

    TimerWheel& timers();
    // Fires what is due by the clock. The loop does so by itself, never early and at most a tick
    // and a millisecond late; a test that moved its ManualClock posts this.
    void run_due_timers();

    Now now() const { return clock_.now(); }
    unsigned index() const { return index_; }
    bool is_here() const { return home_.is_here(); }
    std::uint64_t mailbox_refused() const;  // any thread

    // For this room and for adapters that hand Asio a descriptor of their own (libpq, curl). On the
    // loop only, also for destroying what was built on it: the reactor's locks are off (loop.cpp
    // says why).
    boost::asio::io_context& context();

 private:
    struct Parts;

    void queue(Task& task);

    base::ThreadHome home_;
    const base::Clock& clock_;
    const unsigned index_;
    const std::unique_ptr<Parts> parts_;
};

}  // namespace carillon::net
