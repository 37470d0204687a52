// All lanes reach for the last place at the same moment, again and again: nobody leaves before all
// have tried, so exactly as many get in as there is room for.
#include <algorithm>

#include "hub/testing_hub.h"
#include "hub/testing_threads.h"

namespace carillon::hub::threads {

namespace {
constexpr unsigned turns = 20;
constexpr std::string_view arena = "race";

// The same on every lane.
struct Rules {
    Rules(std::uint64_t seed, unsigned turn) {
        base::SeededRandom random(seed * 1000 + 500 + turn);
        tries = 1 + static_cast<unsigned>(random.below(5));
        // Mostly the first ones are the last: they start at the same moment.
        room = 1 + static_cast<unsigned>(random.below(random.below(3) == 0 ? lanes * tries : 2));
    }
    unsigned tries;  // of each lane
    unsigned room;
};
}  // namespace

// Until every lane has come here as often as this one.
void LaneThread::meet() {
    const auto ticket = round_.gate.fetch_add(1);
    const auto all = (ticket / lanes + 1) * lanes;
    for (unsigned spins = 0; round_.gate.load() < all; ++spins) {
        if (spins > 200) std::this_thread::yield();
    }
}

void LaneThread::race() {
    for (unsigned turn = 0; turn < turns; ++turn) {
        race_to_open(turn);
        race_to_join(turn, false);
        race_to_join(turn, true);
        if ((bell.bits.exchange(0) & Bell::by_hub) != 0) iterate();
    }
}

// Clients that are not connected yet. The lane does not run before they have gone again.
std::vector<Guest*> LaneThread::line_up(unsigned tries) {
    std::vector<Guest*> all;
    for (; tries != 0; --tries) {
        round_.record.streams[index_].push_back(std::make_unique<Stream>());
        gone_.push_back(
            std::make_unique<Guest>(*this, *round_.record.streams[index_].back(), lane_));
        all.push_back(gone_.back().get());
    }
    return all;
}

unsigned LaneThread::open_all(const AppRef& app, const std::vector<Guest*>& all) {
    unsigned admitted = 0;
    for (auto* guest : all) {
        guest->session =
            round_.hub->open(app, lane_, guest->outbox, *guest, {}, round_.loud).session;
        if (guest->session != nullptr) ++admitted;
    }
    return admitted;
}

void LaneThread::close_all(const std::vector<Guest*>& all) {
    for (auto* guest : all) {
        if (guest->session != nullptr) round_.hub->close(*guest->session, CloseReason::peer);
    }
}

void LaneThread::race_to_open(unsigned turn) {
    const Rules rules(round_.scene.seed, turn);
    const auto app = testing::make_app("opening", {.connections_max = rules.room});
    const auto all = line_up(rules.tries);
    meet();
    round_.admitted.fetch_add(open_all(app, all));
    meet();
    const auto expected = std::min(rules.room, lanes * rules.tries);
    if (index_ == 0 && (round_.admitted != expected || round_.hub->connections(app) != expected)) {
        round_.wrong("an app's connections_max holds when all lanes reach for it: " +
                     std::to_string(round_.admitted) + " are in and " +
                     std::to_string(round_.hub->connections(app)) + " counted, not " +
                     std::to_string(expected));
    }
    meet();
    round_.admitted = 0;
    close_all(all);
    meet();
}

// Each as a member of its own, or all as the same one.
void LaneThread::race_to_join(unsigned turn, bool as_one) {
    const Rules rules(round_.scene.seed, turn);
    const auto room = as_one ? 1 : rules.room;
    const auto app = testing::make_app("joining", {.presence_members_max = room});
    const auto in = line_up(rules.tries);
    open_all(app, in);
    const auto check = [&](bool holds, const std::string& what) {
        if (index_ == 0 && !holds) round_.wrong(what);
    };
    round_.record.members_added = 0;
    round_.record.members_removed = 0;
    meet();
    unsigned number = index_ * rules.tries;
    unsigned admitted = 0;
    for (auto* guest : in) {
        const auto member = member_named(as_one ? 0 : number++);
        const auto joined = round_.hub->subscribe(*guest->session, arena, round_.loud,
                                                  {.member = member}, Round::now());
        if (joined.outcome == Outcome::ok) ++admitted;
    }
    round_.admitted.fetch_add(admitted);
    meet();
    const auto all = lanes * rules.tries;
    const auto expected = as_one ? 1 : std::min(room, all);
    check(round_.admitted == (as_one ? all : expected) &&
              round_.hub->members(app, arena).size() == expected &&
              round_.record.members_added == expected,
          as_one
              ? "one user on many lanes joins once"
              : "an app's presence_members_max holds when all lanes reach for it: " +
                    std::to_string(round_.admitted) + " got in, not " + std::to_string(expected));
    meet();
    round_.admitted = 0;
    for (auto* guest : in) round_.hub->unsubscribe(*guest->session, arena, Round::now());
    meet();
    check(round_.hub->members(app, arena).empty() && round_.record.members_removed == expected,
          as_one ? "one user on many lanes leaves once" : "when all have left, nobody is there");
    close_all(in);
    meet();
}

}  // namespace carillon::hub::threads
