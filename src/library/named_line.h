// library/named_line.h: a member of a named subscription (hub::Durable): takes one message after the other
// from it, and says how each went. It has no session: nothing waits in a queue, and what it does not take is kept.
//
// A handler has one in hand; of a function it is settled when that returns, of a coroutine when it has
// ended, though the subscription be dropped meanwhile. A stream's is settled when its reader asks for the next.
#pragma once

#include <cstdint>
#include <string>

#include "hub/durable.h"
#include "library/line.h"

namespace carillon::detail {

class NamedLine final : public Line {
 public:
    using Line::Line;

    Result<void> begin(std::string_view topic, const Terms& terms);

    void leave(hub::CloseReason why) override;
    void go_on() override;
    void look() override { take_next(); }
    bool lingers() const override { return in_hand_ && control_->reading == nullptr; }
    bool is_behind() override;

 private:
    Result<void> join(const Terms& terms);
    void take_next();
    bool wants() const;
    void report_lost();
    void hand_over(const hub::Durable::Taken& taken);
    // True: it is done with what it had in hand.
    bool settle(Hand::Settled settled);
    Result<void> publish(const std::vector<Hand::Effect>& effects);

    std::string name_{};
    bool exactly_once_ = false;
    hub::DurableRef durable_{};
    hub::Durable::Member member_ = 0;
    bool in_hand_ = false;
};

}  // namespace carillon::detail
