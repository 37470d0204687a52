// The flush: from frames in batches to bytes in sockets. One round: what is dirty is sealed; the
// walk offers it to every entry (or, if one batch is all there is, writes it at once where nothing
// waits); then each listed outbox is written once. A round may be cut short anywhere and goes on at
// its cursor; open batches grow meanwhile, so that coalescing rises with load.
#include "base/assert.h"
#include "hub/lane.h"

namespace carillon::hub {

bool Lane::flush(std::size_t visits) {
    ASSERT(home_.is_here());
    if (walking_.empty() && visiting_.empty()) start_round();
    visits -= walk(visits);
    while (visits != 0 && walking_.empty() && !visiting_.empty()) {
        Outbox& outbox = visiting_.front();
        visiting_.pop_front();
        visit(outbox);
        --visits;
    }
    if (walking_.empty() && visiting_.empty()) awaited_.end_round(round_);
    return !walking_.empty() || !visiting_.empty() || !dirty_.empty() || !ready_.empty() ||
           !replaying_.empty();
}

void Lane::start_round() {
    ++round_;
    visiting_.swap(ready_);
    for (auto left = limits::replays_per_round_max; left != 0 && !replaying_.empty(); --left) {
        visiting_.splice(visiting_.end(), replaying_, replaying_.begin());
    }
    walking_.swap(dirty_);
    walk_at_ = 0;
    unoffered_bytes_ = 0;
    for (auto* audience : walking_) audience->seal();
    // Who reads by reference does as he likes while he reads: that is no place to walk.
    direct_ = walking_.size() == 1 &&
              walking_[0]->offering().first == walking_[0]->offering().last &&
              !walking_[0]->by_reference();
}

std::size_t Lane::walk(std::size_t visits) {
    const auto granted = visits;
    offering_ = true;
    while (visits != 0 && walk_at_ < walking_.size()) {
        Audience& audience = *walking_[walk_at_];
        if (audience.offering().first->frames.empty()) {
            // Its format showed nothing of what it took.
            audience.cursor = static_cast<std::uint32_t>(audience.entries().size());
        } else {
            visits -= direct_ ? walk_directly(audience, visits) : walk_offering(audience, visits);
        }
        if (audience.cursor < audience.entries().size()) break;
        finish_walk(audience);
        if (++walk_at_ == walking_.size()) walking_.clear();
    }
    offering_ = false;
    return granted - visits;
}

std::size_t Lane::walk_directly(Audience& audience, std::size_t visits) {
    Batch& batch = *audience.offering().first;
    const auto frames = batch.frame_count();
    const auto first_number = batch.frames.front().number;
    const auto bytes = batch.bytes.view();
    auto& entries = audience.entries();
    const auto end = std::min<std::size_t>(entries.size(), audience.cursor + visits);
    const auto begin = audience.cursor;
    std::uint64_t complete = 0;
    while (audience.cursor < end) {
        Audience::Entry& entry = entries[audience.cursor++];
        if (audience.cursor + 4 < end) __builtin_prefetch(entries[audience.cursor + 4].outbox);
        if (entry.outbox == nullptr || entry.after >= first_number || !entry.outbox->empty() ||
            entry.outbox->blocked()) {
            if (entry.outbox != nullptr) audience.offer(*this, entry, audience.offering());
            continue;
        }
        const auto taken = entry.outbox->door_.write_now(bytes);
        if (taken == bytes.size()) {
            ++complete;
            continue;
        }
        audience.offer(*this, entry, audience.offering());
        entry.outbox->forward(taken);  // what write_now committed is what comes behind
        after_write(*entry.outbox);
    }
    books_.delivered.add(complete * frames);
    books_.pending_batch.subtract(complete * frames);
    books_.bytes_sent.add(complete * bytes.size());
    books_.writes.add(complete);
    audience.local().app_books().sent.add(complete * frames);
    audience.local().app_books().sent_bytes.add(complete * bytes.size());
    return end - begin;
}

std::size_t Lane::walk_offering(Audience& audience, std::size_t visits) {
    auto& entries = audience.entries();
    const auto end = std::min<std::size_t>(entries.size(), audience.cursor + visits);
    const auto begin = audience.cursor;
    while (audience.cursor < end) {
        Audience::Entry& entry = entries[audience.cursor++];
        if (audience.cursor + 4 < end) __builtin_prefetch(entries[audience.cursor + 4].outbox);
        if (entry.outbox != nullptr) audience.offer(*this, entry, audience.offering());
    }
    return end - begin;
}

// Everyone was offered the round's frames: the audience lets go of them. Who is slow keeps its own
// hold.
void Lane::finish_walk(Audience& audience) {
    auto& chain = audience.offering();
    while (chain.first != nullptr) {
        Batch* batch = chain.first;
        chain.first = batch->next;
        batch->next = nullptr;
        if (batch->holders > 1) batches_.trim(*batch);
        batches_.drop(batch);
    }
    chain.last = nullptr;
    audience.cursor = 0;
}

void Lane::visit(Outbox& outbox) {
    if (!outbox.blocked()) outbox.open_front();
    if (!outbox.blocked() && outbox.has_front()) {
        outbox.door_.write(outbox);
        books_.writes.add();
    }
    if (!outbox.empty()) after_write(outbox);
}

// The one place where an outbox's policy is applied: to what remains after a write.
void Lane::after_write(Outbox& outbox) {
    auto* session = outbox.session_;
    if (session != nullptr && session->state_ == Session::State::open &&
        outbox.over(session->policy_)) {
        books_.overflows.add();
        apply_policy(*session);
    }
    if (outbox.empty()) return;
    if (!outbox.blocked() && !outbox.has_front()) return park(outbox, fetching_);
    if (!outbox.blocked()) return list(outbox);  // its share of this round is used up: in the next
    outbox.compact();
    park(outbox, blocked_);
}

void Lane::park(Outbox& outbox, OutboxList& list) {
    outbox.unlink();
    outbox.parked_ = true;
    list.push_back(outbox);
}

void Lane::apply_policy(Session& session) {
    const auto& policy = session.policy_;
    auto& outbox = *session.outbox_;
    const auto drop = [&](DropReason reason, std::uint32_t frames) {
        books_.dropped[static_cast<std::size_t>(reason)].add(frames);
        if (session.gate_ != nullptr) session.gate_->give_back(frames);
    };
    switch (policy.on_full) {
        case OutboxPolicy::OnFull::close:
            return doom(session, CloseReason::slow);
        case OutboxPolicy::OnFull::wait:  // somebody published who could not wait
        case OutboxPolicy::OnFull::drop_newest:
            return drop(DropReason::newest, outbox.cut_newest(policy));
        case OutboxPolicy::OnFull::drop_oldest:
            return drop(DropReason::oldest, outbox.cut_oldest(policy));
    }
}

// To be written, or looked at if it is blocked. Whoever is not empty is on exactly one list.
void Lane::list(Outbox& outbox) {
    const bool in_this_round = offering_ && !outbox.replays();
    if (outbox.is_linked() && !outbox.parked_ && !in_this_round) return;
    outbox.unlink();
    outbox.parked_ = false;
    if (in_this_round) return visiting_.push_back(outbox);
    (outbox.replays() ? replaying_ : ready_).push_back(outbox);
    need_iteration();
}

void Lane::forget(Outbox& outbox) {
    outbox.unlink();
    outbox.discard();
}

}  // namespace carillon::hub
