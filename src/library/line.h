// library/line.h: one subscription. Its Line lives on a loop: a session of the hub, with a queue of its
// own, and a door that hands each publication to a receiver. Its Control is what the user's handle
// holds: it outlives the line, and any thread may use it.
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

    ~Control() { delete error.load(); }
    void fail(Error why);
    void end();  // no more comes
};

class Line final : public hub::Subscriber, public hub::Door {
 public:
    Line(Core& core, library::Loop& loop, std::shared_ptr<Control> control,
         std::unique_ptr<Receiver> receiver)
        : core_(core),
          loop_(loop),
          control_(std::move(control)),
          receiver_(std::move(receiver)),
          outbox_(loop.lane(), *this) {}

    const std::shared_ptr<Control>& control() const { return control_; }
    Core& core() const { return core_; }

    // `pattern` null: `topic` is one.
    Result<void> join(std::string_view topic, const hub::Pattern* pattern, const Terms& terms);
    void leave(hub::CloseReason why);  // the line may be destroyed then
    void go_on();                      // its receiver has finished, or its reader wants more

    // The line whose handler this thread is in; null: none.
    static Line* here();

    void on_close(hub::CloseReason why) override;
    void write(hub::Outbox& outbox) override;
    std::size_t write_now(std::string_view) override { return 0; }  // it has no bytes
    void give_up() override;

 private:
    void hand_over(hub::Outbox& outbox);
    void hand_to_reader(hub::Outbox& outbox);
    Incoming incoming(const hub::Outbox& outbox, std::uint32_t n) const;
    void end_later(hub::CloseReason why);

    Core& core_;
    library::Loop& loop_;
    const std::shared_ptr<Control> control_;
    const std::unique_ptr<Receiver> receiver_;
    hub::Outbox outbox_;
    hub::Session* session_ = nullptr;
    std::string topic_{};  // or pattern
};

}  // namespace carillon::detail
