#include "soak/hearing.h"

#include "soak/difference.h"

namespace soak {

Hearing::Hearing(std::size_t channel, const Ledger& ledger)
    : channel_(channel), floor_(ledger.settled), answered_(ledger.answered) {}

void Hearing::joined(const Listener& listener, const Ledger& ledger, const Members& members) {
    if (stage_ != Stage::joining) differ(where(listener), " was told again that it joined");
    stage_ = Stage::joined;
    since_ = ledger.stamp;
    members_ = members;
}

void Hearing::hear(const Listener& listener, const Note& note) {
    if (stage_ == Stage::joining)
        differ(where(listener), " heard a publication before its join's reply");
    if (note.publisher == listener.publisher)
        differ(where(listener), " heard its own client event");
    if (is_excluded(listener, note.publisher, note.sequence))
        differ(where(listener), " heard number ", note.sequence, " of publisher ", note.publisher,
               ", from which it was excluded");
    const auto [last, is_new] = heard_.try_emplace(note.publisher, note.sequence);
    if (is_new) return hear_first(listener, note);
    hear_next(listener, note, last->second);
    last->second = note.sequence;
}

void Hearing::hear_first(const Listener& listener, const Note& note) const {
    const bool is_old = note.stamp <= floor_ ||
                        (note.publisher < kBackends && note.stamp <= answered_[note.publisher]);
    if (is_old)
        differ(where(listener), " heard number ", note.sequence, " of publisher ", note.publisher,
               ", which was delivered before it joined or before the last reckoning");
    if (note.previous > since_ && !is_excluded(listener, note.publisher, note.sequence - 1))
        differ(where(listener), " heard number ", note.sequence, " of publisher ", note.publisher,
               " first, but number ", note.sequence - 1, " was sent after it had joined");
}

void Hearing::hear_next(const Listener& listener, const Note& note, std::uint64_t last) const {
    auto expected = last + 1;
    while (is_excluded(listener, note.publisher, expected)) expected++;
    if (note.sequence == expected) return;
    differ(where(listener), " heard number ", note.sequence, " of publisher ", note.publisher,
           " and expected ", expected,
           note.sequence > expected ? ": a gap" : ": twice, or too late");
}

void Hearing::member(const Listener& listener, std::size_t user, bool added) {
    if (stage_ == Stage::joining)
        differ(where(listener), " heard of a member before its join's reply");
    if (members_[user] == added)
        differ(where(listener), " was told that user ", user,
               added ? " was added, who is" : " was removed, who is not", " there already");
    members_[user] = added;
}

void Hearing::check_complete(const Listener& listener, const Ledger& ledger,
                             const Members& members) const {
    if (members_ != members)
        differ(where(listener), " sees ", members_.count(), " members, but ", members.count(),
               " are there; these differ: ", (members_ ^ members).to_string());
    for (const auto& [publisher, said] : ledger.said[channel_]) {
        if (said.stamp <= since_ || publisher == listener.publisher) continue;
        auto last = said.sequence;
        while (last > 0 && is_excluded(listener, publisher, last)) last--;
        const auto at = heard_.find(publisher);
        // Whoever was excluded from all that was said since is owed nothing that we could name.
        if (at == heard_.end() && last != said.sequence) continue;
        const auto heard = at == heard_.end() ? 0 : at->second;
        if (heard != last)
            differ(where(listener), " heard publisher ", publisher, " up to number ", heard,
                   ", but it said ", last);
    }
}

void Hearing::start_anew(const Ledger& ledger) {
    heard_.clear();
    since_ = floor_ = ledger.settled;
}

bool Hearing::is_excluded(const Listener& listener, std::uint64_t publisher,
                          std::uint64_t sequence) const {
    return !listener.excluded.empty() &&
           listener.excluded.contains({channel_, publisher, sequence});
}

std::string Hearing::where(const Listener& listener) const {
    return text("client ", listener.number, " (publisher ", listener.publisher, ") in ",
                name_of(channel_));
}

}  // namespace soak
