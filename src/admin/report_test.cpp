#include "admin/report.h"

#include <gtest/gtest.h>

#include <thread>

#include "hub/testing_hub.h"

namespace carillon::admin {
namespace {

using hub::testing::TestHub;

TEST(Report, follows_a_publication_through_the_books_of_its_lane) {
    TestHub house({.lanes = 2});
    auto reader = house.open(1);
    auto stuck = house.open(1);
    reader->join("c");
    stuck->join("c");
    house.run();
    stuck->door.room = 0;
    house.publish("c", "hello");

    auto report = report_of(house.lane(1));
    EXPECT_EQ(report.lane, 1U);
    EXPECT_EQ(report.sessions, 2U);
    EXPECT_EQ(report.subscriptions, 2U);
    EXPECT_EQ(report.books.matched, 2U);
    EXPECT_EQ(report.books.pending_inbox, 2U);
    EXPECT_GT(report.inbox_reserved_bytes, 5U);

    house.run();
    report = report_of(house.lane(1));
    EXPECT_EQ(report.books.delivered, 1U);
    EXPECT_EQ(report.books.pending_outbox, 1U);
    EXPECT_EQ(report.books.accounted(), 2U);
    EXPECT_EQ(report.inbox_reserved_bytes, 0U);
    EXPECT_EQ(report.encoded, 1U);
    EXPECT_EQ(report.bytes_sent, reader->door.received.size());
    EXPECT_EQ(report.writes, house.lane(1).books().writes.get());
    EXPECT_GT(report.slices_live, 0U);
    EXPECT_GT(report.batch_live_bytes, 0U);
    EXPECT_EQ(report_of(house.lane(0)).books.matched, 0U);

    stuck->close(hub::CloseReason::kicked);
    house.run();
    report = report_of(house.lane(1));
    EXPECT_EQ(report.closed[static_cast<std::size_t>(hub::CloseReason::kicked)], 1U);
    EXPECT_EQ(report.books.left, 1U);
    EXPECT_EQ(report.sessions, 1U);
}

TEST(Report, is_taken_on_the_lanes_own_thread_only) {
    TestHub house;
    std::thread([&] { house.lane().home().settle(); }).join();
    EXPECT_DEATH(report_of(house.lane()), "is_here");
    house.lane().home().unsettle();
}

TEST(Report, names_every_result_of_a_recovery_also_those_that_never_happened) {
    TestHub house;
    auto ann = house.open();
    ann->join("c", {.recover = hub::Position{1, 2}});
    const auto counts = recoveries_of(house.hub);
    EXPECT_EQ(counts.size(), hub::recoveries - 1);  // all but "not_asked"
    for (const auto& [result, count] : counts) EXPECT_EQ(count, result == "not_kept" ? 1U : 0U);
}

TEST(Report, names_every_way_the_hub_refuses_also_those_that_never_happened) {
    TestHub house;
    auto client = house.open();
    client->join("");
    const auto refusals = refusals_of(house.hub);
    EXPECT_EQ(refusals.size(), hub::outcomes - 2);
    for (const auto& [outcome, count] : refusals) {
        EXPECT_EQ(count, outcome == "bad_name" ? 1U : 0U) << outcome;
    }
}

}  // namespace
}  // namespace carillon::admin
