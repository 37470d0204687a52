// How a named subscription begins, or goes on where it was.
#include "base/limits.h"
#include "hub/durable_subscription.h"

namespace carillon::hub {

Result<void> DurableSubscription::start(const DurableTerms& terms, Now now) {
    const std::lock_guard starting(start_mutex_);
    const bool first = !started_;
    if (first) {
        TRY_AS(const bool is_known, load());
        const From on{.kind = From::Kind::offset, .value = ledger_.read_from(), .after = {}};
        TRY(open_first(is_known ? on : terms.from, is_known));
        if (!is_known && !unresolved_)
            ledger_.save_heard();  // from here on, whenever it comes back
    }
    Lock lock(mutex_);
    started_ = true;
    terms_ = terms;
    now_ = now;
    if (first) save(lock);
    end(lock, false);
    return {};
}

// False: there is nothing, the name is new.
Result<bool> DurableSubscription::load() {
    const auto heard = ports_.cursors.load(*app_, channel_, name_);
    const auto dead = ports_.cursors.load(*app_, channel_, dead_name(name_));
    if (heard.empty()) return false;
    TRY_AS(const auto heard_state, decode_heard(heard));
    std::vector<DeadState> letters;
    if (!dead.empty()) {
        TRY_AS(letters, decode_dead(dead));
    }
    ledger_ = {};
    ledger_.restore(heard_state, letters);
    return true;
}

Result<void> DurableSubscription::open_first(const From& from, bool is_known) {
    auto opened = open_reader(from, 0);
    switch (opened.recovery) {
        case Recovery::unknown_epoch:
            return Error{ErrorKind::invalid, "to begin after a position of another epoch"};
        case Recovery::ahead:
            return Error{ErrorKind::invalid, "to begin at an offset that was never given"};
        case Recovery::not_kept:
            return Error{ErrorKind::unsupported, "this channel is not kept for good"};
        default:
            break;
    }
    reader_ = std::move(opened.reader);
    lost_ = reader_ == nullptr;
    unresolved_ = !lost_ && !is_known && from.kind == From::Kind::time;
    if (is_known || unresolved_) return {};
    const auto wanted =
        from.kind == From::Kind::after ? from.after.offset : from.value - (from.value == 0 ? 0 : 1);
    ledger_.begin_after(lost_ ? wanted : reader_->position().offset);
    return {};
}

}  // namespace carillon::hub
