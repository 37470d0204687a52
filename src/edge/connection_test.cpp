// The door: what leaves through Connection, to clients who read and to clients who do not.
#include "edge/connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;
using OnFull = hub::OutboxPolicy::OnFull;

constexpr int small = 4096;
constexpr hub::OutboxPolicy patient{
    .messages_max = 1'000'000, .bytes_max = std::size_t{1} << 30, .on_full = OnFull::drop_newest};

std::string numbered(int number, std::size_t size = 10'000) {
    auto text = std::to_string(number) + ":";
    text.resize(std::max(size, text.size()), 'x');
    return text;
}

int number_of(const Frame& frame) {
    if (frame.opcode != Opcode::text || frame.payload.find(':') == std::string::npos) return -1;
    const int number = std::stoi(frame.payload);
    return frame.payload == numbered(number, frame.payload.size()) ? number : -1;
}

struct Queue {
    bool blocked = false;
    std::size_t messages = 0;
    std::size_t reply_bytes = 0;
    bool empty = true;
    std::uint64_t writes = 0;
    std::uint64_t bytes_sent = 0;
};

Queue queue_of(House& house, std::string_view channel) {
    Queue queue;
    house.settle();
    house.with_session(channel, [&](TestSession& session) {
        const auto& outbox = session.outbox;
        const auto& counts = house.counts();
        queue = {outbox.blocked(), outbox.messages(),   outbox.reply_bytes(),
                 outbox.empty(),   counts.writes.get(), counts.bytes_sent.get()};
    });
    return queue;
}

bool gets_stuck(House& house, std::string_view channel) {
    return net::eventually([&] {
        const auto queue = queue_of(house, channel);
        return queue.blocked && !queue.empty;
    });
}

// What was published is in the outboxes, or further.
bool offers_everything(House& house) {
    return net::eventually([&] {
        const auto books = house.books();
        return books.pending_inbox + books.pending_batch == 0;
    });
}

std::uint64_t dropped(const hub::BooksSnapshot& books, hub::DropReason reason) {
    return books.dropped[static_cast<std::size_t>(reason)];
}

// ---- who does not read ----

TEST(Connection, keeps_everything_in_order_for_a_client_that_does_not_read) {
    House house({.buffer_bytes = small});
    house.protocol.policy = patient;
    auto client = house.connect_to("room", 0, small);
    int next = 0;
    for (; next < 500; ++next) house.publish("room", numbered(next));
    ASSERT_TRUE(gets_stuck(house, "room"));
    for (; next < 510; ++next) house.publish("room", numbered(next));
    ASSERT_TRUE(offers_everything(house));
    EXPECT_GT(queue_of(house, "room").messages, 100U);
    for (int i = 0; i < next; ++i) ASSERT_EQ(number_of(client.hear()), i);
    EXPECT_TRUE(net::eventually([&] { return queue_of(house, "room").empty; }));
    EXPECT_EQ(house.books().delivered, static_cast<std::uint64_t>(next));
}

TEST(Connection, sends_nothing_until_the_socket_takes_more) {
    House house({.buffer_bytes = small});
    house.protocol.policy = patient;
    auto client = house.connect_to("room", 0, small);
    int next = 0;
    for (; next < 100; ++next) house.publish("room", numbered(next));
    ASSERT_TRUE(gets_stuck(house, "room"));
    // The kernel may have found some room a little later; not each time.
    EXPECT_TRUE(net::eventually([&] {
        const auto before = queue_of(house, "room");
        house.publish("room", numbered(next++));
        const auto after = queue_of(house, "room");
        return after.writes == before.writes && after.bytes_sent == before.bytes_sent &&
               after.messages == before.messages + 1;
    }));
    for (int i = 0; i < next; ++i) ASSERT_EQ(number_of(client.hear()), i);
}

TEST(Connection, closes_a_client_that_owes_too_much_and_accounts_for_all) {
    House house({.buffer_bytes = small});
    house.protocol.policy = {.messages_max = 100, .on_full = OnFull::close};
    auto client = house.connect_to("room", 0, small);
    for (int i = 0; i < 500; ++i) house.publish("room", numbered(i));
    EXPECT_TRUE(house.protocol.hears("close slow"));
    std::uint64_t received = 0;
    auto frame = client.hear();
    for (; frame.opcode == Opcode::text; frame = client.hear()) {
        ASSERT_EQ(number_of(frame), static_cast<int>(received++));
    }
    EXPECT_EQ(frame, close_frame(4100, "slow"));
    client.say(Opcode::close, close_payload(4100));
    EXPECT_TRUE(client.sees_end());
    client.close();
    EXPECT_TRUE(house.empties());
    const auto books = house.books();
    EXPECT_EQ(books.delivered, received);
    EXPECT_GT(dropped(books, hub::DropReason::closed), 90U);
    EXPECT_EQ(books.pending_outbox + books.pending_batch + books.pending_inbox, 0U);
    const auto slow = static_cast<std::size_t>(hub::CloseReason::slow);
    EXPECT_EQ(house.counts().closed[slow].get(), 1U);
}

TEST(Connection, drops_the_newest_and_accounts_for_them) {
    House house({.buffer_bytes = small});
    house.protocol.policy = {.messages_max = 50, .on_full = OnFull::drop_newest};
    auto client = house.connect_to("room", 0, small);
    constexpr int all = 500;
    for (int i = 0; i < all; ++i) house.publish("room", numbered(i));
    ASSERT_TRUE(gets_stuck(house, "room"));
    ASSERT_TRUE(offers_everything(house));
    EXPECT_LE(queue_of(house, "room").messages, 50U);
    client.say(Opcode::close, close_payload(1000));  // its echo comes last
    std::uint64_t received = 0;
    int last = -1;
    auto frame = client.hear();
    for (; frame.opcode == Opcode::text; frame = client.hear()) {
        ASSERT_GT(number_of(frame), last);
        last = number_of(frame);
        ++received;
    }
    EXPECT_EQ(frame, close_frame(1000));
    EXPECT_TRUE(client.sees_end());
    const auto books = house.books();
    EXPECT_EQ(books.matched, static_cast<std::uint64_t>(all));
    EXPECT_EQ(books.delivered, received);
    EXPECT_EQ(dropped(books, hub::DropReason::newest), all - received);
}

TEST(Connection, lets_go_of_a_client_that_vanishes_while_it_is_owed_much) {
    House house({.buffer_bytes = small});
    house.protocol.policy = patient;
    auto client = house.connect_to("room", 0, small);
    for (int i = 0; i < 100; ++i) house.publish("room", numbered(i));
    ASSERT_TRUE(gets_stuck(house, "room"));
    client.reset();
    EXPECT_TRUE(house.empties());
    const auto books = house.books();
    EXPECT_EQ(books.delivered + books.left, 100U);
    EXPECT_EQ(books.pending_outbox, 0U);
}

TEST(Connection, does_not_let_a_slow_client_keep_the_others) {
    House house({.buffer_bytes = small});
    house.protocol.policy = patient;
    auto slow = house.connect_to("room", 0, small);
    auto other = house.connect_to("room", 0, small);
    std::jthread publisher([&] {
        for (int i = 0; i < 300; ++i) house.publish("room", numbered(i));
    });
    for (int i = 0; i < 300; ++i) ASSERT_EQ(number_of(other.hear()), i);
    for (int i = 0; i < 300; ++i) ASSERT_EQ(number_of(slow.hear()), i);
}

// ---- how it is written ----

TEST(Connection, writes_a_long_queue_in_shares) {
    House house;
    auto client = house.connect_to("room");
    client.say("bytes 8000000");
    ASSERT_TRUE(gets_stuck(house, "room"));
    const auto queue = queue_of(house, "room");
    EXPECT_GT(queue.bytes_sent, limits::write_bytes_max);
    EXPECT_LE(queue.bytes_sent, queue.writes * limits::write_bytes_max);
    EXPECT_EQ(client.hear().payload, std::string(8'000'000, 'b'));
}

TEST(Connection, sends_several_small_slices_at_once) {
    House house;
    auto client = house.connect_to("room");
    client.say("join hall");
    EXPECT_TRUE(house.protocol.hears("join hall"));
    const auto before = client.segments_received();
    house.with_session("room", [&](TestSession& session) {  // all in one turn of the loop
        session.out.reply("first");
        house.publish("room", "second");
        house.publish("hall", "third");
    });
    std::vector<std::string> heard(3);
    for (auto& text : heard) text = client.hear().payload;
    EXPECT_EQ(heard.front(), "first");
    std::sort(heard.begin(), heard.end());  // between channels no order is promised
    EXPECT_EQ(heard, (std::vector<std::string>{"first", "second", "third"}));
    EXPECT_EQ(client.segments_received() - before, 1U);
}

TEST(Connection, sends_many_slices_whole_and_in_order) {
    House house({.buffer_bytes = small});
    house.protocol.policy = patient;
    auto client = house.connect_to("room", 0, small);
    house.publish("room", numbered(0, 500'000));
    ASSERT_TRUE(gets_stuck(house, "room"));
    // Small ones, large ones and replies in turns: more slices than are gathered at once.
    int next = 1;
    for (int round = 0; round < 100; ++round) {
        house.with_session("room",
                           [&](TestSession& session) { session.out.reply(numbered(next++, 50)); });
        house.publish("room", numbered(next++, round % 10 == 0 ? 70'000 : 30));
        house.settle();
    }
    for (int i = 0; i < next; ++i) ASSERT_EQ(number_of(client.hear()), i);
}

// ---- who does not read its replies ----

TEST(Connection, does_not_read_a_client_that_does_not_take_its_replies) {
    House house({.buffer_bytes = small});
    auto client = house.connect_to("room", 0, small);
    const auto ping = client_frame(std::string(125, 'p'), {.opcode = Opcode::ping});
    std::string pings;
    for (int i = 0; i < 200'000; ++i) pings += ping;
    std::size_t sent = 0;
    EXPECT_TRUE(net::eventually([&] {
        const auto n = client.send_some(std::string_view(pings).substr(sent));
        sent += n;
        house.settle();
        return n == 0 && house.protocol.reply_bytes_max > limits::unsent_replies_bytes_max;
    }));
    ASSERT_LT(sent, pings.size());  // it had to stop
    EXPECT_LE(house.protocol.reply_bytes_max, limits::unsent_replies_bytes_max + 127);
    for (std::size_t i = 0; i < sent / ping.size(); ++i) {
        ASSERT_EQ(client.hear(), (Frame{Opcode::pong, std::string(125, 'p')}));
    }
    client.send(
        std::string_view(pings).substr(sent % ping.size(), ping.size() - sent % ping.size()));
    client.say("echo read again");
    auto frame = client.hear();
    if (frame.opcode == Opcode::pong) frame = client.hear();
    EXPECT_EQ(frame, text_frame("echo read again"));
}

TEST(Connection, does_not_pile_up_large_replies_to_small_messages_of_one_read) {
    House house({.buffer_bytes = small});
    auto client = house.connect_to("room", 0, small);
    std::string all;
    constexpr int messages = 200;
    for (int i = 0; i < messages; ++i) all += client_frame("bytes 30000");
    client.send(all + client_frame("echo done"));
    ASSERT_TRUE(gets_stuck(house, "room"));
    EXPECT_LE(queue_of(house, "room").reply_bytes, limits::unsent_replies_bytes_max + 30'004);
    for (int i = 0; i < messages; ++i) ASSERT_EQ(client.hear().payload.size(), 30'000U);
    EXPECT_EQ(client.hear(), text_frame("echo done"));
}

TEST(Connection, reads_again_when_the_replies_are_gone_though_publications_still_wait) {
    House house({.buffer_bytes = small});
    house.protocol.policy = patient;
    auto client = house.connect_to("room", 0, small);
    client.say("bytes 200000");
    ASSERT_TRUE(gets_stuck(house, "room"));
    for (int i = 0; i < 100; ++i) house.publish("room", numbered(i, 50'000));
    client.say(Opcode::ping, "still here");
    house.settle();
    EXPECT_EQ(house.protocol.times("ping still here"), 0U);
    EXPECT_EQ(client.hear().payload.size(), 200'000U);
    EXPECT_TRUE(house.protocol.hears("ping still here"));
    EXPECT_GT(queue_of(house, "room").messages, 50U);
}

// ---- signs of life ----

TEST(Connection, postpones_a_tick_while_the_socket_takes_what_waits) {
    House house({.buffer_bytes = small});
    house.protocol.policy = patient;
    house.protocol.tick_ms = 1'000;
    auto client = house.connect_to("room", 0, small);
    for (int i = 0; i < 100; ++i) house.publish("room", numbered(i));
    ASSERT_TRUE(gets_stuck(house, "room"));
    house.advance_ms(1'050);
    EXPECT_EQ(house.protocol.times("tick"), 0U);
    // Nothing moves any more: now it is silence.
    EXPECT_TRUE(net::eventually([&] {
        house.advance_ms(1'050);
        return house.protocol.times("tick") == 1;
    }));
    const auto stuck = queue_of(house, "room");
    int heard = 0;
    EXPECT_TRUE(net::eventually([&] {
        EXPECT_EQ(number_of(client.hear()), heard++);
        return queue_of(house, "room").bytes_sent > stuck.bytes_sent || heard == 100;
    }));
    ASSERT_FALSE(queue_of(house, "room").empty);
    house.advance_ms(1'050);
    EXPECT_EQ(house.protocol.times("tick"), 1U);
    while (heard < 100) ASSERT_EQ(number_of(client.hear()), heard++);
    EXPECT_TRUE(net::eventually([&] { return queue_of(house, "room").empty; }));
    house.advance_ms(1'050);
    EXPECT_EQ(house.protocol.times("tick"), 2U);
}

}  // namespace
}  // namespace carillon::edge
