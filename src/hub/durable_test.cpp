// Named subscriptions: what is handed out to whom and when, what is tried again, what is dead, and what
// of it survives a crash.
#include "hub/durable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/limits.h"
#include "hub/durable_state.h"
#include "hub/durable_subscription.h"
#include "hub/testing_durable.h"

namespace carillon::hub {
namespace {

using ::testing::ElementsAre;
using testing::FakeJournal;
using ::testing::HasSubstr;
using Take = Durable::Take;
using Offsets = std::vector<std::uint64_t>;

AppRef make_app() {
    App app;
    app.id = "app";
    return std::make_shared<const App>(std::move(app));
}

struct House {
    FakeJournal journal;
    AppRef app = make_app();
    std::unique_ptr<Durables> durables = std::make_unique<Durables>(journal, journal);
    Now now{1000, 1'700'000'000'000};
    DurableTerms terms{};

    void append(int count) {
        for (int i = 0; i < count; ++i) journal.append();
        journal.store();
    }
    DurableRef open(std::string_view name = "worker") {
        auto opened = durables->open(app, "jobs", name, terms, now);
        EXPECT_TRUE(opened.has_value()) << opened.error().message;
        return opened ? *opened : DurableRef();
    }
    ErrorKind refused(std::string_view name, std::string_view channel = "jobs") {
        const auto opened = durables->open(app, channel, name, terms, now);
        EXPECT_FALSE(opened.has_value());
        return opened ? ErrorKind::internal : opened.error().kind;
    }
    void pass_ms(std::int64_t ms) {
        now.steady_ns += ms * base::ns_per_ms;
        now.unix_ms += ms;
        durables->tick(now);
    }
    // The process ends; another one begins.
    void crash() {
        durables.reset();
        journal.crash();
        durables = std::make_unique<Durables>(journal, journal);
    }
};

// 0: nothing; the offset otherwise.
std::uint64_t take(const DurableRef& durable, Durable::Member member, Now now,
                   std::uint32_t* deliveries = nullptr) {
    Durable::Taken taken;
    if (durable->take(member, now, taken) != Take::got) return 0;
    if (deliveries != nullptr) *deliveries = taken.deliveries;
    return taken.kept.stamp.position.offset;
}

Offsets take_all(const DurableRef& durable, Durable::Member member, Now now) {
    Offsets offsets;
    while (const auto offset = take(durable, member, now)) offsets.push_back(offset);
    return offsets;
}

TEST(Durable, hands_out_in_order_and_moves_its_cursor_with_what_is_acknowledged) {
    House house;
    house.append(10);
    const auto worker = house.open();
    const auto me = worker->join({});
    for (std::uint64_t offset = 1; offset <= 10; ++offset) {
        ASSERT_EQ(take(worker, me, house.now), offset);
        EXPECT_EQ(worker->numbers().cursor, offset - 1);
        EXPECT_TRUE(worker->ack(me, offset, house.now));
        EXPECT_EQ(worker->numbers().cursor, offset);
    }
    EXPECT_EQ(take(worker, me, house.now), 0U);
    EXPECT_EQ(worker->numbers().acked, 10U);
}

TEST(Durable, goes_on_behind_what_was_acknowledged_after_a_crash) {
    House house;
    house.append(10);
    auto worker = house.open();
    auto me = worker->join({});
    EXPECT_EQ(take_all(worker, me, house.now).size(), 10U);
    for (const auto offset : {1, 2, 4, 5, 9}) EXPECT_TRUE(worker->ack(me, offset, house.now));
    worker.reset();
    house.crash();
    worker = house.open();
    me = worker->join({});
    Offsets again;
    for (int i = 0; i < 5; ++i) {
        again.push_back(take(worker, me, house.now));
        worker->ack(me, again.back(), house.now);
    }
    EXPECT_THAT(again, ElementsAre(3, 6, 7, 8, 10));
    EXPECT_EQ(worker->numbers().cursor, 10U);
}

TEST(Durable, hands_out_nothing_that_is_not_stored) {
    House house;
    house.append(1);
    house.journal.append();
    const auto worker = house.open();
    int rings = 0;
    const auto me = worker->join([&] { ++rings; });
    EXPECT_EQ(take_all(worker, me, house.now), (Offsets{1}));
    rings = 0;
    house.journal.store();
    EXPECT_EQ(rings, 1);
    EXPECT_EQ(take(worker, me, house.now), 2U);
}

TEST(Durable, begins_where_its_terms_say_and_only_the_first_time) {
    const auto first = [](From from, bool again) {
        House house;
        for (int i = 1; i <= 5; ++i) house.journal.append("m", i * 100);
        house.journal.store();
        house.terms.from = from;
        if (again) house.open();
        if (again) house.crash();
        house.journal.append("m", 600);
        house.journal.store();
        const auto worker = house.open();
        return take(worker, worker->join({}), house.now);
    };
    using Kind = From::Kind;
    EXPECT_EQ(first({.kind = Kind::beginning, .value = 0, .after = {}}, false), 1U);
    EXPECT_EQ(first({.kind = Kind::newest, .value = 2, .after = {}}, true), 4U);
    EXPECT_EQ(first({.kind = Kind::offset, .value = 3, .after = {}}, false), 3U);
    EXPECT_EQ(first({.kind = Kind::after, .value = 0, .after = {FakeJournal::epoch, 3}}, false),
              4U);
    EXPECT_EQ(first({.kind = Kind::time, .value = 450, .after = {}}, false), 5U);
    EXPECT_EQ(first({.kind = Kind::now, .value = 0, .after = {}}, true), 6U);
    EXPECT_EQ(first({.kind = Kind::now, .value = 0, .after = {}}, false), 0U);
}

TEST(Durable, refuses_what_it_cannot_do_with_a_reason) {
    House house;
    house.append(3);
    EXPECT_EQ(house.refused(""), ErrorKind::invalid);
    EXPECT_EQ(house.refused(std::string(129, 'n')), ErrorKind::invalid);
    EXPECT_EQ(house.refused("a\nb"), ErrorKind::invalid);
    EXPECT_EQ(house.refused("worker", "forgotten"), ErrorKind::unsupported);
    house.terms.from = {.kind = From::Kind::after, .value = 0, .after = {1, 1}};
    EXPECT_EQ(house.refused("worker"), ErrorKind::invalid);
    house.terms.from = {.kind = From::Kind::offset, .value = 99, .after = {}};
    EXPECT_EQ(house.refused("worker"), ErrorKind::invalid);
    house.terms = {};
    house.journal.save(*house.app, "jobs", "worker", "\x02H garbage", nullptr);
    EXPECT_EQ(house.refused("worker"), ErrorKind::unsupported);
    house.journal.save(*house.app, "jobs", "worker", "\x01H garbage", nullptr);
    EXPECT_EQ(house.refused("worker"), ErrorKind::invalid);
}

TEST(Durable, tries_again_what_failed_before_anything_newer_after_a_pause_that_doubles) {
    House house;
    house.append(3);
    house.terms.backoff_first_ms = 100;
    house.terms.backoff_max_ms = 400;
    const auto worker = house.open();
    int rings = 0;
    const auto me = worker->join([&] { ++rings; });
    std::uint32_t deliveries = 0;
    const std::int64_t pauses[] = {100, 200, 400, 400};
    for (std::uint32_t i = 0; i < 4; ++i) {
        ASSERT_EQ(take(worker, me, house.now, &deliveries), 1U);
        EXPECT_EQ(deliveries, i + 1);
        EXPECT_TRUE(worker->nack(me, 1, "no", house.now));
        house.pass_ms(pauses[i] - 1);
        ASSERT_EQ(take(worker, me, house.now), 0U);
        rings = 0;
        house.pass_ms(1);
        EXPECT_EQ(rings, 1);
    }
    EXPECT_EQ(take_all(worker, me, house.now), (Offsets{1, 2, 3}));
    EXPECT_EQ(worker->numbers().redelivered, 4U);
    EXPECT_EQ(worker->numbers().nacked, 4U);
}

TEST(Durable, keeps_in_hand_what_is_in_hand_when_an_earlier_one_fails) {
    House house;
    house.append(5);
    const auto worker = house.open();
    const auto me = worker->join({});
    for (std::uint64_t offset = 1; offset <= 3; ++offset)
        EXPECT_EQ(take(worker, me, house.now), offset);
    EXPECT_TRUE(worker->nack(me, 1, "no", house.now));
    EXPECT_TRUE(worker->nack(me, 2, "no", house.now));
    EXPECT_EQ(take(worker, me, house.now), 0U);
    EXPECT_TRUE(worker->ack(me, 3, house.now));
    EXPECT_EQ(take(worker, me, house.now), 0U);
    house.pass_ms(100);
    EXPECT_EQ(take_all(worker, me, house.now), (Offsets{1, 2, 4, 5}));
}

TEST(Durable, lets_others_go_on_with_newer_messages_while_one_waits) {
    House house;
    house.append(4);
    const auto worker = house.open();
    const auto a = worker->join({});
    const auto b = worker->join({});
    EXPECT_EQ(take(worker, a, house.now), 1U);
    EXPECT_EQ(take(worker, b, house.now), 2U);
    EXPECT_TRUE(worker->nack(a, 1, "no", house.now));
    EXPECT_EQ(take(worker, b, house.now), 3U);
    house.pass_ms(100);
    EXPECT_EQ(take(worker, b, house.now), 1U);
    EXPECT_EQ(take(worker, a, house.now), 4U);
}

TEST(Durable, takes_back_what_is_not_answered_in_time_and_hears_late_answers_no_more) {
    House house;
    house.append(1);
    house.terms.ack_timeout_ms = 1000;
    const auto worker = house.open();
    const auto me = worker->join({});
    EXPECT_EQ(take(worker, me, house.now), 1U);
    EXPECT_LE(house.durables->next_deadline_ns(), house.now.steady_ns + 1000 * base::ns_per_ms);
    house.pass_ms(999);
    EXPECT_EQ(worker->numbers().in_hand, 1U);
    house.pass_ms(1);
    EXPECT_EQ(worker->numbers().timed_out, 1U);
    EXPECT_FALSE(worker->ack(me, 1, house.now));
    EXPECT_FALSE(worker->nack(me, 1, "late", house.now));
    house.pass_ms(100);
    std::uint32_t deliveries = 0;
    EXPECT_EQ(take(worker, me, house.now, &deliveries), 1U);
    EXPECT_EQ(deliveries, 2U);
}

TEST(Durable, gives_what_a_leaver_had_to_others_at_once_as_if_it_had_not_been_delivered) {
    House house;
    house.append(3);
    const auto worker = house.open();
    int rings = 0;
    const auto a = worker->join({});
    const auto b = worker->join([&] { ++rings; });
    EXPECT_EQ(take_all(worker, a, house.now), (Offsets{1, 2, 3}));
    EXPECT_EQ(take(worker, b, house.now), 0U);
    worker->leave(a);
    EXPECT_EQ(rings, 1);
    EXPECT_FALSE(worker->ack(a, 1, house.now));
    std::uint32_t deliveries = 0;
    EXPECT_EQ(take(worker, b, house.now, &deliveries), 1U);
    EXPECT_EQ(deliveries, 1U);
    EXPECT_EQ(take_all(worker, b, house.now), (Offsets{2, 3}));
}

TEST(Durable, does_not_ring_once_a_member_has_left) {
    House house;
    const auto worker = house.open();
    int rings = 0;
    const auto me = worker->join([&] { ++rings; });
    EXPECT_EQ(take(worker, me, house.now), 0U);
    worker->leave(me);
    house.append(1);
    EXPECT_EQ(rings, 0);
}

TEST(Durable, does_not_ring_a_member_who_left_while_others_were_rung) {
    House house;
    const auto worker = house.open();
    int rings = 0;
    Durable::Member second = 0;
    const auto first = worker->join([&] { worker->leave(second); });
    second = worker->join([&] { ++rings; });
    EXPECT_EQ(take(worker, first, house.now), 0U);
    EXPECT_EQ(take(worker, second, house.now), 0U);
    house.append(1);
    EXPECT_EQ(rings, 0);
}

TEST(Durable, waits_in_leave_for_a_ring_that_is_being_heard_elsewhere_but_not_for_its_own) {
    House house;
    const auto worker = house.open();
    std::atomic<int> at{0};
    const auto me = worker->join([&] {
        at = 1;
        while (at != 2) std::this_thread::yield();
        at = 3;
    });
    EXPECT_EQ(take(worker, me, house.now), 0U);
    std::thread storage([&] { house.append(1); });
    while (at != 1) std::this_thread::yield();
    std::thread let_go([&] { at = 2; });
    worker->leave(me);
    EXPECT_EQ(at, 3);
    let_go.join();
    storage.join();

    const auto other = worker->join({});
    EXPECT_EQ(take(worker, other, house.now), 1U);
    worker->ack(other, 1, house.now);
    worker->leave(other);
    Durable::Member self = 0;
    self = worker->join([&] { worker->leave(self); });
    EXPECT_EQ(take(worker, self, house.now), 0U);
    house.append(1);
    EXPECT_EQ(worker->numbers().members, 0U);
}

TEST(Durable, lets_an_exclusive_name_have_one_member) {
    House house;
    house.terms.exclusive = true;
    const auto worker = house.open();
    const auto me = worker->join({});
    EXPECT_NE(me, 0U);
    EXPECT_EQ(worker->join({}), 0U);
    worker->leave(me);
    EXPECT_NE(worker->join({}), 0U);
}

TEST(Durable, leaves_him_alone_who_asked_for_it_whatever_others_ask_for) {
    House house;
    const auto worker = house.open();
    const auto me = worker->join({}, true);
    EXPECT_NE(me, 0U);
    EXPECT_EQ(house.open(), worker);  // on other terms
    EXPECT_EQ(worker->join({}), 0U);
    worker->leave(me);
    const auto other = worker->join({});
    EXPECT_NE(other, 0U);
    EXPECT_EQ(worker->join({}, true), 0U);
}

TEST(Durable, gives_the_whole_timeout_again_to_him_who_still_has_it) {
    House house;
    house.append(1);
    const auto worker = house.open();
    const auto me = worker->join({});
    EXPECT_EQ(take(worker, me, house.now), 1U);
    house.pass_ms(house.terms.ack_timeout_ms - 1);
    EXPECT_TRUE(worker->extend(me, 1, house.now));
    house.pass_ms(house.terms.ack_timeout_ms - 1);
    EXPECT_EQ(worker->numbers().timed_out, 0U);
    house.pass_ms(1);
    EXPECT_EQ(worker->numbers().timed_out, 1U);
    EXPECT_FALSE(worker->extend(me, 1, house.now));
}

// He would ask, be told nothing, try to save, be refused and ring himself, for ever.
TEST(Durable, does_not_ring_for_a_save_that_was_refused_and_that_nobody_waits_for) {
    House house;
    house.append(1);
    const auto worker = house.open();
    int rings = 0;
    const auto me = worker->join([&rings] { ++rings; });
    EXPECT_EQ(take(worker, me, house.now), 1U);
    house.journal.refuse = true;
    EXPECT_TRUE(worker->ack(me, 1, house.now));
    const auto before = rings;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(take(worker, me, house.now), 0U);
    EXPECT_EQ(rings, before);
}

TEST(Durable, calls_a_message_dead_after_so_many_deliveries_and_lists_why) {
    House house;
    house.append(2);
    house.terms.deliveries_max = 3;
    auto worker = house.open();
    auto me = worker->join({});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(take(worker, me, house.now), 1U);
        EXPECT_TRUE(worker->nack(me, 1, "no " + std::to_string(i), house.now));
        house.pass_ms(1000);
    }
    EXPECT_EQ(take(worker, me, house.now), 2U);
    EXPECT_TRUE(worker->ack(me, 2, house.now));
    EXPECT_EQ(worker->numbers().cursor, 2U);
    worker.reset();
    house.crash();
    worker = house.open();
    const auto letters = worker->dead_letters();
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].offset, 1U);
    EXPECT_EQ(letters[0].deliveries, 3U);
    EXPECT_EQ(letters[0].reason, "no 2");
    EXPECT_EQ(take(worker, worker->join({}), house.now), 0U);
}

// Its letter is on the disk and the cursor is not: it must not be both.
TEST(Durable, does_not_deliver_what_is_dead_after_a_crash_between_its_two_notes) {
    for (const std::uint64_t dies : {2, 3}) {
        House house;
        house.append(3);
        house.terms.deliveries_max = 1;
        auto worker = house.open();
        auto me = worker->join({});
        EXPECT_EQ(take_all(worker, me, house.now), (Offsets{1, 2, 3}));
        EXPECT_TRUE(worker->ack(me, 1, house.now));
        EXPECT_TRUE(worker->ack(me, dies == 2 ? 3 : 2, house.now));
        house.journal.refuse_heard = true;
        EXPECT_TRUE(worker->nack(me, dies, "no", house.now));
        worker.reset();
        house.crash();
        house.journal.refuse_heard = false;
        worker = house.open();
        ASSERT_EQ(worker->dead_letters().size(), 1U);
        me = worker->join({});
        EXPECT_EQ(take(worker, me, house.now), 0U);
        EXPECT_EQ(worker->numbers().cursor, 3U);
    }
}

TEST(Durable, replays_a_dead_letter_before_what_is_new_and_counts_anew) {
    House house;
    house.append(2);
    house.terms.deliveries_max = 2;
    auto worker = house.open();
    auto me = worker->join({});
    const auto die = [&] {
        for (int i = 0; i < 2; ++i) {
            Durable::Taken taken;
            ASSERT_EQ(worker->take(me, house.now, taken), Take::got);
            ASSERT_EQ(taken.kept.stamp.position.offset, 1U);
            EXPECT_EQ(taken.deliveries, static_cast<unsigned>(i + 1));
            worker->nack(me, 1, "no", house.now);
            house.pass_ms(1000);
        }
    };
    die();
    EXPECT_FALSE(worker->replay_dead(2, house.now));
    EXPECT_TRUE(worker->replay_dead(1, house.now));
    EXPECT_FALSE(worker->replay_dead(1, house.now));
    EXPECT_TRUE(worker->dead_letters().empty());
    die();
    EXPECT_TRUE(worker->replay_dead(1, house.now));
    worker.reset();
    house.crash();  // a replay that was promised is not forgotten
    worker = house.open();
    me = worker->join({});
    Durable::Taken taken;
    ASSERT_EQ(worker->take(me, house.now, taken), Take::got);
    EXPECT_EQ(taken.kept.stamp.position.offset, 1U);
    EXPECT_EQ(taken.deliveries, 1U);
    EXPECT_EQ(taken.replay, 2U);
    EXPECT_TRUE(worker->ack(me, 1, house.now));
    EXPECT_EQ(take_all(worker, me, house.now), (Offsets{2}));
    EXPECT_EQ(worker->numbers().cursor, 1U);
}

TEST(Durable, keeps_a_dead_letter_that_cannot_be_replayed_and_says_why) {
    House house;
    house.append(2);
    house.terms.deliveries_max = 1;
    const auto worker = house.open();
    const auto me = worker->join({});
    EXPECT_EQ(take(worker, me, house.now), 1U);
    EXPECT_TRUE(worker->nack(me, 1, "no", house.now));
    house.journal.trim(2);
    EXPECT_TRUE(worker->replay_dead(1, house.now));
    EXPECT_EQ(take(worker, me, house.now), 2U);
    ASSERT_EQ(worker->dead_letters().size(), 1U);
    EXPECT_THAT(worker->dead_letters()[0].reason, HasSubstr("not kept"));
    EXPECT_TRUE(worker->drop_dead(1));
    EXPECT_FALSE(worker->drop_dead(1));
    EXPECT_TRUE(worker->dead_letters().empty());
}

TEST(Durable, drops_the_oldest_dead_letter_for_its_bound_and_counts_it) {
    House house;
    house.append(limits::dead_letters_max + 2);
    house.terms.deliveries_max = 1;
    const auto worker = house.open();
    const auto me = worker->join({});
    while (const auto offset = take(worker, me, house.now)) {
        worker->nack(me, offset, std::string(1000, 'x'), house.now);
    }
    EXPECT_EQ(worker->numbers().dead, limits::dead_letters_max);
    EXPECT_EQ(worker->numbers().dead_dropped, 2U);
    EXPECT_EQ(worker->dead_letters()[0].offset, 3U);
    EXPECT_EQ(worker->dead_letters()[0].reason.size(), limits::dead_letter_reason_bytes_max);
    // What an ack writes has none of them in it.
    EXPECT_LT(house.journal.saved_bytes("worker"), 32U);
    EXPECT_GT(house.journal.saved_bytes(DurableSubscription::dead_name("worker")), 200'000U);
}

TEST(Durable, a_message_that_ends_the_process_each_time_becomes_a_dead_letter) {
    House house;
    house.append(3);
    house.terms.deliveries_max = 4;
    int starts = 0;
    for (;; ++starts) {
        ASSERT_LE(starts, 4);
        const auto worker = house.open();
        const auto me = worker->join({});
        if (take(worker, me, house.now) != 1) break;
        house.crash();
    }
    EXPECT_EQ(starts, 4);
    const auto worker = house.open();
    ASSERT_EQ(worker->dead_letters().size(), 1U);
    EXPECT_EQ(worker->dead_letters()[0].deliveries, 4U);
    EXPECT_THAT(worker->dead_letters()[0].reason, HasSubstr("process ended"));
}

// The third of a handful ends the process, and what was acknowledged before is on no disk yet.
TEST(Durable, neighbours_of_a_message_that_ends_the_process_do_not_die_for_it) {
    House house;
    house.append(5);
    house.terms.deliveries_max = 3;
    house.journal.store_at_once = false;
    const auto start = [&] {
        const auto worker = house.open();
        const auto me = worker->join({});
        for (;;) {
            auto offset = take(worker, me, house.now);
            if (offset == 0) {
                house.journal.store();
                offset = take(worker, me, house.now);
            }
            if (offset == 3) break;  // here
            if (offset == 0) return true;
            worker->ack(me, offset, house.now);
        }
        house.crash();
        return false;
    };
    int starts = 1;
    while (!start()) ASSERT_LE(++starts, 20);
    const auto worker = house.open();
    ASSERT_EQ(worker->dead_letters().size(), 1U);
    EXPECT_EQ(worker->dead_letters()[0].offset, 3U);
    EXPECT_EQ(worker->numbers().cursor, 5U);
}

TEST(Durable, writes_an_attempt_down_before_a_redelivery) {
    House house;
    house.append(2);
    house.journal.store_at_once = false;
    const auto worker = house.open();
    int rings = 0;
    const auto me = worker->join([&] { ++rings; });
    EXPECT_EQ(take(worker, me, house.now), 0U);
    house.journal.store();
    EXPECT_EQ(rings, 1);
    EXPECT_EQ(take(worker, me, house.now), 1U);
    EXPECT_EQ(take(worker, me, house.now), 2U) << "an ordinary first delivery waits for no disk";
    EXPECT_TRUE(worker->nack(me, 2, "no", house.now));
    house.pass_ms(100);
    EXPECT_EQ(take(worker, me, house.now), 0U);
    const auto saved = decode_heard(house.journal.load(*house.app, "jobs", "worker"));
    ASSERT_TRUE(saved.has_value());
    EXPECT_THAT(saved->attempts, ElementsAre(HeardState::Attempt{1, 1}, HeardState::Attempt{2, 2}));
    house.journal.store();
    EXPECT_EQ(take(worker, me, house.now), 2U);
}

TEST(Durable, says_lost_until_it_is_skipped_and_counts_how_many) {
    House house;
    house.append(10);
    auto worker = house.open();
    auto me = worker->join({});
    for (const auto offset : {1, 2, 3, 4, 5}) EXPECT_EQ(take(worker, me, house.now), offset + 0U);
    for (const auto offset : {1, 3, 5}) EXPECT_TRUE(worker->ack(me, offset, house.now));
    worker.reset();
    house.crash();
    house.journal.trim(8);  // owed: 2 4 6 7 8 9 10
    worker = house.open();
    me = worker->join({});
    Durable::Taken taken;
    EXPECT_EQ(worker->take(me, house.now, taken), Take::lost);
    EXPECT_EQ(worker->take(me, house.now, taken), Take::lost);
    EXPECT_EQ(worker->skip_lost(house.now), 4U);
    EXPECT_EQ(worker->skip_lost(house.now), 0U);
    EXPECT_EQ(take_all(worker, me, house.now), (Offsets{8, 9, 10}));
    EXPECT_EQ(worker->numbers().lost, 4U);
    EXPECT_EQ(worker->numbers().cursor, 7U);
}

TEST(Durable, goes_on_behind_a_message_that_cannot_be_read) {
    House house;
    house.append(10);
    house.journal.damaged = 5;
    const auto worker = house.open();
    const auto me = worker->join({});
    EXPECT_EQ(take_all(worker, me, house.now), (Offsets{1, 2, 3, 4}));
    Durable::Taken taken;
    EXPECT_EQ(worker->take(me, house.now, taken), Take::lost);
    EXPECT_EQ(worker->skip_lost(house.now), 1U);
    EXPECT_EQ(take(worker, me, house.now), 6U);
}

TEST(Durable, waits_for_pages_that_come_later) {
    House house;
    house.append(2);
    house.journal.later = 2;
    const auto worker = house.open();
    int rings = 0;
    const auto me = worker->join([&] { ++rings; });
    for (int i = 1; i <= 2; ++i) {
        EXPECT_EQ(take(worker, me, house.now), 0U);
        house.journal.ring();
        EXPECT_EQ(rings, i);
    }
    EXPECT_EQ(take_all(worker, me, house.now), (Offsets{1, 2}));
}

TEST(Durable, saves_again_what_the_storage_refused) {
    House house;
    house.append(3);
    auto worker = house.open();
    auto me = worker->join({});
    EXPECT_EQ(take_all(worker, me, house.now), (Offsets{1, 2, 3}));
    house.journal.refuse = true;
    EXPECT_TRUE(worker->ack(me, 1, house.now));
    EXPECT_TRUE(worker->ack(me, 2, house.now));
    EXPECT_EQ(worker->numbers().cursor, 2U);
    house.pass_ms(1000);
    house.journal.refuse = false;
    house.pass_ms(1000);
    worker.reset();
    house.crash();
    worker = house.open();
    EXPECT_EQ(worker->numbers().cursor, 2U);

    // And what was taken, but could not be made safe later.
    house.journal.store_at_once = false;
    me = worker->join({});
    EXPECT_EQ(take(worker, me, house.now), 0U);
    house.journal.store();
    EXPECT_EQ(take(worker, me, house.now), 3U);
    EXPECT_TRUE(worker->ack(me, 3, house.now));
    house.journal.fail_saved();
    const auto saves = house.journal.saves.load();
    house.pass_ms(100);
    worker->numbers();
    house.pass_ms(2000);
    house.pass_ms(30'000);
    EXPECT_GT(house.journal.saves.load(), saves);
}

TEST(Durable, delivers_again_while_the_storage_refuses_to_count) {
    House house;
    house.append(2);
    const auto worker = house.open();
    const auto me = worker->join({});
    house.journal.refuse = true;
    EXPECT_EQ(take(worker, me, house.now), 1U);
    EXPECT_TRUE(worker->nack(me, 1, "no", house.now));
    house.pass_ms(100);
    EXPECT_EQ(take(worker, me, house.now), 1U);
}

TEST(Durable, hands_out_no_more_than_its_bound_until_something_comes_back) {
    House house;
    house.append(limits::durable_in_hand_max + 1);
    const auto worker = house.open();
    int rings = 0;
    const auto me = worker->join([&] { ++rings; });
    EXPECT_EQ(take_all(worker, me, house.now).size(), limits::durable_in_hand_max);
    EXPECT_EQ(worker->numbers().in_hand, limits::durable_in_hand_max);
    rings = 0;
    EXPECT_TRUE(worker->ack(me, 7, house.now));
    EXPECT_EQ(rings, 1);
    EXPECT_EQ(take(worker, me, house.now), limits::durable_in_hand_max + 1);
}

TEST(Durable, tells_when_a_deadline_is_sooner_than_any) {
    House house;
    house.append(2);
    const auto worker = house.open();
    const auto me = worker->join({});
    EXPECT_EQ(house.durables->next_deadline_ns(), base::never_ns);
    int told = 0;
    house.durables->on_sooner([&] { ++told; });
    EXPECT_EQ(take(worker, me, house.now), 1U);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(take(worker, me, house.now), 2U);
    EXPECT_EQ(told, 1) << "its timeout is not sooner";
    EXPECT_TRUE(worker->nack(me, 1, "no", house.now));
    EXPECT_EQ(told, 2);
    EXPECT_EQ(house.durables->next_deadline_ns(), house.now.steady_ns + 100 * base::ns_per_ms);
}

TEST(Durable, is_one_for_each_name_and_takes_the_terms_of_the_last_who_came) {
    House house;
    house.append(2);
    const auto one = house.open();
    house.terms.exclusive = true;
    EXPECT_EQ(house.open(), one);
    const auto me = one->join({});
    EXPECT_EQ(one->join({}), 0U);
    const auto other = house.open("other");
    EXPECT_EQ(take(one, me, house.now), 1U);
    EXPECT_EQ(take(other, other->join({}), house.now), 1U);
    EXPECT_THAT(house.durables->names(*house.app, "jobs"), ElementsAre("other", "worker"));
}

TEST(Durable, is_forgotten_on_request_when_nobody_is_there) {
    House house;
    house.append(2);
    house.terms.deliveries_max = 1;
    auto worker = house.open();
    const auto me = worker->join({});
    EXPECT_EQ(take(worker, me, house.now), 1U);
    EXPECT_TRUE(worker->nack(me, 1, "no", house.now));
    EXPECT_FALSE(house.durables->forget(*house.app, "jobs", "worker"));
    worker->leave(me);
    EXPECT_TRUE(house.durables->forget(*house.app, "jobs", "worker"));
    EXPECT_FALSE(house.durables->forget(*house.app, "jobs", "worker"));
    EXPECT_EQ(worker->join({}), 0U);
    EXPECT_TRUE(house.durables->names(*house.app, "jobs").empty());
    worker = house.open();
    EXPECT_TRUE(worker->dead_letters().empty());
    EXPECT_EQ(take(worker, worker->join({}), house.now), 1U);
    worker.reset();
    house.crash();
    EXPECT_TRUE(house.durables->forget(*house.app, "jobs", "worker"));
    EXPECT_TRUE(house.durables->names(*house.app, "jobs").empty());
}

TEST(Durable, leaves_memory_when_nobody_needs_it_and_is_bounded) {
    House house;
    house.append(1);
    for (std::size_t i = 0; i < 1000; ++i) house.open("n" + std::to_string(i));
    std::vector<DurableRef> held;
    for (std::size_t i = 0; i < limits::durables_max; ++i) {
        held.push_back(house.open("m" + std::to_string(i)));
    }
    EXPECT_EQ(house.refused("one more"), ErrorKind::too_large);
    held.clear();
    house.open("one more");
}

TEST(DurableState, is_the_same_when_it_was_written_and_read) {
    const HeardState heard{5, 1000, {{6, 6}, {8, 100}, {999, 999}}, {{6, 2}, {50, 1}, {4000, 16}}};
    const auto again = decode_heard(encode(heard));
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(*again, heard);
    const std::vector<DeadState> letters{{{9, 3, 170, "why"}, 2, true}, {{1, 1, 0, ""}, 0, false}};
    const auto read = decode_dead(encode(letters));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(encode(*read), encode(letters));
}

TEST(DurableState, refuses_what_it_did_not_write) {
    const HeardState heard{5, 1000, {{6, 6}, {8, 100}}, {{6, 2}}};
    const auto bytes = encode(heard);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        EXPECT_FALSE(decode_heard(bytes.substr(0, cut)).has_value()) << cut;
    }
    EXPECT_FALSE(decode_heard(bytes + '\0').has_value());
    EXPECT_FALSE(decode_dead(bytes).has_value());
    const auto wrong = [](const HeardState& state) { return !decode_heard(encode(state)); };
    EXPECT_TRUE(wrong({5, 4, {}, {}}));
    EXPECT_TRUE(wrong({5, 6, {}, {}}));
    EXPECT_TRUE(wrong({5, 9, {{7, 7}}, {}}));
    EXPECT_TRUE(wrong({5, 9, {{6, 9}}, {}}));
    EXPECT_TRUE(wrong({5, 9, {{6, 6}, {7, 7}}, {}}));
    EXPECT_TRUE(wrong({5, 90'000, {{6, 20'000}}, {}}));
    EXPECT_TRUE(wrong({5, 5, {}, {{6, 0}}}));
    EXPECT_TRUE(wrong({5, 5, {}, {{5, 1}}}));
}

}  // namespace
}  // namespace carillon::hub
