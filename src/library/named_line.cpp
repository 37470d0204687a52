#include "library/named_line.h"

#include <utility>

#include "base/limits.h"
#include "library/core.h"

namespace carillon::detail {

Result<void> NamedLine::begin(std::string_view topic, const Terms& terms) {
    topic_ = topic;
    name_ = terms.name;
    exactly_once_ = terms.guarantee == Guarantee::exactly_once;
    TRY(core_.ask_hooks(topic_));
    if (auto joined = join(terms); !joined) {
        core_.hooks().after_unsubscribe(core_.house().app(), topic_);
        return joined;
    }
    core_.beside.fetch_add(1);
    begun();
    look_later();
    return {};
}

Result<void> NamedLine::join(const Terms& terms) {
    TRY_AS(durable_, core_.open_named(topic_, terms));
    member_ = durable_->join([ring = ring_] { (*ring)(); }, exactly_once_);
    if (member_ != 0) return {};
    return Error{ErrorKind::forbidden,
                 topic_ + ": " + name_ + " has a subscription already, and exactly_once has one"};
}

void NamedLine::leave(hub::CloseReason) {
    if (durable_ == nullptr) return;
    left();
    durable_->leave(member_);
    durable_.reset();
    core_.beside.fetch_sub(1);
    core_.hooks().after_unsubscribe(core_.house().app(), topic_);
}

void NamedLine::go_on() {
    if (in_hand_) {
        auto& hand = *control_->hand;
        in_hand_ = !settle(control_->reading != nullptr ? hand.settle_if_done() : hand.settle());
    }
    if (is_dropped() && !in_hand_) return core_.close(*this, hub::CloseReason::peer);
    take_next();
}

bool NamedLine::wants() const {
    return !core_.stopped() && !in_hand_ && !is_dropped() &&
           (control_->reading == nullptr || is_asked());
}

void NamedLine::take_next() {
    using Take = hub::Durable::Take;
    for (auto left = limits::handler_turn_max; wants(); --left) {
        if (left == 0) return look_later();
        hub::Durable::Taken taken;
        const auto took = durable_->take(member_, core_.now(), taken);
        if (took == Take::nothing) return;
        took == Take::lost ? report_lost() : hand_over(taken);
    }
}

void NamedLine::report_lost() {
    const auto count = durable_->skip_lost(core_.now());
    core_.report({ErrorKind::not_found, topic_ + ": " + std::to_string(count) +
                                            " messages were let go of before " + name_ +
                                            " heard them"});
}

void NamedLine::hand_over(const hub::Durable::Taken& taken) {
    const auto& publication = *taken.kept.publication;
    const bool shown = publication.kind() == hub::Kind::message;
    count(shown);
    const auto offset = taken.kept.stamp.position.offset;
    control_->hand->take(offset,
                         exactly_once_ ? publisher_of(topic_, name_, taken.replay, offset) : 0);
    in_hand_ = true;
    auto next = incoming_of(publication, topic_, taken.kept.stamp);
    next.deliveries = taken.deliveries;
    if (exactly_once_) next.control = control_.get();
    if (shown && control_->reading != nullptr) {
        give_reader(next);
        return wake_reader();
    }
    if (!shown || receive(next)) in_hand_ = !settle(control_->hand->settle());
}

bool NamedLine::settle(Hand::Settled settled) {
    if (settled.offset == 0 || settled.stopped) return false;
    // It took too long, and is heard again: its effects are published then.
    if (!settled.failure && !settled.effects.empty() &&
        !durable_->extend(member_, settled.offset, core_.now())) {
        return true;
    }
    if (!settled.failure) {
        if (auto published = publish(settled.effects); !published) {
            core_.count_failure();
            core_.report(published.error());
            settled.failure = std::move(published).error().message;
        }
    }
    // Whether it was in time is the durable's business: if not, it is heard again.
    if (settled.failure) {
        (void)durable_->nack(member_, settled.offset, *settled.failure, core_.now());
    } else {
        (void)durable_->ack(member_, settled.offset, core_.now());
    }
    return true;
}

// In their order. What was published for an earlier delivery of this message is there already.
Result<void> NamedLine::publish(const std::vector<Hand::Effect>& effects) {
    for (const auto& effect : effects) {
        const auto outcome = core_.publish(effect.topic, effect.publication, {}).outcome;
        if (outcome == hub::Outcome::ok || outcome == hub::Outcome::already) continue;
        auto error = core_.error_of(outcome, effect.topic);
        error.message = topic_ + ": publishing with it: " + error.message;
        return error;
    }
    return {};
}

// What was stored and not taken: whoever drains waits for it, but not for what is to be heard again, nor for
// readers.
bool NamedLine::is_behind() {
    if (control_->reading != nullptr || is_dropped()) return false;
    const auto numbers = durable_->numbers();
    if (in_hand_ || numbers.waiting != 0 || numbers.in_hand != 0) return false;
    auto opened = core_.read(topic_, From::now(), nullptr);
    return opened && (*opened)->position().offset > numbers.cursor;
}

}  // namespace carillon::detail
