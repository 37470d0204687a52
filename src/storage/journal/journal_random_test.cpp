// Random days of a journal: threads append to three channels, save and read, all at once, until the process or
// the machine ends at some moment. Then what is there is compared with what was promised. What each message
// says follows from its channel and its offset, so that whoever reads one knows whether it is right.
//
//   CARILLON_SEEDS=n  so many days (200);  CARILLON_SEED=n  this one
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/random.h"
#include "storage/journal/testing_house.h"

namespace carillon::storage {
namespace {

using hub::From;
using testing::House;
using testing::Pen;
using Page = hub::Reader::Page;
using Sync = JournalOptions::Sync;

constexpr std::size_t channels = 3;
constexpr std::size_t writers = 2;
constexpr std::size_t readers = 2;

std::string name_of(std::size_t channel) { return "channel" + std::to_string(channel); }
std::string body_of(std::size_t channel, std::uint64_t offset) {
    auto body = std::to_string(channel) + ":" + std::to_string(offset);
    body.append(offset * 7919 % 300, 'x');
    return body;
}

void at_least(std::atomic<std::uint64_t>& highest, std::uint64_t value) {
    auto known = highest.load();
    while (known < value && !highest.compare_exchange_weak(known, value)) {
    }
}

struct Day {
    explicit Day(std::uint64_t seed) : random(seed) {
        static constexpr Sync policies[] = {Sync::every_batch, Sync::interval, Sync::never};
        house.options.sync = policy = policies[random.below(3)];
        house.options.interval_ms = static_cast<std::int64_t>(1 + random.below(3));
        house.options.close_patience_ms = 0;
        appends_max = 1 + random.below(400);
    }

    void run() {
        live();
        if (::testing::Test::HasFailure()) return;
        policy == Sync::never || random.below(2) == 0 ? house.kill()
                                                      : house.crash(random.below(300));
        house.open();
        for (std::size_t i = 0; i < channels; ++i) check_survivors(i);
        check_cursor();
    }

    // ---- while the process lives ----

    void live() {
        house.open();
        for (std::size_t i = 0; i < channels; ++i) pens.push_back(house.pen(name_of(i), 5 + i));
        std::vector<std::thread> threads;
        threads.reserve(writers + readers);
        for (std::size_t i = 0; i < writers; ++i) {
            threads.emplace_back([this, seed = random.next()] { write(seed); });
        }
        for (std::size_t i = 0; i < readers; ++i) {
            threads.emplace_back([this, seed = random.next()] { read(seed); });
        }
        for (std::size_t i = 0; i < writers; ++i) threads[i].join();
        if (random.below(2) == 0) (void)house.journal->flush(1000);
        over = true;
        for (std::size_t i = writers; i < threads.size(); ++i) threads[i].join();
        pens.clear();
    }

    void write(std::uint64_t seed) {
        base::SeededRandom dice(seed);
        while (appends.fetch_add(1) < appends_max) {
            append(dice.below(channels), dice.below(3) == 0);
            if (dice.below(10) == 0) save();
            if (dice.below(40) == 0) std::this_thread::yield();
        }
    }

    void append(std::size_t channel, bool asks) {
        const std::scoped_lock lock(locks[channel]);
        auto& pen = pens[channel];
        const auto offset = pen.position.offset + 1;
        hub::CountdownRef told;
        if (asks) {
            told.reset(new hub::Countdown([this, channel, offset](const hub::Fate& fate) {
                if (fate.stored != 0) at_least(promised[channel], offset);
            }));
        }
        pen.write(body_of(channel, offset), told);
        appended[channel] = offset;
    }

    // Says what was appended to every channel before it.
    void save() {
        const std::scoped_lock lock(save_lock);
        const auto number = ++saves;
        std::string state = std::to_string(number);
        for (const auto& offset : appended) state += " " + std::to_string(offset.load());
        hub::CountdownRef told(new hub::Countdown([this, number](const hub::Fate& fate) {
            if (fate.stored != 0) at_least(promised_save, number);
        }));
        EXPECT_TRUE(house.journal->save(house.app, name_of(0), "me", state, told));
    }

    void read(std::uint64_t seed) {
        base::SeededRandom dice(seed);
        do {
            const auto channel = dice.below(channels);
            dice.below(3) == 0 ? read_pinned(channel, dice) : read_on(channel, dice);
        } while (!over && !::testing::Test::HasFailure());
    }

    // All up to the moment of asking, and nothing else.
    void read_pinned(std::size_t channel, base::SeededRandom& dice) {
        std::unique_ptr<hub::Reader> reader;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        {
            const std::scoped_lock lock(locks[channel]);
            last = pens[channel].position.offset;
            first = last - std::min(last, dice.below(100));
            reader = pens[channel].log->read_after(first);
        }
        auto next = first + 1;
        while (pages(channel, *reader, next, dice) != Page::end) std::this_thread::yield();
        EXPECT_EQ(next, last + 1);
    }

    // From somewhere, for a while.
    void read_on(std::size_t channel, base::SeededRandom& dice) {
        hub::ReadOptions how;
        std::uint64_t next = 0;  // not known
        const auto there = appended[channel].load();
        switch (dice.below(4)) {
            case 0:
                how.from.kind = From::Kind::beginning;
                next = 1;
                break;
            case 1:
                how.from = {.kind = From::Kind::newest, .value = dice.below(50), .after = {}};
                break;
            case 2:
                next = 1 + dice.below(there + 1);
                how.from = {.kind = From::Kind::offset, .value = next, .after = {}};
                break;
            default:
                next = 1 + dice.below(there + 1);
                how.from = {
                    .kind = From::Kind::after, .value = 0, .after = {5 + channel, next - 1}};
        }
        how.stored_only = dice.below(2) == 0;
        testing::Bell bell;
        if (dice.below(2) == 0) how.ring = bell.ring();
        const auto opened = house.journal->read(house.app, name_of(channel), how);
        ASSERT_EQ(opened.recovery, hub::Recovery::recovered);
        for (auto turns = dice.below(200); turns != 0; --turns) {
            if (pages(channel, *opened.reader, next, dice) != Page::some) std::this_thread::yield();
        }
    }

    Page pages(std::size_t channel, hub::Reader& reader, std::uint64_t& next,
               base::SeededRandom& dice) {
        std::vector<hub::Kept> page;
        const auto answer = reader.next(1 + dice.below(3000), page);
        EXPECT_NE(answer, Page::lost) << reader.why();
        EXPECT_EQ(answer == Page::some, !page.empty());
        for (const auto& kept : page) {
            const auto at = kept.stamp.position;
            if (next == 0) next = at.offset;
            EXPECT_EQ(at.offset, next);
            EXPECT_EQ(at.epoch, 5 + channel);
            EXPECT_EQ(kept.publication->body(), body_of(channel, at.offset));
            next = at.offset + 1;
        }
        return answer;
    }

    // ---- afterwards ----

    void check_survivors(std::size_t channel) {
        const auto last = house.pen(name_of(channel), 99).position.offset;
        EXPECT_GE(last, promised[channel].load());
        EXPECT_LE(last, appended[channel].load());
        hub::ReadOptions how;
        how.from.kind = From::Kind::beginning;
        const auto heard = testing::hear(*house.read(name_of(channel), how));
        ASSERT_EQ(heard.kept.size(), last);
        for (std::uint64_t offset = 1; offset <= last; ++offset) {
            const auto& kept = heard.kept[offset - 1];
            ASSERT_EQ(kept.stamp.position.offset, offset);
            ASSERT_EQ(kept.publication->body(), body_of(channel, offset));
        }
        survived[channel] = last;
    }

    void check_cursor() {
        const auto state = house.journal->load(house.app, name_of(0), "me");
        std::array<unsigned long long, 1 + channels> saved{};
        (void)std::sscanf(state.c_str(), "%llu %llu %llu %llu", &saved[0], &saved[1], &saved[2],
                          &saved[3]);
        EXPECT_GE(saved[0], promised_save.load());
        for (std::size_t i = 0; i < channels; ++i) EXPECT_LE(saved[1 + i], survived[i]);
    }

    base::SeededRandom random;
    House house;
    Sync policy{};
    std::uint64_t appends_max = 0;
    std::vector<Pen> pens;
    std::array<std::mutex, channels> locks;
    std::mutex save_lock;
    std::uint64_t saves = 0;
    std::atomic<bool> over{false};
    std::atomic<std::uint64_t> appends{0};
    std::array<std::atomic<std::uint64_t>, channels> appended{};
    std::array<std::atomic<std::uint64_t>, channels> promised{};
    std::atomic<std::uint64_t> promised_save{0};
    std::array<std::uint64_t, channels> survived{};
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const auto* value = std::getenv(variable);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST(JournalRandom, whatever_happens_at_once_and_whenever_it_ends_what_was_promised_is_there) {
    const auto one = number_from("CARILLON_SEED", 0);
    const auto first = one != 0 ? one : 1;
    const auto seeds = one != 0 ? 1 : number_from("CARILLON_SEEDS", 200);
    for (auto seed = first; seed < first + seeds && !HasFailure(); ++seed) {
        SCOPED_TRACE("CARILLON_SEED=" + std::to_string(seed));
        Day(seed).run();
    }
}

}  // namespace
}  // namespace carillon::storage
