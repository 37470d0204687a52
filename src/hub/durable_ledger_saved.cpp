// What of the ledger is written down, and the dead letters.
#include <algorithm>

#include "base/limits.h"
#include "hub/durable_ledger.h"

namespace carillon::hub {

void DurableLedger::restore(const HeardState& heard, const std::vector<DeadState>& letters) {
    heard_ = heard.newest;
    for (const auto& range : heard.owed) {
        for (auto offset = range.first; offset <= range.last; ++offset) owed_.insert(offset);
    }
    for (const auto& attempt : heard.attempts) {
        attempts_.emplace(attempt.offset, attempt.deliveries);
    }
    for (const auto& dead : letters) {
        const auto offset = dead.letter.offset;
        // They are saved first: a crash in between must not make a message dead and owed.
        owed_.erase(offset);
        if (offset > heard_) died_ahead_.insert(offset);
        if (!dead.replaying) {
            dead_.push_back(dead);
            continue;
        }
        const auto entry = pending_.try_emplace(offset).first;
        auto& pending = entry->second;
        pending.replay = dead.replay;
        pending.deliveries = dead.letter.deliveries;
        pending.reason = dead.letter.reason;
        pending.suspect = pending.barrier = pending.deliveries != 0;
        if (pending.barrier) ++barriers_;
        move(entry, Where::fetching);
    }
    read_ = high_ = owed_.empty() ? heard_ : *owed_.begin() - 1;
}

HeardState DurableLedger::heard() const {
    HeardState state;
    state.cursor = cursor();
    state.newest = std::max(heard_, state.cursor);
    for (const auto offset : owed_) {
        if (offset > state.newest) break;
        if (!state.owed.empty() && state.owed.back().last + 1 == offset) {
            state.owed.back().last = offset;
        } else {
            state.owed.push_back({offset, offset});
        }
    }
    for (const auto& [offset, pending] : pending_) {
        if (pending.replay != 0) continue;
        const bool about = pending.where == Where::counting || pending.prepared;
        const auto deliveries = pending.deliveries + (about ? 1 : 0);
        const bool failed = pending.where != Where::hand && deliveries != 0;
        if (deliveries > 1 || failed || (pending.counted && deliveries != 0)) {
            state.attempts.push_back({offset, deliveries});
        }
    }
    // Those that were not looked at yet are above those that were.
    for (const auto& [offset, deliveries] : attempts_) {
        state.attempts.push_back({offset, deliveries});
    }
    return state;
}

std::vector<DeadState> DurableLedger::dead() const {
    std::vector<DeadState> letters(dead_.begin(), dead_.end());
    for (const auto& [offset, pending] : pending_) {
        if (pending.replay == 0) continue;
        const bool about = pending.where == Where::counting || pending.prepared;
        letters.push_back({{offset, pending.deliveries + (about ? 1 : 0), 0, pending.reason},
                           pending.replay,
                           true});
    }
    return letters;
}

DurableLedger::Note DurableLedger::begin_save() {
    Note note;
    note.number = ++saves_;
    if (heard_unsaved_) note.heard = encode(heard());
    if (dead_unsaved_) {
        const auto letters = dead();
        note.dead = letters.empty() ? std::string() : encode(letters);
    }
    heard_unsaved_ = dead_unsaved_ = false;
    return note;
}

void DurableLedger::save_refused(const Note& note) {
    heard_unsaved_ |= note.heard.has_value();
    dead_unsaved_ |= note.dead.has_value();
}

// ---- dead letters ----

std::vector<DeadLetter> DurableLedger::dead_letters() const {
    std::vector<DeadLetter> letters;
    letters.reserve(dead_.size());
    for (const auto& dead : dead_) letters.push_back(dead.letter);
    return letters;
}

void DurableLedger::die(Entry entry, Now now) {
    const auto& [offset, pending] = *entry;
    DeadState dead{{offset, pending.deliveries, now.unix_ms, pending.reason}, pending.replay};
    finish(entry);
    ++numbers_.died;
    bury(std::move(dead));
}

void DurableLedger::bury(DeadState letter) {
    dead_.push_back(std::move(letter));
    dead_unsaved_ = true;
    if (dead_.size() <= limits::dead_letters_max) return;
    dead_.pop_front();
    ++numbers_.dead_dropped;
}

bool DurableLedger::replay(std::uint64_t offset) {
    const auto at = std::find_if(dead_.begin(), dead_.end(),
                                 [&](const auto& dead) { return dead.letter.offset == offset; });
    if (at == dead_.end() || pending_.size() >= limits::durable_in_hand_max) return false;
    const auto entry = pending_.try_emplace(offset).first;
    entry->second.replay = at->replay + 1;
    move(entry, Where::fetching);
    dead_.erase(at);
    dead_unsaved_ = true;
    return true;
}

bool DurableLedger::drop(std::uint64_t offset) {
    const auto dropped =
        std::erase_if(dead_, [&](const auto& dead) { return dead.letter.offset == offset; });
    dead_unsaved_ |= dropped != 0;
    return dropped != 0;
}

void DurableLedger::add_replay(Kept kept) {
    const auto entry = pending_.find(kept.stamp.position.offset);
    if (entry == pending_.end() || entry->second.where != Where::fetching) return;
    entry->second.kept = std::move(kept);
    move(entry, Where::ready);
}

void DurableLedger::replay_is_lost(std::uint64_t offset, Now now) {
    const auto entry = pending_.find(offset);
    if (entry == pending_.end() || entry->second.where != Where::fetching) return;
    entry->second.reason = "it is not kept any more";
    die(entry, now);
}

}  // namespace carillon::hub
