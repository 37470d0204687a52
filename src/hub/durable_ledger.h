// hub/durable_ledger.h: the bookkeeping of one named subscription: which offsets are owed, who has what in hand,
// what is tried again when, what is dead, and what of all this is to be written down. Belongs to its
// subscription, under its mutex; knows no readers, no storage and no rings.
//
// A message is pending from when it is first handed out until it is heard or dead:
//   ready → hand → heard                      (ack)
//            │ └→ waiting → ready             (nack, timeout: after a pause)
//            └→ ready                         (its member left)
//   ready → counting → ready → hand           where the attempt is written down before it is made
// A dead letter that is replayed is pending too, beginning with `fetching`.
//
// Order. With one member the lowest offset that is pending and not in hand goes first, and nothing else
// meanwhile: what failed, what came back, what is replayed. Several in hand stay in hand when one of them
// fails. With several members those who ask get what is ready, and what is newer, meanwhile.
//
// Attempts are counted in what is saved before they are made, if they are not the first, and for the
// first message after opening, since what ends the process at each start must become a dead letter. A
// message of which an attempt was counted when the process ended may be the one that ended it: it is
// handed out alone, and nothing else until it is answered and an ack is saved, so that its neighbours do
// not die for its fault.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hub/durable.h"
#include "hub/durable_state.h"

namespace carillon::hub {

class DurableLedger {
 public:
    using Member = Durable::Member;

    // ---- where it stands ----

    void begin_after(std::uint64_t offset);  // a new name
    void restore(const HeardState& heard, const std::vector<DeadState>& letters);
    std::uint64_t read_from() const { return read_ + 1; }  // what is to be read next
    void add(std::vector<Kept>& page);                     // what was read
    bool page_is_empty() const { return page_.empty(); }
    // Nothing up to `offset` can be read any more: how many of these were owed.
    std::uint64_t skip_to(std::uint64_t offset);

    // ---- taking and answering ----

    enum class Next : unsigned char {
        got,
        nothing,
        count,  // a save is to be made (begin_save), then ask again
        read,   // nothing pending, nothing read: it is up to the reader
    };
    struct Asking {
        Member member;
        bool only_member;
        std::uint64_t settled;  // saves up to this one have ended
        Now now;
    };
    Next take(const Asking& asking, const DurableTerms& terms, Durable::Taken& out);
    bool ack(Member member, std::uint64_t offset);
    bool extend(Member member, std::uint64_t offset, Now now, const DurableTerms& terms);
    // Whether anything is not handed out until this save is through.
    bool awaits(std::uint64_t save) const {
        return alone_save_ == save || (!counting_.empty() && counting_.begin()->first <= save);
    }
    bool nack(Member member, std::uint64_t offset, std::string_view reason, Now now,
              const DurableTerms& terms);
    void leave(Member member);
    bool is_full() const;  // nothing new until something comes back
    void tick(Now now, const DurableTerms& terms);
    std::int64_t next_timer_ns() const;

    // ---- dead letters ----

    std::vector<DeadLetter> dead_letters() const;
    bool replay(std::uint64_t offset);  // false: no such letter, or durable_in_hand_max are pending
    bool drop(std::uint64_t offset);
    std::uint64_t replay_to_read() const { return fetching_.empty() ? 0 : *fetching_.begin(); }
    void add_replay(Kept kept);
    void replay_is_lost(std::uint64_t offset, Now now);

    // ---- what is to be saved ----

    struct Note {
        std::uint64_t number = 0;
        std::optional<std::string> heard{};
        std::optional<std::string> dead{};
    };
    bool unsaved() const { return heard_unsaved_ || dead_unsaved_; }
    void save_heard() { heard_unsaved_ = true; }
    void save_all() { heard_unsaved_ = dead_unsaved_ = true; }
    Note begin_save();
    void save_refused(const Note& note);
    HeardState heard() const;
    std::vector<DeadState> dead() const;

    Durable::Numbers numbers() const;

 private:
    struct Pending {
        enum class Where : unsigned char { fetching, ready, counting, hand, waiting };
        Where where = Where::ready;
        Kept kept{};
        Member member = 0;             // hand: whose
        std::uint32_t deliveries = 0;  // begun
        std::uint64_t replay = 0;
        bool counted = false;   // its attempts are saved
        bool barrier = false;   // until it is handed out, nothing newer is
        bool suspect = false;   // nor while it is in hand
        bool prepared = false;  // the next attempt is saved
        std::int64_t timer_ns = base::never_ns;
        std::string reason{};
    };
    using Entry = std::map<std::uint64_t, Pending>::iterator;
    using Where = Pending::Where;

    void move(Entry entry, Where where, std::int64_t timer_ns = base::never_ns);
    void settle(std::uint64_t saves);
    bool must_be_counted(const Pending& pending) const;
    bool is_alone(std::uint64_t settled) const;
    std::optional<Entry> next_ready(const Asking& asking, const DurableTerms& terms,
                                    bool& counting);
    std::optional<Entry> next_new();
    void hand_out(Entry entry, const Asking& asking, const DurableTerms& terms,
                  Durable::Taken& out);
    Entry in_hand(Member member, std::uint64_t offset);
    void lift_barrier(Pending& pending);
    void fail(Entry entry, std::string_view reason, Now now, const DurableTerms& terms);
    void die(Entry entry, Now now);
    void bury(DeadState letter);
    void finish(Entry entry);  // heard or dead: no longer pending
    std::uint64_t cursor() const;

    std::set<std::uint64_t> owed_;  // not done with, of what is up to max(high_, heard_)
    std::uint64_t read_ = 0;        // the last that was read,
    std::uint64_t high_ = 0;        // of these the last that was looked at,
    std::uint64_t heard_ = 0;       // and the highest that is done with
    std::deque<Kept> page_;
    std::map<std::uint64_t, std::uint32_t> attempts_;  // as restored, not looked at yet
    std::set<std::uint64_t> died_ahead_;  // dead letters that the other note does not know of
    bool first_ = true;                   // nothing was handed out since it was opened

    std::map<std::uint64_t, Pending> pending_;
    std::set<std::uint64_t> behind_;  // all that are not in hand; of these:
    std::set<std::uint64_t> ready_;
    std::set<std::uint64_t> fetching_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> counting_;  // save, offset
    std::set<std::pair<std::int64_t, std::uint64_t>> timers_;
    std::uint64_t barriers_ = 0;
    std::uint64_t alone_ = 0;       // in hand alone,
    std::uint64_t alone_save_ = 0;  // or heard, and this save is awaited

    std::deque<DeadState> dead_;  // in the order in which they died
    std::uint64_t saves_ = 0;
    bool heard_unsaved_ = false;
    bool dead_unsaved_ = false;
    Durable::Numbers numbers_{};
};

}  // namespace carillon::hub
