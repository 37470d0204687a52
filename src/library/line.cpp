#include "library/line.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "hub/pattern.h"
#include "library/core.h"
#include "library/typed_value.h"

namespace carillon::detail {

namespace {

thread_local Line* this_threads_line = nullptr;

// Beside the bound on messages: what one slow subscriber may pin.
constexpr std::size_t queue_bytes_max = 64 * limits::mib;

hub::OutboxPolicy policy_of(const Terms& terms) {
    using OnFull = hub::OutboxPolicy::OnFull;
    constexpr OnFull on_full[] = {OnFull::wait, OnFull::drop_newest, OnFull::drop_oldest,
                                  OnFull::close};
    return {.messages_max = std::max<std::uint32_t>(terms.queue, 1),
            .bytes_max = queue_bytes_max,
            .on_full = on_full[static_cast<std::size_t>(terms.overflow)]};
}

Error error_of(hub::CloseReason why) {
    switch (why) {
        case hub::CloseReason::slow:
            return {ErrorKind::overloaded, "the subscription's queue was full"};
        case hub::CloseReason::memory:
            return {ErrorKind::overloaded, "the broker was out of memory for slow subscribers"};
        default:
            return {ErrorKind::closed, "the broker has stopped"};
    }
}

}  // namespace

// ---- what the handle holds ----

void Control::fail(Error why) {
    const Error* none = nullptr;
    auto* mine = new Error(std::move(why));
    if (!error.compare_exchange_strong(none, mine)) delete mine;
}

void Control::end() {
    open.store(false);
    if (reading == nullptr) return;
    std::coroutine_handle<> waiting;
    {
        const std::lock_guard lock(reading->mutex);
        waiting = std::exchange(reading->waiting, {});
        reading->changed.notify_all();
    }
    if (waiting) reading->waiting_on->resume(waiting);
}

// ---- on the loop ----

Line* Line::here() { return this_threads_line; }

Result<void> Line::join(std::string_view topic, const hub::Pattern* pattern, const Terms& terms) {
    auto& hub = core_.house().hub();
    const auto now = core_.now();
    topic_ = topic;
    const auto opened = hub.open(core_.house().app(), loop_.lane(), outbox_, *this,
                                 policy_of(terms), core_.format());
    if (opened.outcome != hub::Outcome::ok) return core_.error_of(opened.outcome, topic);
    session_ = opened.session;
    hub::JoinOptions options;
    options.group = terms.group;
    const auto outcome =
        pattern != nullptr
            ? hub.subscribe(*session_, *pattern, core_.format(), options, now).outcome
            : hub.subscribe(*session_, topic, core_.format(), options, now).outcome;
    if (outcome != hub::Outcome::ok) {
        auto error = core_.error_of(outcome, topic);
        hub.close(*std::exchange(session_, nullptr), hub::CloseReason::protocol);
        return error;
    }
    control_->line = this;
    control_->open.store(true);
    return {};
}

void Line::leave(hub::CloseReason why) {
    if (session_ != nullptr) core_.house().hub().close(*std::exchange(session_, nullptr), why);
    control_->line = nullptr;
    control_->end();
}

void Line::go_on() {
    if (outbox_.blocked()) outbox_.unblock();
}

// The session is still used above us: it goes when the iteration is over.
void Line::end_later(hub::CloseReason why) {
    control_->dropped.store(true);
    loop_.post([&core = core_, control = control_, why] {
        if (control->line != nullptr) core.close(*control->line, why);
    });
}

void Line::on_close(hub::CloseReason why) {
    auto error = error_of(why);
    error.message = topic_ + ": " + error.message;
    control_->fail(error);
    core_.report(error);
    end_later(why);
}

void Line::give_up() { on_close(hub::CloseReason::memory); }

void Line::write(hub::Outbox& outbox) {
    if (control_->reading != nullptr) return hand_to_reader(outbox);
    auto* const outer = std::exchange(this_threads_line, this);
    hand_over(outbox);
    this_threads_line = outer;
}

// The line where a message meets its handler.
void Line::hand_over(hub::Outbox& outbox) {
    std::uint32_t left = limits::handler_turn_max;
    while (const auto count = std::min(outbox.front_count(), left)) {
        std::uint32_t heard = 0;
        bool finished = true;
        while (heard < count && finished && !control_->dropped.load(std::memory_order_relaxed)) {
            const auto next = incoming(outbox, heard++);
            finished = receiver_->receive(next, *this);
        }
        if (heard != 0) outbox.consume_front(heard);
        if (!finished || heard < count) return outbox.block();
        left -= heard;
    }
}

void Line::hand_to_reader(hub::Outbox& outbox) {
    auto& reading = *control_->reading;
    std::coroutine_handle<> waiting;
    {
        const std::lock_guard lock(reading.mutex);
        if (!std::exchange(reading.asked, false)) return outbox.block();
        std::uint32_t left = limits::stream_handful_max;
        while (const auto count = std::min(outbox.front_count(), left)) {
            for (std::uint32_t n = 0; n < count; ++n) {
                const auto next = incoming(outbox, n);
                reading.ready.push_back({Keep(next.publication), std::string(next.topic), next.type,
                                         next.value, next.unix_ms});
            }
            outbox.consume_front(count);
            left -= count;
        }
        waiting = std::exchange(reading.waiting, {});
        reading.changed.notify_all();
    }
    outbox.block();
    if (waiting) reading.waiting_on->resume(waiting);
}

Incoming Line::incoming(const hub::Outbox& outbox, std::uint32_t n) const {
    const auto delivery = outbox.front_delivery(n);
    const auto* value = library::TypedValue::of(delivery.publication);
    return {.topic = delivery.channel,
            .type = value != nullptr ? &value->message_type() : nullptr,
            .value = value != nullptr ? value->get() : nullptr,
            .publication = &delivery.publication,
            .unix_ms = delivery.stamp.unix_ms};
}

}  // namespace carillon::detail
