#include "hub/durable_ledger.h"

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"

namespace carillon::hub {
namespace {

constexpr std::int64_t year_ms = 366LL * 24 * 3600 * 1000;

std::int64_t after_ms(Now now, std::int64_t ms) {
    return now.steady_ns + std::clamp<std::int64_t>(ms, 0, year_ms) * base::ns_per_ms;
}

std::int64_t pause_ms(std::uint32_t deliveries, const DurableTerms& terms) {
    auto pause = std::max<std::int64_t>(terms.backoff_first_ms, 0);
    for (; deliveries > 1 && pause < terms.backoff_max_ms && pause != 0; --deliveries) pause *= 2;
    return std::min(pause, std::max<std::int64_t>(terms.backoff_max_ms, 0));
}

}  // namespace

void DurableLedger::begin_after(std::uint64_t offset) { read_ = high_ = heard_ = offset; }

void DurableLedger::add(std::vector<Kept>& page) {
    for (auto& kept : page) {
        const auto offset = kept.stamp.position.offset;
        if (offset <= read_) continue;
        read_ = offset;
        page_.push_back(std::move(kept));
    }
    page.clear();
}

std::uint64_t DurableLedger::skip_to(std::uint64_t offset) {
    ASSERT(page_.empty());
    if (offset <= read_) return 0;
    std::uint64_t lost = offset - std::min(offset, std::max(high_, heard_));
    for (auto at = owed_.upper_bound(high_); at != owed_.end() && *at <= offset; ++lost) {
        at = owed_.erase(at);
    }
    for (auto at = died_ahead_.begin(); at != died_ahead_.end() && *at <= offset; --lost) {
        at = died_ahead_.erase(at);
    }
    attempts_.erase(attempts_.begin(), attempts_.upper_bound(offset));
    read_ = high_ = offset;
    heard_ = std::max(heard_, offset);
    numbers_.lost += lost;
    heard_unsaved_ = true;
    return lost;
}

// ---- taking and answering ----

DurableLedger::Next DurableLedger::take(const Asking& asking, const DurableTerms& terms,
                                        Durable::Taken& out) {
    settle(asking.settled);
    if (is_alone(asking.settled)) return Next::nothing;
    bool counting = false;
    auto entry = next_ready(asking, terms, counting);
    if (counting && !entry) return Next::count;
    if (!entry) {
        const bool wait = barriers_ != 0 || (asking.only_member && !behind_.empty());
        if (wait || is_full()) return Next::nothing;
        entry = next_new();
        if (!entry) return Next::read;
        if ((*entry)->second.barrier) return take(asking, terms, out);
    }
    hand_out(*entry, asking, terms, out);
    return Next::got;
}

void DurableLedger::settle(std::uint64_t saves) {
    while (!counting_.empty() && counting_.begin()->first <= saves) {
        const auto entry = pending_.find(counting_.begin()->second);
        counting_.erase(counting_.begin());
        entry->second.prepared = true;
        move(entry, Where::ready);
    }
}

bool DurableLedger::must_be_counted(const Pending& pending) const {
    return !pending.prepared && (pending.deliveries != 0 || pending.barrier);
}

bool DurableLedger::is_alone(std::uint64_t settled) const {
    return alone_ != 0 || alone_save_ > settled;
}

// The lowest that may be handed out as it is. Of the others those that died on the way are buried, and
// those of which the attempt is to be saved first are set aside for it.
std::optional<DurableLedger::Entry> DurableLedger::next_ready(const Asking& asking,
                                                              const DurableTerms& terms,
                                                              bool& counting) {
    while (!ready_.empty()) {
        if (asking.only_member && *ready_.begin() != *behind_.begin()) break;
        const auto entry = pending_.find(*ready_.begin());
        auto& pending = entry->second;
        if (terms.deliveries_max != 0 && pending.deliveries >= terms.deliveries_max) {
            if (pending.reason.empty()) pending.reason = "no answer before the process ended";
            die(entry, asking.now);
        } else if (must_be_counted(pending)) {
            pending.counted = true;
            (pending.replay == 0 ? heard_unsaved_ : dead_unsaved_) = true;
            move(entry, Where::counting);
            counting_.emplace(saves_ + 1, entry->first);
            counting = true;
        } else {
            return entry;
        }
    }
    return std::nullopt;
}

std::optional<DurableLedger::Entry> DurableLedger::next_new() {
    while (!page_.empty()) {
        auto kept = std::move(page_.front());
        page_.pop_front();
        const auto offset = kept.stamp.position.offset;
        high_ = offset;
        const bool died = died_ahead_.erase(offset) != 0;
        if (offset > heard_ && !died) owed_.insert(offset);
        if (died) heard_ = std::max(heard_, offset);
        if (!owed_.contains(offset)) continue;
        const auto entry = pending_.try_emplace(offset).first;
        auto& pending = entry->second;
        pending.kept = std::move(kept);
        if (const auto attempts = attempts_.extract(offset); !attempts.empty()) {
            pending.deliveries = attempts.mapped();
            pending.suspect = true;
        }
        pending.barrier = pending.suspect || first_;
        if (pending.barrier) ++barriers_;
        first_ = false;
        move(entry, Where::ready);
        return entry;
    }
    return std::nullopt;
}

void DurableLedger::hand_out(Entry entry, const Asking& asking, const DurableTerms& terms,
                             Durable::Taken& out) {
    auto& [offset, pending] = *entry;
    if (pending.suspect) alone_ = offset;
    lift_barrier(pending);
    pending.prepared = false;
    pending.member = asking.member;
    ++pending.deliveries;
    move(entry, Where::hand,
         terms.ack_timeout_ms > 0 ? after_ms(asking.now, terms.ack_timeout_ms) : base::never_ns);
    ++numbers_.delivered;
    if (pending.deliveries > 1) ++numbers_.redelivered;
    out = {pending.kept, pending.deliveries, pending.replay};
}

bool DurableLedger::ack(Member member, std::uint64_t offset) {
    const auto entry = in_hand(member, offset);
    if (entry == pending_.end()) return false;
    if (alone_ == offset) alone_save_ = saves_ + 1;
    finish(entry);
    ++numbers_.acked;
    return true;
}

bool DurableLedger::nack(Member member, std::uint64_t offset, std::string_view reason, Now now,
                         const DurableTerms& terms) {
    const auto entry = in_hand(member, offset);
    if (entry == pending_.end()) return false;
    ++numbers_.nacked;
    fail(entry, reason, now, terms);
    return true;
}

bool DurableLedger::extend(Member member, std::uint64_t offset, Now now,
                           const DurableTerms& terms) {
    const auto entry = in_hand(member, offset);
    if (entry == pending_.end()) return false;
    if (terms.ack_timeout_ms > 0) move(entry, Where::hand, after_ms(now, terms.ack_timeout_ms));
    return true;
}

DurableLedger::Entry DurableLedger::in_hand(Member member, std::uint64_t offset) {
    const auto entry = pending_.find(offset);
    if (entry == pending_.end() || entry->second.where != Where::hand) return pending_.end();
    return entry->second.member == member ? entry : pending_.end();
}

bool DurableLedger::is_full() const { return pending_.size() >= limits::durable_in_hand_max; }

void DurableLedger::leave(Member member) {
    for (auto entry = pending_.begin(); entry != pending_.end(); ++entry) {
        auto& pending = entry->second;
        if (pending.where != Where::hand || pending.member != member) continue;
        if (alone_ == entry->first) alone_ = 0;
        --pending.deliveries;
        move(entry, Where::ready);
        if (pending.counted) (pending.replay == 0 ? heard_unsaved_ : dead_unsaved_) = true;
    }
}

void DurableLedger::tick(Now now, const DurableTerms& terms) {
    while (!timers_.empty() && timers_.begin()->first <= now.steady_ns) {
        const auto entry = pending_.find(timers_.begin()->second);
        if (entry->second.where == Where::waiting) {
            move(entry, Where::ready);
            continue;
        }
        ++numbers_.timed_out;
        fail(entry, "no answer in time", now, terms);
    }
}

std::int64_t DurableLedger::next_timer_ns() const {
    return timers_.empty() ? base::never_ns : timers_.begin()->first;
}

void DurableLedger::fail(Entry entry, std::string_view reason, Now now, const DurableTerms& terms) {
    auto& [offset, pending] = *entry;
    pending.reason = reason.substr(0, limits::dead_letter_reason_bytes_max);
    if (alone_ == offset) alone_ = 0;
    if (terms.deliveries_max != 0 && pending.deliveries >= terms.deliveries_max) {
        return die(entry, now);
    }
    move(entry, Where::waiting, after_ms(now, pause_ms(pending.deliveries, terms)));
}

// From one place to another, with all that is counted and sorted by place.
void DurableLedger::move(Entry entry, Where where, std::int64_t timer_ns) {
    auto& [offset, pending] = *entry;
    if (pending.timer_ns != base::never_ns) timers_.erase({pending.timer_ns, offset});
    if (pending.where == Where::ready) ready_.erase(offset);
    if (pending.where == Where::fetching) fetching_.erase(offset);
    pending.where = where;
    pending.timer_ns = timer_ns;
    if (timer_ns != base::never_ns) timers_.emplace(timer_ns, offset);
    if (where == Where::hand) behind_.erase(offset);
    if (where != Where::hand) behind_.insert(offset);
    if (where == Where::ready) ready_.insert(offset);
    if (where == Where::fetching) fetching_.insert(offset);
}

void DurableLedger::lift_barrier(Pending& pending) {
    if (pending.barrier) --barriers_;
    pending.barrier = pending.suspect = false;
}

void DurableLedger::finish(Entry entry) {
    const auto offset = entry->first;
    const bool replay = entry->second.replay != 0;
    if (alone_ == offset) alone_ = 0;
    lift_barrier(entry->second);
    move(entry, Where::hand);  // out of every list
    pending_.erase(entry);
    if (replay) {
        dead_unsaved_ = true;
        return;
    }
    owed_.erase(offset);
    heard_ = std::max(heard_, offset);
    heard_unsaved_ = true;
}

std::uint64_t DurableLedger::cursor() const {
    return owed_.empty() ? std::max(high_, heard_) : *owed_.begin() - 1;
}

Durable::Numbers DurableLedger::numbers() const {
    auto numbers = numbers_;
    numbers.cursor = cursor();
    numbers.in_hand = pending_.size() - behind_.size();
    numbers.waiting = behind_.size();
    numbers.dead = dead_.size();
    return numbers;
}

}  // namespace carillon::hub
