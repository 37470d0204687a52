// library/live_line.h: a subscription that hears what is published: a session of the hub, with a queue of
// its own, and a door that hands each publication to the receiver. Before that, if it wants, it hears the
// past: read beside the channel, at its own pace and without the queue, until nothing more is there; then it
// joins with its position, so that nothing is missing and nothing comes twice. If too much came meanwhile it
// reads on.
#pragma once

#include <memory>

#include "library/line.h"
#include "library/past.h"

namespace carillon::detail {

class LiveLine final : public Line, public hub::Subscriber, public hub::Door {
 public:
    LiveLine(Core& core, library::Loop& loop, std::shared_ptr<Control> control,
             std::unique_ptr<Receiver> receiver)
        : Line(core, loop, std::move(control), std::move(receiver)), outbox_(loop.lane(), *this) {}

    // `pattern` null: `topic` is one.
    Result<void> begin(std::string_view topic, const hub::Pattern* pattern, const Terms& terms);

    void leave(hub::CloseReason why) override;
    void go_on() override;
    void look() override;
    // What it missed while it joined may still come from a disk.
    bool is_behind() override { return control_->reading == nullptr && outbox_.replays(); }

    void on_close(hub::CloseReason why) override;
    void write(hub::Outbox& outbox) override;
    std::size_t write_now(std::string_view) override { return 0; }  // it has no bytes
    void give_up() override;

 private:
    Result<void> open(const Terms& terms);
    Result<void> open_past(const From& from);
    Result<void> join(const hub::Pattern* pattern, const Terms& terms);
    void hear_past();
    void pass_on_past();
    void join_after_past();
    void begin_anew();
    void end_past();
    void hand_over(hub::Outbox& outbox);
    void hand_to_reader(hub::Outbox& outbox);
    Incoming incoming(const hub::Outbox& outbox, std::uint32_t n) const;

    hub::Outbox outbox_;
    hub::Session* session_ = nullptr;
    std::unique_ptr<Past> past_{};  // null: it hears what is published
    bool in_flight_ = false;        // its receiver has not finished with something of the past
};

}  // namespace carillon::detail
