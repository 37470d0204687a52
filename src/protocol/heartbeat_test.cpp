#include "protocol/heartbeat.h"

#include <gtest/gtest.h>

namespace carillon::protocol {
namespace {

using Beat = Heartbeat::Beat;

// Seconds after it began, which was not at zero.
Now at(double seconds) {
    return {7 * base::ns_per_s + static_cast<std::int64_t>(seconds * 1e9), 0};
}

TEST(Heartbeat, asks_every_fifteen_seconds) {
    Heartbeat heartbeat(at(0));
    for (int i = 1; i <= 8; ++i) {
        EXPECT_EQ(heartbeat.next_tick_ns(), at(15 * i).steady_ns);
        EXPECT_EQ(heartbeat.tick(at(15 * i - 0.001)), Beat::early);
        EXPECT_EQ(heartbeat.tick(at(15 * i)), Beat::ping);
        heartbeat.heard(at(15 * i + 0.1));
    }
}

TEST(Heartbeat, ends_who_never_answers_at_the_first_tick_after_thirty_seconds) {
    Heartbeat punctual(at(0));
    EXPECT_EQ(punctual.tick(at(15)), Beat::ping);
    EXPECT_EQ(punctual.tick(at(30)), Beat::ping);  // not more than 30 s yet
    EXPECT_EQ(punctual.tick(at(45)), Beat::silent);

    Heartbeat late(at(0));
    EXPECT_EQ(late.tick(at(15.001)), Beat::ping);
    EXPECT_EQ(late.tick(at(30.001)), Beat::silent);
}

TEST(Heartbeat, counts_from_the_last_sign_of_life) {
    Heartbeat heartbeat(at(0));
    EXPECT_EQ(heartbeat.tick(at(15)), Beat::ping);
    heartbeat.heard(at(16));
    EXPECT_EQ(heartbeat.tick(at(30)), Beat::ping);
    EXPECT_EQ(heartbeat.tick(at(45)), Beat::ping);
    EXPECT_EQ(heartbeat.tick(at(60)), Beat::silent);
}

TEST(Heartbeat, asks_a_second_time_only_after_a_pause_when_a_tick_was_late) {
    Heartbeat heartbeat(at(0));
    EXPECT_EQ(heartbeat.tick(at(29)), Beat::ping);
    EXPECT_EQ(heartbeat.tick(at(30)), Beat::early);
    EXPECT_EQ(heartbeat.next_tick_ns(), at(44).steady_ns);
}

}  // namespace
}  // namespace carillon::protocol
