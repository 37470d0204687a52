#include "edge/worker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "edge/testing_house.h"

namespace carillon::edge {
namespace {

using namespace testing;

std::vector<Client> some_clients(House& house, std::size_t count) {
    std::vector<Client> clients;
    clients.reserve(count);
    while (clients.size() < count) clients.push_back(house.connect_to("room"));
    return clients;
}

// ---- between clients ----

// A loop that waits until it is told to go on, so that all that is sent meanwhile is ready at once.
class Held {
 public:
    explicit Held(House& house) {
        EXPECT_TRUE(house.loop().post([go = go_.get_future().share()] { go.wait(); }));
    }
    void release() { go_.set_value(); }

 private:
    std::promise<void> go_;
};

std::string much_work(int messages) {
    std::string bytes;
    for (int i = 0; i < messages; ++i) bytes += client_frame("work " + std::to_string(i));
    return bytes;
}

TEST(Worker, hears_others_while_one_client_has_much_to_say_that_takes_time) {
    House house;
    auto hog = house.connect_to("hog");
    auto other = house.connect_to("room");
    house.protocol.work = [&] { house.clock.advance_ms(1); };
    Held held(house);
    hog.send(much_work(40));
    other.say("hello");
    held.release();
    EXPECT_EQ(other.hear(), text_frame("hello"));
    for (int i = 0; i < 40; ++i) ASSERT_EQ(hog.hear(), text_frame(std::to_string(i)));
    const auto lines = house.protocol.lines();
    const auto hello = std::find(lines.begin(), lines.end(), "text hello");
    // Two milliseconds of work, and what came between two looks at the clock.
    EXPECT_LE(std::count(lines.begin(), hello, "work"), 9);
}

TEST(Worker, gives_each_of_many_a_message_more_when_the_time_for_reading_is_used_up) {
    House house;
    std::vector<Client> hogs;
    for (int i = 0; i < 5; ++i) hogs.push_back(house.connect_to("hog" + std::to_string(i)));
    house.protocol.work = [&] { house.clock.advance_ms(10); };
    Held held(house);
    for (auto& hog : hogs) hog.send(much_work(8));
    held.release();
    for (auto& hog : hogs) {
        for (int i = 0; i < 8; ++i) ASSERT_EQ(hog.hear(), text_frame(std::to_string(i)));
    }
}

TEST(Worker, forgets_what_waits_to_be_read_of_a_client_that_vanishes) {
    House house;
    house.protocol.work = [&] { house.clock.advance_ms(10); };
    for (int i = 0; i < 20; ++i) {
        auto hog = house.connect_to("hog");
        hog.send(much_work(50));
        hog.reset();
    }
    auto other = house.connect_to("room");
    other.say("hello");
    EXPECT_EQ(other.hear(), text_frame("hello"));
}

// ---- between cores ----

std::vector<Client> one_on_each_lane(House& house) {
    std::vector<Client> clients;
    clients.reserve(house.hub.lane_count());
    for (unsigned lane = 0; lane < house.hub.lane_count(); ++lane) {
        clients.push_back(house.connect_to("room", lane));
    }
    return clients;
}

TEST(Worker, is_woken_by_what_another_lane_publishes) {
    House house({.lanes = 3});
    auto clients = one_on_each_lane(house);
    for (unsigned lane = 0; lane < 3; ++lane) {
        const auto text = "from " + std::to_string(lane);
        clients[lane].say(text);
        for (auto& client : clients) EXPECT_EQ(client.hear(), text_frame(text));
    }
    house.publish("room", "from outside");
    for (auto& client : clients) EXPECT_EQ(client.hear(), text_frame("from outside"));
}

TEST(Worker, keeps_the_order_of_each_channel_for_readers_on_every_lane) {
    House house({.lanes = 3});
    auto readers = one_on_each_lane(house);
    auto speaker = house.connect_to("room", 1);
    constexpr int messages = 500;
    for (int i = 0; i < messages; ++i) speaker.say(std::to_string(i));
    for (auto& reader : readers) {
        for (int i = 0; i < messages; ++i) ASSERT_EQ(reader.hear().payload, std::to_string(i));
    }
    for (unsigned lane = 0; lane < 3; ++lane) {
        EXPECT_EQ(house.books(lane).matched, lane == 1 ? 2U * messages : messages);
    }
}

TEST(Worker, answers_an_http_request_from_another_loop) {
    House house({.lanes = 2});
    auto client = house.connect();
    client.send(get("/later/a"));
    auto responder = house.take_responder("a");
    house.on_loop(1, [&] { responder.respond(http::text(200, "from next door")); });
    EXPECT_EQ(client.answer().body, "from next door");
}

// ---- drain ----

struct Drain {
    explicit Drain(House& owner, std::int64_t window_ms = 10'000) : house(owner) {
        house.on_loop(
            [&] { house.worker().drain(window_ms * base::ns_per_ms, [this] { ++done; }); });
    }
    House& house;
    std::atomic<int> done = 0;
};

TEST(Worker, is_done_draining_at_once_when_nobody_is_here) {
    House house;
    const Drain drain(house);
    EXPECT_EQ(drain.done, 1);
}

TEST(Worker, says_goodbye_spread_over_the_window_and_is_done_when_the_last_is_gone) {
    House house;
    auto clients = some_clients(house, 10);
    const Drain drain(house);
    EXPECT_EQ(house.protocol.times("close shutdown"), 1U);
    std::size_t before = 1;
    for (int second = 1; second <= 10; ++second) {
        house.advance_ms(second == 10 ? 1'100 : 1'000);
        const auto told = house.protocol.times("close shutdown");
        EXPECT_GE(told, static_cast<std::size_t>(second));
        EXPECT_LE(told - before, 2U);
        before = told;
    }
    EXPECT_EQ(before, 10U);
    EXPECT_EQ(drain.done, 0);
    for (auto& client : clients) {
        EXPECT_EQ(client.hear(), close_frame(1001, "shutdown"));
        client.say(Opcode::close, close_payload(1001));
        EXPECT_TRUE(client.sees_end());
        EXPECT_EQ(drain.done, 0);
        client.close();
    }
    EXPECT_TRUE(net::eventually([&] { return drain.done == 1; }));
    house.settle();
    EXPECT_EQ(drain.done, 1);
    const auto shutdown = static_cast<std::size_t>(hub::CloseReason::shutdown);
    EXPECT_EQ(house.counts().closed[shutdown].get(), 10U);
}

TEST(Worker, is_done_draining_although_a_client_never_answers) {
    House house;
    auto client = house.connect_to("room");
    house.advance_ms(20'000);  // no old timer will help
    const Drain drain(house, 1'000);
    EXPECT_EQ(client.hear(), close_frame(1001, "shutdown"));
    house.advance_ms(limits::websocket_close_ms + 100);
    EXPECT_TRUE(client.sees_end());
    house.advance_ms(limits::websocket_close_ms + 100);
    EXPECT_EQ(drain.done, 1);
}

TEST(Worker, drains_who_leaves_by_itself_too) {
    House house;
    auto clients = some_clients(house, 4);
    const Drain drain(house);
    clients.clear();
    EXPECT_TRUE(net::eventually([&] { return drain.done == 1; }));
    house.advance_ms(20'000);
    EXPECT_EQ(drain.done, 1);
}

TEST(Worker, lets_http_requests_end_and_closes_idle_connections_when_it_drains) {
    House house;
    auto idle = house.connect();
    EXPECT_EQ(idle.ask(get("/hello")).status, 200);
    auto silent = house.connect();
    auto waiting = house.connect();
    waiting.send(get("/later/a") + get("/hello"));
    auto halfway = house.connect();
    halfway.send("GET /hello HTTP/1.1\r\n");
    auto responder = house.take_responder("a");
    house.settle();
    ASSERT_EQ(house.worker().connections(), 4U);
    const Drain drain(house, 100);
    house.advance_ms(150);
    EXPECT_TRUE(idle.sees_end());
    EXPECT_TRUE(silent.sees_end());
    house.settle();
    EXPECT_TRUE(waiting.has_nothing());
    responder.respond(http::text(200, "late"));
    const auto late = waiting.answer();
    EXPECT_EQ(late.body, "late");
    EXPECT_TRUE(late.has("Connection: close"));
    EXPECT_TRUE(waiting.sees_end());
    halfway.send("Host: x\r\n\r\n");
    EXPECT_TRUE(halfway.answer().has("Connection: close"));
    EXPECT_TRUE(halfway.sees_end());
    for (auto* client : {&idle, &silent, &waiting, &halfway}) client->close();
    EXPECT_TRUE(net::eventually([&] { return drain.done == 1; }));
}

TEST(Worker, takes_no_new_websocket_when_it_drains) {
    House house;
    auto first = house.connect_to("room");  // is told first, and does not answer
    auto client = house.connect();
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
    const Drain drain(house);
    const auto answer = client.ask(get("/ws/room", upgrade_headers));
    EXPECT_EQ(answer.status, 503);
    EXPECT_TRUE(answer.has("Retry-After: 1"));
    EXPECT_TRUE(client.sees_end());
}

TEST(Worker, abandons_everyone_at_once) {
    House house({.buffer_bytes = 4096});
    auto idle = house.connect();
    auto waiting = house.connect();
    waiting.send(get("/later/a"));
    auto owed = house.connect_to("room", 0, 4096);
    owed.say("bytes 1000000");
    auto closing = house.connect_to("room");
    closing.say("close");
    EXPECT_EQ(closing.hear(), close_frame(4002, "as asked"));
    EXPECT_TRUE(net::eventually([&] { return house.asked_for("a"); }));
    const Drain drain(house);
    house.on_loop([&] { house.worker().abandon_all(); });
    EXPECT_TRUE(house.empties());
    EXPECT_TRUE(net::eventually([&] { return drain.done == 1; }));
    EXPECT_EQ(idle.rest() + waiting.rest() + closing.rest(), "");
    EXPECT_TRUE(house.protocol.hears("gone shutdown"));
}

// ---- the end ----

TEST(Worker, leaves_nothing_behind_when_it_is_destroyed_with_open_connections) {
    House house({.lanes = 2, .buffer_bytes = 4096});
    auto idle = house.connect();
    auto halfway = house.connect();
    halfway.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
    auto waiting = house.connect();
    waiting.send(get("/later/a") + get("/hello"));
    auto paused = house.connect_to("room", 1);
    paused.send(client_frame("pause") + client_frame("echo unread"));
    auto owed = house.connect_to("room", 0, 4096);
    owed.say("bytes 1000000");
    auto closing = house.connect_to("room", 1);
    closing.say("close");
    EXPECT_EQ(closing.hear(), close_frame(4002, "as asked"));
    EXPECT_TRUE(house.protocol.hears("paused"));
    EXPECT_TRUE(net::eventually([&] { return house.asked_for("a"); }));
    for (int i = 0; i < 10; ++i) house.publish("room", "unheard");
    house.demolish();
    EXPECT_EQ(house.protocol.times("gone shutdown"), 3U);
    EXPECT_EQ(house.hub.connections(house.protocol.app), 0U);
    for (unsigned lane = 0; lane < 2; ++lane) {
        EXPECT_EQ(house.hub.lane(lane).session_count(), 0U);
        const auto books = house.hub.lane(lane).snapshot();
        EXPECT_EQ(books.accounted(), books.matched);
    }
}

TEST(Worker, does_not_call_anybody_when_it_is_destroyed_while_it_drains) {
    House house;
    auto client = house.connect_to("room");
    const Drain drain(house);
    EXPECT_EQ(client.hear(), close_frame(1001, "shutdown"));
    house.demolish();
    EXPECT_EQ(drain.done, 0);
}

// ---- the world's own time ----

TEST(Worker, serves_in_real_time) {
    const base::SystemClock system_clock;
    House house({.lanes = 2, .clock = &system_clock});
    house.protocol.greets = true;
    house.protocol.tick_ms = 20;
    auto here = house.connect();
    EXPECT_EQ(here.ask(get("/hello")).body, "hello");
    here.upgrade("room");
    EXPECT_EQ(here.hear(), text_frame("welcome"));
    auto there = house.connect_to("room", 1);
    EXPECT_EQ(there.hear(), text_frame("welcome"));
    here.say("news");
    EXPECT_EQ(here.hear(), text_frame("news"));
    EXPECT_EQ(there.hear(), text_frame("news"));
    EXPECT_TRUE(house.protocol.hears("tick", 4));
    there.say(Opcode::close, close_payload(1000));
    EXPECT_EQ(there.hear(), close_frame(1000));
    EXPECT_TRUE(there.sees_end());
    there.close();
    EXPECT_TRUE(house.empties(1));
}

}  // namespace
}  // namespace carillon::edge
