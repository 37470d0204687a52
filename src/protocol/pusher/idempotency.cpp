#include "protocol/pusher/idempotency.h"

#include <utility>

namespace carillon::pusher {
namespace {

// What the list and the tables keep beside the texts, roughly.
constexpr std::size_t entry_overhead_bytes = 256;

// All who publish wait meanwhile. The rest is let go by the calls that follow.
constexpr int expired_per_call_max = 64;

}  // namespace

Idempotency::Begun Idempotency::begin(std::string_view app_id, std::string_view key,
                                      std::uint32_t lifetime_s, Now now) {
    // The length in front: no app's key may be another app's.
    auto name = std::to_string(app_id.size()) + ':';
    name.append(app_id).append(key);
    const std::lock_guard lock(mutex_);
    for (auto left = expired_per_call_max;
         left != 0 && !entries_.empty() && entries_.front().until_ns <= now.steady_ns; --left) {
        erase(entries_.begin());
    }
    const auto known = by_name_.find(name);
    if (known != by_name_.end() && known->second->until_ns <= now.steady_ns) {
        erase(known->second);
    } else if (known != by_name_.end()) {
        const auto& entry = *known->second;
        if (!entry.done) return {Begun::State::in_progress};
        return {Begun::State::done, entry.answer};
    }
    const auto entry = entries_.insert(
        entries_.end(), Entry{std::move(name), ++last_ticket_,
                              now.steady_ns + std::int64_t{lifetime_s} * base::ns_per_s});
    by_name_.emplace(entry->name, entry);
    in_progress_.emplace(entry->ticket, entry);
    bytes_ += bytes_of(*entry);
    const Begun begun{Begun::State::first, {}, entry->ticket};
    make_room();
    return begun;
}

void Idempotency::finish(std::uint64_t ticket, std::string answer) {
    const std::lock_guard lock(mutex_);
    const auto entry = find(ticket);
    if (entry == entries_.end()) return;
    bytes_ += answer.size();
    entry->answer = std::move(answer);
    entry->done = true;
    in_progress_.erase(ticket);
    make_room();
}

void Idempotency::abandon(std::uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    const auto entry = find(ticket);
    if (entry != entries_.end()) erase(entry);
}

std::size_t Idempotency::bytes_of(const Entry& entry) {
    return entry_overhead_bytes + entry.name.size() + entry.answer.size();
}

// The end: it was forgotten meanwhile.
Idempotency::Entries::iterator Idempotency::find(std::uint64_t ticket) {
    const auto at = in_progress_.find(ticket);
    return at == in_progress_.end() ? entries_.end() : at->second;
}

void Idempotency::erase(Entries::iterator entry) {
    bytes_ -= bytes_of(*entry);
    in_progress_.erase(entry->ticket);
    by_name_.erase(entry->name);
    entries_.erase(entry);
}

void Idempotency::make_room() {
    while (bytes_ > bytes_max_) {
        erase(entries_.begin());
        forgotten_.add();
    }
}

}  // namespace carillon::pusher
