// A round, seen by its conductor; and the publishers and the sweeper, which no lane knows.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/assert.h"
#include "hub/testing_hub.h"
#include "hub/testing_threads.h"

namespace carillon::hub::threads {

namespace {
constexpr std::int64_t hang_ns = 30 * base::ns_per_s;

std::int64_t steady_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}
}  // namespace

Scene::Scene(Theme t, std::uint64_t s) : theme(t), seed(s) {
    base::SeededRandom random(seed);
    const auto one_of = [&](std::initializer_list<std::size_t> all) {
        return all.begin()[random.below(all.size())];
    };
    acts = 2 + static_cast<unsigned>(random.below(2));
    publications = 40 + static_cast<unsigned>(random.below(160));
    moves_max = 3000;
    guests = 2 + static_cast<unsigned>(random.below(6));
    if (theme == Theme::recovery && random.below(4) == 0) guests = 20;
    presence = theme == Theme::presence || theme == Theme::limits || random.below(2) == 0;
    members = 2 + static_cast<unsigned>(random.below(8));
    fill_max = one_of({1, 60, 60, 300});
    kept_max = one_of({1, 10, 50, 500, 2000});
    keep_ns = static_cast<std::int64_t>(one_of({0, 0, 1'000'000, 50'000'000}));
    lane_limits.inbox_bytes_max = one_of({20'000, 100'000, limits::mib});
    if (theme == Theme::books) {
        lane_limits.inbox_bytes_max = one_of({1500, 4000, 20'000, limits::mib});
        lane_limits.batch_bytes_max = one_of({50'000, 200'000, limits::mib});
        fill_max = one_of({60, 300, 4000});
        if (fill_max > 1000) lane_limits.inbox_bytes_max += 40'000;
    }
    if (random.below(6) == 0) lane_limits.replay_bytes_max = random.below(5000);
    app.recover_max = static_cast<std::uint32_t>(one_of({5, 50, 500, 5000}));
    app.presence_members_max = 1 + static_cast<std::uint32_t>(random.below(members));
    if (random.below(3) == 0) {
        app.connections_max = 2 * lanes + 1 + static_cast<std::uint32_t>(random.below(3 * guests));
    }
}

Round::Round(Theme theme, std::uint64_t seed)
    : scene(theme, seed), record(scene.kept_max), app(testing::make_app("app", scene.app)) {
    hub = std::make_unique<Hub>(
        HubConfig{.lanes = lanes,
                  .lane_limits = scene.lane_limits,
                  .random =
                      [seed](unsigned lane) {
                          return std::make_unique<base::SeededRandom>(seed * 1000 + lane);
                      }},
        Ports{.history = &record, .host_events = &record});
    for (unsigned i = 0; i < lanes; ++i) {
        lane_threads.push_back(std::make_unique<LaneThread>(*this, i));
    }
    for (unsigned i = 0; i < outside_publishers; ++i) {
        pens_.push_back(std::make_unique<Pen>(*this, i));
    }
}

Round::~Round() = default;

Now Round::now(std::int64_t unix_ms) { return {steady_ns(), unix_ms}; }

void Round::wrong(std::string what) {
    const std::lock_guard lock(wrongs_mutex_);
    wrongs_.push_back(std::move(what));
}

std::vector<std::string> Round::play(Sightings& sightings) {
    for (auto& one : lane_threads) threads_.emplace_back([&one] { one->run(); });
    for (unsigned i = 0; i < outside_publishers; ++i) {
        threads_.emplace_back([this, i] { publish_outside(i); });
    }
    threads_.emplace_back([this] { sweep(); });

    conduct(Stage::open);
    for (unsigned act = 0; act < scene.acts; ++act) {
        publishing = outside_publishers;
        conduct(scene.theme == Theme::limits ? Stage::race : Stage::act);
        conduct(Stage::trickle);
        await_rest();
        conduct(Stage::look);
        conduct(Stage::read_on);
        rest_and_count();
    }
    conduct(Stage::guests_go);
    rest_and_count();
    conduct(Stage::all_go);
    rest_and_count();
    conduct(Stage::quit);
    threads_.clear();
    nothing_remains();
    for (const auto outcome : {Outcome::limit_connections, Outcome::limit_presence_members}) {
        sightings.refused_at_a_limit += hub->refused(outcome).get();
    }
    for (auto& what : judge(record, scene, sightings)) wrongs_.push_back(std::move(what));
    return std::move(wrongs_);
}

// ---- conducting ----

void Round::conduct(Stage stage) {
    stage_ = stage;
    finished_ = 0;
    turn_.fetch_add(1);
    turn_.notify_all();
    for (auto& one : lane_threads) one->bell.ring(Bell::by_conductor);
    const auto until = steady_ns() + hang_ns;
    while (finished_ != threads_.size()) {
        // Only to leave the cores to them.
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        if (steady_ns() > until) give_up("for a thread to finish");
    }
}

Stage Round::await(unsigned& turn) {
    turn_.wait(turn);
    turn = turn_.load();
    return stage_;
}

void Round::await_rest() {
    const auto until = steady_ns() + hang_ns;
    while (!all_rest()) {
        std::this_thread::yield();
        if (steady_ns() > until) give_up("for all lanes to sleep");
    }
}

// Who was asleep, not rung for and has not got up between two looks slept all the time between
// them. If that is true of all, nobody was there to ring in the middle.
bool Round::all_rest() const {
    std::array<std::uint64_t, lanes> naps{};
    for (int look = 0; look < 2; ++look) {
        for (unsigned i = 0; i < lanes; ++i) {
            const auto& one = *lane_threads[i];
            if (!one.asleep || one.bell.bits != 0) return false;
            if (look == 1 && one.naps != naps[i]) return false;
            naps[i] = one.naps;
        }
    }
    return true;
}

void Round::rest_and_count() {
    await_rest();
    ++rests;
    conduct(Stage::count);
    check_sums();
    await_rest();
}

void Round::check_sums() {
    const auto check = [&](bool holds, const std::string& what) {
        if (!holds) wrong(what + " (at rest)");
    };
    std::uint64_t matched = 0;
    std::uint64_t receipts = 0;
    std::uint64_t sessions = 0;
    for (const auto& one : lane_threads) {
        matched += one->books.matched;
        receipts += one->pen.matched + one->replayed;
        sessions += one->open_sessions;
    }
    for (const auto& pen : pens_) receipts += pen->matched;
    check(scene.presence ? matched >= receipts : matched == receipts,
          "what the lanes were matched for is what receipts say: " + std::to_string(matched) +
              ", not " + std::to_string(receipts));
    check(hub->connections(app) == sessions && open_connections == static_cast<int>(sessions),
          "each connection is counted once: " + std::to_string(hub->connections(app)) + ", not " +
              std::to_string(sessions));
    for (std::uint8_t i = 0; i < channels; ++i) {
        std::uint32_t subscribers = 0;
        std::uint64_t members = 0;
        for (const auto& one : lane_threads) {
            subscribers += one->subscribers[i];
            members |= one->members[i];
        }
        const auto described = hub->describe(app, places[i].name);
        const auto known = described ? described->subscribers : 0;
        const auto name = std::string(places[i].name);
        check(known == subscribers, "a channel knows who is subscribed: " + name + " knows " +
                                        std::to_string(known) + ", not " +
                                        std::to_string(subscribers));
        for (const auto& one : hub->members(app, name)) {
            members ^= std::uint64_t{1} << number_of(one.id);
        }
        check(members == 0, "a channel knows who is present: " + name + " does not");
    }
}

void Round::nothing_remains() {
    record.forget_before_ns = INT64_MAX;
    hub->sweep(ChannelTable::stripe_count, now());
    if (hub->channel_count() != 0) {
        wrong("nothing remains of channels without subscribers that keep nothing: " +
              std::to_string(hub->channel_count()) + " do");
    }
}

void Round::give_up(const char* waiting_for) {
    std::fprintf(stderr, "waited %lld s %s\n%s", static_cast<long long>(hang_ns / base::ns_per_s),
                 waiting_for, state_of_lanes().c_str());
    std::abort();  // its threads cannot be joined
}

std::string Round::state_of_lanes() const {
    std::string all;
    for (unsigned i = 0; i < lanes; ++i) {
        const auto& one = *lane_threads[i];
        all += "lane " + std::to_string(i) + (one.asleep ? " sleeps" : " is awake") +
               (one.bell.bits != 0 ? ", was rung for, " : ", ") +
               (hub->lane(i).inbox().empty() ? "has no items in its inbox, and "
                                             : "has items in its inbox, and ") +
               std::to_string(hub->lane(i).inbox().reserved_bytes()) + " bytes of it are taken\n";
    }
    return all;
}

// ---- publishers and the sweeper ----

Outcome Pen::publish(std::uint8_t to_channels, std::size_t fill_bytes, SessionId exclude,
                     const Session* from) {
    auto& attempts = round_.record.attempts[publisher_];
    const auto number = static_cast<std::uint32_t>(attempts.size());
    attempts.push_back({.exclude = exclude.value, .channels = to_channels});
    const auto publication = make_publication({publisher_, number}, fill_bytes,
                                              from != nullptr ? from->id() : SessionId{}, exclude);
    std::array<std::string_view, channels> names;
    std::size_t used = 0;
    for (std::size_t i = 0; i < channels; ++i) {
        if ((to_channels >> i & 1) != 0) names[used++] = places[i].name;
    }
    const auto at = Round::now(number);
    const auto receipt =
        from != nullptr ? round_.hub->publish(*from, names[0], publication, at)
                        : round_.hub->publish(round_.app, {names.data(), used}, publication, at);
    attempts[number].accepted = receipt.outcome == Outcome::ok;
    attempts[number].matched = receipt.matched;
    matched += receipt.matched;
    return receipt.outcome;
}

Outcome Pen::send(SessionId to, std::size_t fill_bytes) {
    if (!to) return Outcome::bad_name;
    auto& attempts = round_.record.attempts[publisher_];
    const auto number = static_cast<std::uint32_t>(attempts.size());
    const auto publication = make_publication({publisher_, number}, fill_bytes, {}, {});
    const auto outcome = round_.hub->send(to, publication, Round::now(number));
    const bool accepted = outcome == Outcome::ok;
    attempts.push_back({.to = to.value, .accepted = accepted, .matched = accepted ? 1U : 0U});
    if (accepted) ++matched;
    return outcome;
}

void Round::publish_outside(unsigned publisher) {
    Pen& pen = *pens_[publisher];
    base::SeededRandom random(scene.seed * 1000 + 20 + publisher);
    for (unsigned turn = 0;;) {
        const auto stage = await(turn);
        if (stage == Stage::act) {
            for (auto left = scene.publications; left != 0; --left) {
                publish_one(pen, random, false);
            }
            publishing.fetch_sub(1);
        }
        if (stage == Stage::trickle && scene.theme != Theme::limits) {
            for (int left = 15; left != 0; --left) publish_one(pen, random, true);
        }
        finished();
        if (stage == Stage::quit) return;
    }
}

void Round::publish_one(Pen& pen, base::SeededRandom& random, bool slowly) {
    const auto someone = SessionId{
        board.sessions[random.below(board.sessions.size())].load(std::memory_order_relaxed)};
    const auto fill = random.below(scene.fill_max);
    if (random.below(12) == 0) {
        pen.send(someone, fill);
        return;
    }
    auto to = static_cast<std::uint8_t>(1U << random.below(channels));
    if (scene.theme == Theme::recovery && random.below(2) == 0) {
        to = static_cast<std::uint8_t>(1U << (4 + random.below(3)));
    }
    if (random.below(6) == 0) to |= static_cast<std::uint8_t>(random.below(256));
    const auto outcome =
        pen.publish(to, fill, random.below(8) == 0 ? someone : SessionId{}, nullptr);
    if (slowly || outcome == Outcome::overloaded || random.below(3) == 0) {
        std::this_thread::yield();
    }
}

void Round::sweep() {
    base::SeededRandom random(scene.seed * 1000 + 30);
    for (unsigned turn = 0;;) {
        const auto stage = await(turn);
        while (stage == Stage::act && publishing.load(std::memory_order_relaxed) != 0) {
            const auto at = now();
            if (scene.keep_ns != 0) {
                record.forget_before_ns.store(
                    at.steady_ns - static_cast<std::int64_t>(
                                       random.below(static_cast<std::uint64_t>(scene.keep_ns))),
                    std::memory_order_relaxed);
            }
            hub->sweep(1 + random.below(ChannelTable::stripe_count), at);
            std::this_thread::yield();
        }
        finished();
        if (stage == Stage::quit) return;
    }
}

}  // namespace carillon::hub::threads
