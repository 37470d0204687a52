// Random schedules of sessions that hear by channels, patterns and groups, by bytes and by reference,
// against a plain model. What must be heard is known when it is published: a subscriber who keeps one
// of the subscriptions that matched hears it once and in the order of its channel; of a group one
// member does, as long as one who has room stays.
//
//   CARILLON_SEEDS=10000   how many schedules (500)
//   CARILLON_SEED=7        this one alone
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "hub/testing_spread.h"

namespace carillon::hub {
namespace {

using testing::glob;
using testing::levels;
using testing::LineFormat;
using testing::message;
using testing::policy_of;
using testing::Reader;
using testing::TestClient;
using testing::TestHub;
using testing::waits;

constexpr std::uint32_t unlimited = 1'000'000;
constexpr std::uint32_t few = 3;
const std::vector<std::string> channels = {"a", "a/b", "a/c", "b", "$s"};

// A channel's name or a pattern.
struct Target {
    std::string name;
    std::optional<Pattern> pattern{};
    bool matches(const std::string& channel) const {
        return pattern ? pattern->matches(channel) : name == channel;
    }
};
const std::vector<Target>& targets() {
    static const auto all = [] {
        std::vector<Target> made;
        for (const auto& name : channels) made.push_back({name});
        for (const auto* text : {"#", "a/+", "a/#", "+", "$s/#"})
            made.push_back({text, levels(text)});
        for (const auto* text : {"*", "a*", "*b", "?"}) made.push_back({text, glob(text)});
        return made;
    }();
    return all;
}

// What one publication still is to one who hears it: by which of its subscriptions. None: perhaps.
struct Due {
    std::set<std::uint64_t> by;
    bool must;  // as long as one of them stays
};
// What it is to a group.
struct Turn {
    std::set<const struct Player*> anchors;  // one of whom has room and must take it, if he stays
    std::uint64_t excluded;                  // the session that must not
};

struct Player {
    enum class Kind { listener, waiter, worker };
    Kind kind;
    bool bytes;
    std::uint32_t room = unlimited;
    OutboxPolicy policy{};
    std::unique_ptr<TestClient> client;
    std::unique_ptr<Reader> reader;
    std::string partial;
    std::map<std::size_t, std::uint64_t> joined;  // target to the number of this subscription
    std::size_t group = 0;                        // a worker's target
    std::map<int, Due> due;                       // by publication
    std::map<std::string, int> last;              // by channel

    Session* session() const { return client ? client->session : reader->session; }
    Outbox& outbox() const { return client ? client->outbox : reader->outbox; }
    bool open() const { return session() != nullptr; }
    bool anchors() const { return room == unlimited; }
};

// A subscription that is gone, and still matched until its lane has settled it.
struct Ghost {
    unsigned lane;
    std::size_t target;
    bool in_group;
};

class Play {
 public:
    explicit Play(std::uint64_t seed)
        : random_(seed), house_({.lanes = pick(3) + 1, .seed = seed}) {}

    // Empty: all was as it should be.
    std::string run() {
        for (int i = 0; i < 300 && why_.empty(); ++i) {
            step();
            listen();
            if (!house_.balanced()) fail("the books do not balance");
            if (pick(60) == 0) drain();
        }
        if (why_.empty()) drain();
        if (why_.empty()) go_home();
        return why_;
    }

 private:
    unsigned pick(std::size_t bound) { return static_cast<unsigned>(random_.below(bound)); }
    void fail(const std::string& why) {
        if (why_.empty()) why_ = why;
    }
    unsigned lanes() { return house_.hub.lane_count(); }

    void step() {
        const auto what = pick(100);
        if (what < 8) return open();
        if (what < 12) return with_player(&Play::close);
        if (what < 26) return with_player(&Play::join);
        if (what < 34) return with_player(&Play::leave);
        if (what < 60) return publish();
        if (what < 70) return with_player(&Play::read);
        auto& lane = house_.lane(pick(lanes()));
        if (what < 82) return lane.take(1 + pick(5));
        if (what < 92) return static_cast<void>(lane.flush(1 + pick(6)));
        if (what < 97) return reap(lane);
        run_all();
    }
    void with_player(void (Play::*act)(Player&)) {
        std::vector<Player*> there;
        for (auto& player : players_) {
            if (player->open()) there.push_back(player.get());
        }
        if (!there.empty()) (this->*act)(*there[pick(there.size())]);
    }
    void reap(Lane& lane) {
        lane.reap(house_.now());
        std::erase_if(ghosts_, [&](const Ghost& ghost) { return ghost.lane == lane.index(); });
    }
    void run_all() {
        house_.run();
        for (unsigned i = 0; i < lanes(); ++i) reap(house_.lane(i));
        house_.run();
    }

    // ---- what players do ----

    void open() {
        if (players_.size() == 40) return;
        auto player = std::make_unique<Player>();
        const auto kind = pick(10);
        player->kind = kind < 5   ? Player::Kind::listener
                       : kind < 6 ? Player::Kind::waiter
                                  : Player::Kind::worker;
        player->bytes = player->kind != Player::Kind::waiter && pick(2) == 0;
        player->policy = {.messages_max = unlimited};
        const bool waits_too = player->kind == Player::Kind::waiter;
        if (waits_too || (player->kind == Player::Kind::worker && !player->bytes && pick(2) == 0)) {
            player->room = few;
            player->policy = waits_too || pick(2) == 0
                                 ? waits(few)
                                 : policy_of(OutboxPolicy::OnFull::drop_newest, few);
        }
        player->group = pick(targets().size());
        const auto lane = pick(lanes());
        if (player->bytes) {
            player->client = house_.open(lane, player->policy);
        } else {
            player->reader = std::make_unique<Reader>(house_, lane, player->policy);
        }
        // A long list of subscriptions has an index.
        if (player->kind == Player::Kind::listener && pick(4) == 0) {
            for (int i = 0; i < 20; ++i) {
                house_.hub.subscribe(*player->session(), "filler" + std::to_string(i),
                                     format_of(*player), {}, house_.now());
            }
        }
        players_.push_back(std::move(player));
    }
    const Encoder& format_of(const Player& player) {
        if (!player.bytes) return Reader::format();
        return pick(2) == 0 ? house_.lines : loud_;
    }
    void close(Player& player) {
        const auto lane = player.session()->lane().index();
        for (const auto& [target, number] : player.joined) {
            forget(player, number);
            ghosts_.push_back({lane, target, player.kind == Player::Kind::worker});
        }
        player.joined.clear();
        // What is written down for one member is nobody else's any more.
        if (player.bytes && player.kind == Player::Kind::worker) nobody_is_sure(player.group);
        player.client ? player.client->close() : player.reader->close();
    }
    void join(Player& player) {
        const bool works = player.kind == Player::Kind::worker;
        const auto at = works ? player.group : pick(targets().size());
        const auto& target = targets()[at];
        const JoinOptions options{.group = works ? "g" : ""};
        auto& hub = house_.hub;
        const auto& format = format_of(player);
        const auto joined =
            target.pattern
                ? hub.subscribe(*player.session(), *target.pattern, format, options, house_.now())
                : hub.subscribe(*player.session(), target.name, format, options, house_.now());
        if (player.joined.contains(at))
            return expect(joined.outcome == Outcome::already, "already");
        if (player.kind == Player::Kind::waiter && !player.joined.empty()) {
            return expect(joined.outcome == Outcome::limit_subscriptions, "one subscription");
        }
        expect(joined.outcome == Outcome::ok, "joined");
        player.joined[at] = ++joins_;
    }
    void nobody_is_sure(std::size_t group) {
        for (auto& [key, turn] : turns_) {
            if (key.second == group) turn.anchors.clear();
        }
    }
    void leave(Player& player) {
        if (player.joined.empty()) return;
        auto at = player.joined.begin();
        std::advance(at, pick(player.joined.size()));
        const auto& target = targets()[at->first];
        const auto outcome =
            target.pattern
                ? house_.hub.unsubscribe(*player.session(), *target.pattern, house_.now())
                : house_.hub.unsubscribe(*player.session(), target.name, house_.now());
        expect(outcome == Outcome::ok, "left");
        forget(player, at->second);
        player.joined.erase(at);
    }
    void forget(Player& player, std::uint64_t subscription) {
        for (auto& [number, due] : player.due) due.by.erase(subscription);
        for (auto& [key, turn] : turns_) turn.anchors.erase(&player);
    }
    void read(Player& player) {
        const auto much = pick(3);
        if (player.client) {
            player.client->unblock(much == 0   ? pick(40)
                                   : much == 1 ? pick(400)
                                               : Reader::unlimited);
        } else {
            player.reader->read(much == 0 ? pick(2) : much == 1 ? pick(20) : Reader::unlimited);
            player.reader->share = 1 + pick(30);
        }
    }

    // ---- publishing ----

    void publish() {
        const auto& channel = channels[pick(channels.size())];
        const Player* sender = nullptr;
        if (!players_.empty() && pick(3) == 0) sender = players_[pick(players_.size())].get();
        if (sender != nullptr && !sender->open()) sender = nullptr;
        const auto exclude = sender != nullptr ? sender->session()->id() : SessionId{};
        const int number = ++published_;
        const bool patient = pick(2) == 0 && nobody_would_wait(channel);
        const auto expected = note(channel, number, exclude, patient);
        const auto receipt = house_.hub.publish(
            house_.hub.know(house_.app), channel, message(std::to_string(number), exclude),
            house_.now(), patient ? Patience::wait : Patience::none, {});
        expect(receipt.outcome == Outcome::ok, "published");
        matched_ += receipt.matched;
        expect(receipt.matched == expected, "matched " + std::to_string(receipt.matched) +
                                                " and not " + std::to_string(expected));
    }
    // This thread runs the lanes too: it must not wait for itself.
    bool nobody_would_wait(const std::string& channel) {
        std::map<std::size_t, bool> groups;  // whether one of them has room
        for (const auto& player : players_) {
            for (const auto& [at, number] : player->joined) {
                if (!targets()[at].matches(channel)) continue;
                const auto& gate = player->session()->gate();
                const bool room = gate == nullptr || gate->used() < few;
                if (player->kind == Player::Kind::worker) {
                    groups[at] = groups[at] || room;
                } else if (!room) {
                    return false;
                }
            }
        }
        return std::ranges::all_of(groups, [](const auto& group) { return group.second; });
    }
    // Who is to hear it. Returns how many are matched.
    std::uint64_t note(const std::string& channel, int number, SessionId exclude, bool patient) {
        std::uint64_t matched = 0;
        std::set<std::size_t> groups;
        for (const auto& player : players_) {
            for (const auto& [at, subscription] : player->joined) {
                if (!targets()[at].matches(channel)) continue;
                const bool excluded = player->session()->id() == exclude;
                if (player->kind == Player::Kind::worker) {
                    groups.insert(at);
                    auto& turn = turns_[{number, at}];
                    turn.excluded = exclude.value;
                    if (player->anchors() && !excluded) turn.anchors.insert(player.get());
                    continue;
                }
                ++matched;
                if (excluded) continue;
                auto& due = player->due[number];
                due.by.insert(subscription);
                due.must = player->anchors() || patient;
            }
        }
        for (const auto& ghost : ghosts_) {
            if (!targets()[ghost.target].matches(channel)) continue;
            if (ghost.in_group) {
                if (groups.insert(ghost.target).second) turns_[{number, ghost.target}] = {};
            } else {
                ++matched;
            }
        }
        return matched + groups.size();
    }

    // ---- what is heard ----

    void listen() {
        for (auto& player : players_) {
            std::vector<std::string> lines;
            if (player->reader) {
                lines = player->reader->take();
            } else {
                player->partial += player->client->take();
                for (std::size_t end; (end = player->partial.find('\n')) != std::string::npos;) {
                    lines.push_back(player->partial.substr(0, end));
                    player->partial.erase(0, end + 1);
                }
            }
            heard_ += lines.size();
            for (auto& line : lines) hear(*player, line);
        }
    }
    void hear(Player& player, std::string line) {
        if (line[0] == '!') line.erase(0, 1);
        const auto channel = line.substr(0, line.find(':'));
        const int number = std::stoi(line.substr(line.rfind(':') + 1));
        if (player.kind == Player::Kind::worker) {
            const auto turn = turns_.find({number, player.group});
            if (turn == turns_.end())
                return fail("a group has heard " + line + " already, or never should");
            if (player.open() && turn->second.excluded == player.session()->id().value) {
                fail("a member heard what he must not: " + line);
            }
            turns_.erase(turn);
            return;
        }
        if (player.due.erase(number) == 0) fail("heard twice, or never to be heard: " + line);
        if (player.last[channel] >= number) fail("out of order: " + line);
        player.last[channel] = number;
    }
    // When everybody has read everything, nothing that must be heard is missing, and what was not
    // heard by now never will be.
    void drain() {
        for (auto& player : players_) {
            if (player->client) {
                player->client->unblock();
            } else {
                player->reader->share = Reader::unlimited;
                player->reader->read();
            }
        }
        run_all();
        listen();
        for (auto& player : players_) {
            for (const auto& [number, due] : player->due) {
                if (due.must && !due.by.empty()) fail("never heard: " + std::to_string(number));
            }
            player->due.clear();
            if (!player->open() || player->session()->gate() == nullptr) continue;
            if (player->session()->gate()->used() != 0)
                fail("a gate was not given back what it gave");
        }
        for (const auto& [key, turn] : turns_) {
            if (!turn.anchors.empty()) fail("no member heard " + std::to_string(key.first));
        }
        turns_.clear();
        check_books();
    }
    void check_books() {
        std::uint64_t matched = 0;
        std::uint64_t delivered = 0;
        for (unsigned i = 0; i < lanes(); ++i) {
            const auto books = house_.books(i);
            matched += books.matched - books.passed;  // who is passed something is matched anew
            delivered += books.delivered;
            expect(books.pending_inbox + books.pending_batch + books.pending_outbox == 0,
                   "pending");
            expect(house_.lane(i).inbox().reserved_bytes() == 0, "an inbox is not empty");
        }
        expect(matched == matched_, "matched in the books");
        expect(delivered == heard_, "delivered in the books");
        expect(house_.balanced(), "balanced");
    }
    void go_home() {
        for (auto& player : players_) {
            if (player->open()) close(*player);
        }
        run_all();
        expect(house_.hub.channel_count() == 0, "channels stay behind");
        for (const auto& channel : channels) {
            expect(house_.publish(channel, "0").matched == 0, "patterns stay behind");
        }
        for (unsigned i = 0; i < lanes(); ++i) {
            expect(house_.lane(i).batch_pool().live_batches() == 0, "batches stay behind");
            expect(house_.lane(i).slice_pool().live() == 0, "slices stay behind");
        }
    }
    void expect(bool condition, const std::string& what) {
        if (!condition) fail("not so: " + what);
    }

    base::SeededRandom random_;
    TestHub house_;
    LineFormat loud_{"!"};
    std::vector<std::unique_ptr<Player>> players_;
    std::vector<Ghost> ghosts_;
    std::map<std::pair<int, std::size_t>, Turn> turns_;  // of publication and target, not heard yet
    std::uint64_t joins_ = 0;
    std::uint64_t matched_ = 0;
    std::uint64_t heard_ = 0;
    int published_ = 0;
    std::string why_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const auto* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(SpreadProperty, random_schedules_agree_with_the_model) {
    const auto one = number_from("CARILLON_SEED", 0);
    const auto first = one != 0 ? one : 1;
    const auto seeds = one != 0 ? 1 : number_from("CARILLON_SEEDS", 500);
    for (auto seed = first; seed < first + seeds; ++seed) {
        if (one != 0)
            std::fprintf(stderr, "schedule %llu\n", static_cast<unsigned long long>(seed));
        const auto why = Play(seed).run();
        ASSERT_EQ(why, "") << "CARILLON_SEED=" << seed;
    }
}

}  // namespace
}  // namespace carillon::hub
