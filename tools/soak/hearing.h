// soak/hearing.h: one client's subscription to one channel, and the promises about it: from the
// join's reply on, no gap, no duplicate, no reorder per publisher; nothing from before the join;
// and the members it was told of are those who are there.
//
//   joining ── reply ──> joined ── unsubscribe sent ──> leaving ── a later ping's pong ──> gone
#pragma once

#include <bitset>
#include <set>
#include <tuple>

#include "soak/publication.h"

namespace soak {

inline constexpr std::size_t kUsers = 64;  // under the 100 members that a presence channel may have
using Members = std::bitset<kUsers>;

// Whom it belongs to: what differences are reported about, and what it was excluded from.
struct Listener {
    std::size_t number = 0;
    std::uint64_t publisher = 0;
    using Heard = std::tuple<std::size_t, std::uint64_t, std::uint64_t>;
    std::set<Heard> excluded;  // channel, publisher, sequence
};

class Hearing {
 public:
    Hearing(std::size_t channel, const Ledger& ledger);  // the wish to join is being sent

    void joined(const Listener& listener, const Ledger& ledger, const Members& members);
    void leave(std::uint64_t fence) { stage_ = Stage::leaving, fence_ = fence; }

    void hear(const Listener& listener, const Note& note);
    void member(const Listener& listener, std::size_t user, bool added);

    // When all is quiet: the last of everything that was said since must have arrived.
    // `members`: who is there.
    void check_complete(const Listener& listener, const Ledger& ledger,
                        const Members& members) const;
    void start_anew(const Ledger& ledger);

    bool is_joining() const { return stage_ == Stage::joining; }
    bool is_joined() const { return stage_ == Stage::joined; }
    bool is_left(std::uint64_t pongs) const { return stage_ == Stage::leaving && fence_ <= pongs; }

 private:
    enum class Stage : std::uint8_t { joining, joined, leaving };

    bool is_excluded(const Listener& listener, std::uint64_t publisher,
                     std::uint64_t sequence) const;
    void hear_first(const Listener& listener, const Note& note) const;
    void hear_next(const Listener& listener, const Note& note, std::uint64_t last) const;
    std::string where(const Listener& listener) const;

    std::size_t channel_;
    Stage stage_ = Stage::joining;
    std::uint64_t fence_ = 0;
    std::uint64_t since_ = 0;                        // what is stamped later must be heard
    std::uint64_t floor_ = 0;                        // what is stamped so early must not
    std::array<std::uint64_t, kBackends> answered_;  // the same, by backend: done before we asked
    std::unordered_map<std::uint64_t, std::uint64_t> heard_;  // publisher -> its last sequence
    Members members_;
};

}  // namespace soak
