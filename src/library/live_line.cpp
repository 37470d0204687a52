#include "library/live_line.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "hub/pattern.h"
#include "library/core.h"

namespace carillon::detail {

namespace {

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
        case hub::CloseReason::lost:
            return {ErrorKind::not_found, "what it was to hear next is not kept any more"};
        default:
            return {ErrorKind::closed, "the broker has stopped"};
    }
}

}  // namespace

Result<void> LiveLine::begin(std::string_view topic, const hub::Pattern* pattern,
                             const Terms& terms) {
    topic_ = topic;
    TRY(open(terms));
    const auto from = terms.from.kind();
    const bool now = from == From::Kind::automatic || from == From::Kind::now;
    auto begun_so = now ? join(pattern, terms) : open_past(terms.from);
    if (!begun_so) {
        core_.house().hub().close(*std::exchange(session_, nullptr), hub::CloseReason::protocol);
        return begun_so;
    }
    begun();
    if (past_ != nullptr) look_later();
    return {};
}

Result<void> LiveLine::open(const Terms& terms) {
    const auto opened = core_.house().hub().open(core_.house().app(), loop_.lane(), outbox_, *this,
                                                 policy_of(terms), core_.format());
    if (opened.outcome != hub::Outcome::ok) return core_.error_of(opened.outcome, topic_);
    session_ = opened.session;
    return {};
}

Result<void> LiveLine::join(const hub::Pattern* pattern, const Terms& terms) {
    auto& hub = core_.house().hub();
    hub::JoinOptions options;
    options.group = terms.group;
    const auto outcome =
        pattern != nullptr
            ? hub.subscribe(*session_, *pattern, core_.format(), options, core_.now()).outcome
            : hub.subscribe(*session_, topic_, core_.format(), options, core_.now()).outcome;
    if (outcome != hub::Outcome::ok) return core_.error_of(outcome, topic_);
    return {};
}

void LiveLine::leave(hub::CloseReason why) {
    if (past_ != nullptr) {
        core_.hooks().after_unsubscribe(core_.house().app(), topic_);
        end_past();
    }
    if (session_ != nullptr) core_.house().hub().close(*std::exchange(session_, nullptr), why);
    left();
}

void LiveLine::go_on() {
    in_flight_ = false;
    if (past_ != nullptr) return hear_past();
    if (outbox_.blocked()) outbox_.unblock();
}

void LiveLine::on_close(hub::CloseReason why) {
    auto error = error_of(why);
    error.message = topic_ + ": " + error.message;
    control_->fail(error);
    core_.report(error);
    end_later(why);
}

void LiveLine::give_up() { on_close(hub::CloseReason::memory); }

// ---- the past ----

// Hooks are asked now, and not when it joins.
Result<void> LiveLine::open_past(const From& from) {
    TRY(core_.ask_hooks(topic_));
    auto opened = core_.read(topic_, from, ring_);
    if (!opened) {
        core_.hooks().after_unsubscribe(core_.house().app(), topic_);
        return std::move(opened).error();
    }
    past_ = std::make_unique<Past>(std::move(*opened));
    core_.beside.fetch_add(1);
    if (control_->reading == nullptr) core_.in_flight.fetch_add(1);  // who drains waits for this
    return {};
}

void LiveLine::end_past() {
    past_.reset();
    core_.beside.fetch_sub(1);
    if (control_->reading == nullptr) core_.in_flight.fetch_sub(1);
}

void LiveLine::look() {
    if (past_ != nullptr) hear_past();
}

void LiveLine::hear_past() {
    const bool reads = control_->reading != nullptr;
    if (in_flight_ || is_dropped() || (reads && !is_asked())) return;
    auto left = reads ? limits::stream_handful_max : limits::handler_turn_max;
    const auto all = left;
    auto page = hub::Reader::Page::some;
    while (left != 0 && !in_flight_ && !is_dropped()) {
        page = past_->look();
        if (page != hub::Reader::Page::some) break;
        pass_on_past();
        --left;
    }
    if (reads && left != all) return wake_reader();  // who asks again
    if (page == hub::Reader::Page::lost) {
        end_later({ErrorKind::not_found, "what it was to hear next is lost: " + past_->why()});
    } else if (page == hub::Reader::Page::end) {
        join_after_past();
    } else if (left == 0) {
        look_later();
    }
}

void LiveLine::pass_on_past() {
    const auto one = past_->front();
    past_->pop();
    const bool shown = one.publication->kind() == hub::Kind::message;
    count(shown);
    if (!shown) return;
    const auto next = incoming_of(*one.publication, topic_, one.stamp);
    if (control_->reading != nullptr) return give_reader(next);
    in_flight_ = !receive(next);
}

// What was published since the last page was fetched is replayed through the queue, which must have room
// for it.
void LiveLine::join_after_past() {
    auto& hub = core_.house().hub();
    const library::HookChain::AskedAlready asked;
    auto joined = hub.subscribe(*session_, topic_, core_.format(),
                                hub::JoinOptions{.recover = past_->position()}, core_.now());
    if (joined.outcome != hub::Outcome::ok) {
        return end_later(core_.error_of(joined.outcome, topic_), hub::CloseReason::protocol);
    }
    if (joined.recovery == hub::Recovery::recovered) {
        loop_.lane().replay(outbox_, std::move(joined.missed));
        return end_past();
    }
    hub.unsubscribe(*session_, topic_, core_.now());
    if (joined.recovery == hub::Recovery::unknown_epoch && past_->position().offset == 0) {
        return begin_anew();
    }
    if (joined.recovery == hub::Recovery::unknown_epoch ||
        joined.recovery == hub::Recovery::ahead || joined.recovery == hub::Recovery::not_kept) {
        return end_later({ErrorKind::not_found, "the topic began anew"});
    }
    look_later();  // too much came meanwhile
}

// There was nothing when it looked, not even the topic: everything came since.
void LiveLine::begin_anew() {
    auto opened = core_.read(topic_, From::beginning(), ring_);
    if (!opened) return end_later(std::move(opened).error());
    past_ = std::make_unique<Past>(std::move(*opened));
    look_later();
}

// ---- what is published ----

void LiveLine::write(hub::Outbox& outbox) {
    control_->reading != nullptr ? hand_to_reader(outbox) : hand_over(outbox);
}

void LiveLine::hand_over(hub::Outbox& outbox) {
    std::uint32_t left = limits::handler_turn_max;
    while (const auto count = std::min(outbox.front_count(), left)) {
        std::uint32_t heard = 0;
        bool finished = true;
        while (heard < count && finished && !is_dropped()) {
            finished = receive(incoming(outbox, heard++));
        }
        if (heard != 0) outbox.consume_front(heard);
        if (!finished || heard < count) return outbox.block();
        left -= heard;
    }
}

void LiveLine::hand_to_reader(hub::Outbox& outbox) {
    auto& reading = *control_->reading;
    std::coroutine_handle<> waiting;
    {
        const std::lock_guard lock(reading.mutex);
        if (!std::exchange(reading.asked, false)) return outbox.block();
        std::uint32_t left = limits::stream_handful_max;
        while (const auto count = std::min(outbox.front_count(), left)) {
            for (std::uint32_t n = 0; n < count; ++n) {
                reading.ready.push_back(pulled_of(incoming(outbox, n)));
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

Incoming LiveLine::incoming(const hub::Outbox& outbox, std::uint32_t n) const {
    const auto delivery = outbox.front_delivery(n);
    return incoming_of(delivery.publication, delivery.channel, delivery.stamp);
}

}  // namespace carillon::detail
