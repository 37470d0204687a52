// Random takes, answers, leaves, pauses, appends, trims and crashes of one named subscription, against a plain
// model: what was acknowledged and saved is not delivered again, nothing that was stored is skipped, one member hears
// in order, and the numbers are right.
//
//   CARILLON_SEEDS=10000   how many schedules (500)
//   CARILLON_SEED=7        this one alone
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "base/random.h"
#include "hub/durable.h"
#include "hub/testing_durable.h"

namespace carillon::hub {
namespace {

using testing::FakeJournal;
using Take = Durable::Take;

struct Sightings {
    std::uint64_t taken = 0, acked = 0, failed = 0, timed_out = 0, died = 0, replays = 0, lost = 0;
    std::uint64_t crashes = 0, refused = 0, again = 0, later = 0;
};

struct Worker {
    Durable::Member member;
    std::map<std::uint64_t, std::int64_t> in_hand;  // offset, when its time is over
};

class Play {
 public:
    Play(std::uint64_t seed, Sightings& seen)
        : random_(seed), single_(random_.below(2) == 0), seen_(seen) {
        App app;
        app.id = "app";
        app_ = std::make_shared<const App>(std::move(app));
        terms_.ack_timeout_ms = 2000;
        terms_.deliveries_max = static_cast<std::uint32_t>(random_.below(5));
        begin();
    }

    std::string run() {
        for (int i = 0; i < 300 && why_.empty(); ++i) step();
        if (why_.empty()) drain();
        return why_;
    }

 private:
    std::uint64_t pick(std::uint64_t bound) { return random_.below(bound); }
    void expect(bool ok, const std::string& why) {
        if (!ok && why_.empty()) why_ = why;
    }

    void begin() {
        durables_ = std::make_unique<Durables>(journal_, journal_);
        auto opened = durables_->open(app_, "jobs", "worker", terms_, now_);
        expect(opened.has_value(), "it does not open");
        if (!opened) return;
        durable_ = *opened;
        numbers_ = {};
        highest_ = 0;
    }

    void step() {
        const auto what = pick(100);
        if (what < 20) return append();
        if (what < 50) return with_worker(&Play::take);
        if (what < 68) return with_worker(&Play::ack);
        if (what < 76) return with_worker(&Play::nack);
        if (what < 80) return with_worker(&Play::leave);
        if (what < 90)
            return pass(static_cast<std::int64_t>(pick(3) == 0 ? pick(3000) : pick(200)));
        if (what < 93) return trouble();
        if (what < 95) return dead_letters();
        if (what < 96 && pick(3) == 0) return trim();
        if (what >= 98) crash();
    }

    void append() {
        for (auto n = pick(4); n > 0; --n) journal_.append();
        if (pick(3) != 0) store();
    }
    void store() {
        journal_.store();
        accepted_.clear();
    }
    void trouble() {
        if (pick(2) == 0) journal_.store_at_once = !journal_.store_at_once;
        if (pick(3) == 0) journal_.refuse = !journal_.refuse;
        if (journal_.refuse) ++seen_.refused;
        if (pick(2) == 0) journal_.later = static_cast<unsigned>(pick(3));
        journal_.ring();
    }
    void with_worker(void (Play::*act)(Worker&)) {
        if (workers_.empty() || (!single_ && workers_.size() < 3 && pick(4) == 0)) {
            const auto member = durable_->join({});
            expect(member != 0, "nobody may join");
            workers_.push_back({member, {}});
        }
        (this->*act)(workers_[pick(workers_.size())]);
        check_numbers();
    }

    void take(Worker& worker) {
        Durable::Taken taken;
        const auto answer = durable_->take(worker.member, now_, taken);
        if (answer == Take::lost) return skip();
        if (answer == Take::nothing) return;
        ++seen_.taken;
        ++numbers_.delivered;
        const auto offset = taken.kept.stamp.position.offset;
        const auto text = std::to_string(offset);
        expect(offset <= journal_.stored_offset(), text + " was not stored");
        expect(!done_.contains(offset) || taken.replay != 0, text + " was heard already");
        expect(!in_hand(offset), text + " is in hand already");
        if (taken.replay != 0) ++seen_.replays;
        if (taken.replay == 0 && single_) check_order(offset);
        if (taken.deliveries > 1) ++seen_.again;
        expect(taken.deliveries >= 1, text + " was never delivered");
        expect(terms_.deliveries_max == 0 || taken.deliveries <= terms_.deliveries_max,
               text + " should be dead");
        behind_.erase(offset);
        if (taken.replay == 0) highest_ = std::max(highest_, offset);
        if (taken.replay == 0) heard_once_.insert(offset);
        replays_.erase(offset);
        is_replay_[offset] = taken.replay != 0;
        deliveries_[offset] = taken.deliveries;
        worker.in_hand[offset] = now_.steady_ns + terms_.ack_timeout_ms * base::ns_per_ms;
    }
    // One member: nothing newer while something older has come back; first deliveries in order.
    void check_order(std::uint64_t offset) {
        for (const auto waiting : behind_) {
            expect(waiting >= offset,
                   std::to_string(offset) + " before " + std::to_string(waiting));
        }
        if (offset <= highest_) return;
        learn_dead();
        for (auto between = highest_ + 1; between < offset; ++between) {
            expect(accounted(between) || highest_ == 0, std::to_string(between) + " was skipped");
        }
    }
    bool in_hand(std::uint64_t offset) const {
        for (const auto& worker : workers_) {
            if (worker.in_hand.contains(offset)) return true;
        }
        return false;
    }

    void ack(Worker& worker) {
        const auto offset = one_of(worker);
        if (offset == 0) return;
        expect(durable_->ack(worker.member, offset, now_), "an ack is refused");
        expect(!durable_->ack(worker.member, offset, now_), "an ack counts twice");
        worker.in_hand.erase(offset);
        ++seen_.acked;
        ++numbers_.acked;
        done(offset);
    }
    void nack(Worker& worker) {
        const auto offset = one_of(worker);
        if (offset == 0) return;
        expect(durable_->nack(worker.member, offset, "no", now_), "a nack is refused");
        worker.in_hand.erase(offset);
        ++seen_.failed;
        ++numbers_.nacked;
        failed(offset);
    }
    std::uint64_t one_of(const Worker& worker) {
        if (worker.in_hand.empty()) return 0;
        auto at = worker.in_hand.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(pick(worker.in_hand.size())));
        return at->first;
    }
    void failed(std::uint64_t offset) {
        if (terms_.deliveries_max == 0 || deliveries_[offset] < terms_.deliveries_max) {
            if (is_replay_[offset]) replays_.insert(offset);
            if (!is_replay_[offset]) behind_.insert(offset);
            return;
        }
        ++seen_.died;
        ++numbers_.died;
        dead_.insert(offset);
        done(offset);
    }
    void done(std::uint64_t offset) {
        done_.insert(offset);
        unsure_.erase(offset);
        refused_.insert(offset);
        if (journal_.refuse) return;
        accepted_.merge(refused_);
        refused_.clear();
        if (journal_.store_at_once) accepted_.clear();
    }
    void leave(Worker& worker) {
        durable_->leave(worker.member);
        for (const auto& [offset, until] : worker.in_hand) {
            if (is_replay_[offset]) replays_.insert(offset);
            if (!is_replay_[offset]) behind_.insert(offset);
        }
        std::erase_if(workers_, [&](const Worker& w) { return w.member == worker.member; });
    }

    void pass(std::int64_t ms) {
        now_.steady_ns += ms * base::ns_per_ms;
        now_.unix_ms += ms;
        durables_->tick(now_);
        for (auto& worker : workers_) {
            for (auto at = worker.in_hand.begin(); at != worker.in_hand.end();) {
                const auto [offset, until] = *at++;
                if (until > now_.steady_ns) continue;
                worker.in_hand.erase(offset);
                expect(!durable_->ack(worker.member, offset, now_),
                       "an ack that came too late counts");
                ++seen_.timed_out;
                ++numbers_.timed_out;
                failed(offset);
            }
        }
        check_numbers();
    }
    void trim() { journal_.trim(journal_.first_offset() + pick(10)); }
    void skip() {
        std::uint64_t gone = 0;
        std::uint64_t perhaps = 0;
        const auto first = journal_.first_offset();
        // Those that were handed out are held, and not lost.
        for (std::uint64_t offset = 1; offset < first; ++offset) {
            const bool held = in_hand(offset) || behind_.contains(offset);
            if (done_.contains(offset) || held) continue;
            (unsure_.contains(offset) ? perhaps : gone) += 1;
            done(offset);
        }
        const auto lost = durable_->skip_lost(now_);
        expect(lost >= gone && lost <= gone + perhaps,
               "lost " + std::to_string(lost) + ", not " + std::to_string(gone));
        numbers_.lost += lost;
        seen_.lost += lost;
    }
    void dead_letters() {
        learn_dead();
        std::set<std::uint64_t> listed;
        for (const auto& letter : durable_->dead_letters()) listed.insert(letter.offset);
        if (listed.empty()) return;
        const auto offset = *listed.begin();
        if (pick(2) == 0) {
            expect(durable_->drop_dead(offset), "a letter cannot be dropped");
        } else {
            expect(durable_->replay_dead(offset, now_), "a letter cannot be replayed");
        }
        expect(!durable_->replay_dead(offset, now_), "a letter is there still");
    }

    // Everything is back to what was saved; what was acknowledged and stored is not heard again.
    void crash() {
        ++seen_.crashes;
        const bool safe = !journal_.refuse && pick(2) == 0;
        if (safe) {
            journal_.store_at_once = true;
            pass(1500);
            journal_.store();
        }
        workers_.clear();
        durable_.reset();
        if (!safe) journal_.refuse = true;  // what was not saved is not saved now
        durables_.reset();
        journal_.crash();
        journal_.refuse = false;
        journal_.store_at_once = true;
        if (!safe) forget_unsaved();
        accepted_.clear();
        refused_.clear();
        behind_.clear();
        replays_.clear();
        begin();
    }
    // These were saved or not.
    void forget_unsaved() {
        for (const auto offset : accepted_) done_.erase(offset);
        for (const auto offset : refused_) done_.erase(offset);
        unsure_.merge(accepted_);
        unsure_.merge(refused_);
    }

    void check_numbers() {
        learn_dead();
        const auto is = durable_->numbers();
        const auto& should = numbers_;
        std::size_t held = 0;
        for (const auto& worker : workers_) held += worker.in_hand.size();
        expect(is.in_hand == held,
               "in hand " + std::to_string(is.in_hand) + ", not " + std::to_string(held));
        expect(is.delivered == should.delivered, "delivered");
        expect(is.acked == should.acked, "acked");
        expect(is.nacked == should.nacked, "nacked");
        expect(is.timed_out == should.timed_out, "timed out");
        expect(is.lost == should.lost, "lost");
        expect(is.died >= should.died, "died");
        expect(is.members == workers_.size(), "members");
        for (auto offset = is.cursor; offset > 0 && offset + 20 > is.cursor; --offset) {
            expect(accounted(offset), "the cursor passed " + std::to_string(offset));
        }
    }
    bool accounted(std::uint64_t offset) const {
        return done_.contains(offset) || unsure_.contains(offset);
    }
    // Those that died when they were about to be delivered too often, after a crash.
    void learn_dead() {
        for (const auto& letter : durable_->dead_letters()) {
            expect(!in_hand(letter.offset), "dead and in hand");
            if (!done_.contains(letter.offset)) done(letter.offset);
            behind_.erase(letter.offset);
        }
    }

    // In the end everything is heard, dead or counted lost.
    void drain() {
        journal_.refuse = false;
        journal_.store_at_once = true;
        journal_.later = 0;
        journal_.store();
        journal_.ring();
        while (!workers_.empty()) leave(workers_.front());
        workers_.push_back({durable_->join({}), {}});
        for (int idle = 0; idle < 10 && why_.empty();) {
            const auto before = numbers_.delivered;
            take(workers_[0]);
            while (!workers_[0].in_hand.empty()) ack(workers_[0]);
            pass(70'000);
            idle = numbers_.delivered == before ? idle + 1 : 0;
        }
        const auto numbers = durable_->numbers();
        expect(numbers.cursor == journal_.stored_offset(),
               "it ends at " + std::to_string(numbers.cursor));
        expect(numbers.waiting == 0, "something waits for ever");
        for (std::uint64_t offset = 1; offset <= journal_.stored_offset(); ++offset) {
            expect(ever(offset), std::to_string(offset) + " was never heard of");
        }
    }
    bool ever(std::uint64_t offset) {
        return heard_once_.contains(offset) || done_.contains(offset) ||
               offset < journal_.first_offset();
    }

    base::SeededRandom random_;
    const bool single_;  // one member at a time
    Sightings& seen_;
    FakeJournal journal_;
    AppRef app_;
    DurableTerms terms_{};
    Now now_{1000, 1'700'000'000'000};
    std::unique_ptr<Durables> durables_;
    DurableRef durable_;
    std::vector<Worker> workers_;

    std::set<std::uint64_t> done_;  // acknowledged, dead or lost
    // Of these: where the storage refused to hear of it, and where it is not on the disk yet.
    std::set<std::uint64_t> refused_;
    std::set<std::uint64_t> accepted_;
    std::set<std::uint64_t> unsure_;  // a crash came in between
    std::set<std::uint64_t> behind_;  // came back
    std::set<std::uint64_t> replays_;
    std::set<std::uint64_t> dead_;
    std::set<std::uint64_t> heard_once_;  // ever
    std::map<std::uint64_t, bool> is_replay_;
    std::map<std::uint64_t, std::uint32_t> deliveries_;
    std::uint64_t highest_ = 0;
    Durable::Numbers numbers_{};
    std::string why_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const auto* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(DurableProperty, random_schedules_agree_with_the_model) {
    Sightings seen;
    const auto one = number_from("CARILLON_SEED", 0);
    const auto seeds = one != 0 ? 1 : number_from("CARILLON_SEEDS", 500);
    for (auto seed = one != 0 ? one : 1; seed < (one != 0 ? one : 1) + seeds; ++seed) {
        const auto why = Play(seed, seen).run();
        ASSERT_EQ(why, "") << "CARILLON_SEED=" << seed;
    }
    const std::pair<const char*, std::uint64_t> counts[] = {
        {"taken", seen.taken},         {"acked", seen.acked},     {"failed", seen.failed},
        {"timed out", seen.timed_out}, {"died", seen.died},       {"replays", seen.replays},
        {"lost", seen.lost},           {"crashes", seen.crashes}, {"again", seen.again},
        {"refused", seen.refused}};
    for (const auto& [name, count] : counts) {
        std::printf(" %s %llu;", name, static_cast<unsigned long long>(count));
        EXPECT_TRUE(count != 0 || seeds < 500) << name << " was never seen";
    }
    std::printf("\n");
}

}  // namespace
}  // namespace carillon::hub
