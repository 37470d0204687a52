// library/line.h: one subscription. Its Line lives on a loop and hands each publication to a receiver: what is
// published now (live_line.h), or what a name has not done with (named_line.h). Its Control is what the
// user's handle holds: it outlives the line, and any thread may use it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "carillon/detail/core.h"
#include "hub/hub.h"
#include "library/hand.h"
#include "library/loop.h"

namespace carillon::detail {

class Control : public std::enable_shared_from_this<Control> {
 public:
    // Of a stream: what left the queue for its reader, who asked.
    struct Reading {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<Pulled> ready;  // up to limits::stream_handful_max
        bool asked = false;        // the loop was told that the reader wants more
        std::coroutine_handle<> waiting{};
        library::Loop* waiting_on = nullptr;  // where it goes on; null: a thread waits
    };

    std::weak_ptr<Core> core;
    library::Loop* loop = nullptr;  // valid while the core is
    Line* line = nullptr;           // on the loop; null: it has ended
    std::atomic<bool> dropped{false};
    std::atomic<bool> open{false};
    std::atomic<const Error*> error{nullptr};  // set once
    std::unique_ptr<Reading> reading;          // null: it has a receiver
    std::unique_ptr<Hand> hand;                // null: it has no name

    ~Control() { delete error.load(); }
    void fail(Error why);
    void end();  // no more comes
};

// What a storage's thread rings: its line looks for more, on its loop, as long as there is one.
class Ring {
 public:
    explicit Ring(std::weak_ptr<Control> control, library::Loop& loop)
        : control_(std::move(control)), loop_(&loop) {}
    void operator()();
    void stop();  // from now on it does nothing

 private:
    std::mutex mutex_;
    const std::weak_ptr<Control> control_;
    library::Loop* loop_;
    std::atomic<bool> rung_{false};  // and its line has not looked yet
};

class Line {
 public:
    Line(Core& core, library::Loop& loop, std::shared_ptr<Control> control,
         std::unique_ptr<Receiver> receiver);
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    virtual ~Line();

    const std::shared_ptr<Control>& control() const { return control_; }
    Core& core() const { return core_; }

    // ---- on the loop ----

    virtual void leave(hub::CloseReason why) = 0;  // the line may be destroyed then
    virtual void go_on() = 0;  // its receiver has finished, or its reader wants more
    virtual void look() {}     // there may be more
    // Whether it stays, though it was dropped, until its receiver has finished.
    virtual bool lingers() const { return false; }
    // Whether there is something that it is to hear and has not, and nobody else knows of.
    virtual bool is_behind() { return false; }

 protected:
    void begun();  // it hears
    void left();   // no longer
    // It has ended by itself: goes when the iteration is over.
    void end_later(hub::CloseReason why);
    void end_later(Error why, hub::CloseReason reason = hub::CloseReason::lost);
    void look_later();
    // The line where a message meets its handler. False: that goes on, and go_on() follows.
    bool receive(const Incoming& incoming) { return receiver_->receive(incoming, *this); }
    // Nobody reads: whether the reader of this stream has asked for more.
    bool is_asked() const;
    void give_reader(const Incoming& incoming);
    void wake_reader();  // after that
    // A publication that did not come through the hub's queues is in its books all the same.
    void count(bool shown);
    bool is_dropped() const { return control_->dropped.load(std::memory_order_relaxed); }

    Core& core_;
    library::Loop& loop_;
    const std::shared_ptr<Control> control_;
    const std::shared_ptr<Ring> ring_;
    std::string topic_{};  // or pattern

 private:
    const std::unique_ptr<Receiver> receiver_;
};

Incoming incoming_of(const hub::Publication& publication, std::string_view topic,
                     const hub::Stamp& stamp);
Pulled pulled_of(const Incoming& incoming);

}  // namespace carillon::detail
