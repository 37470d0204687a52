// Who waits is not read: what a client sends while its request or its session waits for an answer
// stays in the kernel, by the kernel's own counts, and is heard in order afterwards.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "edge/http_dialogue.h"
#include "edge/testing_house.h"
#include "edge/websocket_dialogue.h"

namespace carillon::edge {
namespace {

using namespace testing;

std::string numbered(std::size_t number) {
    auto text = std::to_string(number) + ":";
    text.resize(60'000, 'x');
    return text;
}

std::string numbered_post(std::size_t number) {
    const auto body = numbered(number);
    return "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

// Sends numbered messages until the kernel takes no more.
struct Flood {
    explicit Flood(std::function<std::string(std::size_t)> message)
        : make(std::move(message)), rest(make(0)) {}

    const std::function<std::string(std::size_t)> make;
    std::size_t whole = 0;    // that many were sent
    std::string rest;         // of the next one
    std::uint64_t bytes = 0;  // sent in all

    bool pour(const Client& client) {  // false: nothing more fits
        const auto n = client.send_some(rest);
        bytes += n;
        rest.erase(0, n);
        if (rest.empty()) rest = make(++whole);
        return n != 0;
    }
    void pour_until_full(House& house, const Client& client) {
        constexpr std::size_t more_than_the_kernel_holds = 64 * limits::mib;
        for (int quiet = 0; quiet < 10 && bytes < more_than_the_kernel_holds;) {
            if (pour(client)) {
                quiet = 0;
            } else {
                ++quiet;
                house.settle();
            }
        }
        ASSERT_LT(bytes, more_than_the_kernel_holds) << "somebody reads";
        ASSERT_GT(bytes, 4 * limits::read_bytes_max);
    }
};

TEST(HttpDialogue, reads_nothing_from_a_client_that_waits_and_then_answers_all_it_sent_meanwhile) {
    House house;
    auto client = house.connect();
    const auto request = get("/later/a");
    client.send(request);
    auto responder = house.take_responder("a");
    Flood flood(numbered_post);
    flood.pour_until_full(house, client);
    auto intake = house.intake_of(client);
    EXPECT_EQ(intake.read, request.size());
    EXPECT_GT(intake.waiting, 0U);
    EXPECT_TRUE(client.has_nothing());

    responder.respond(http::text(200, "late"));
    EXPECT_EQ(client.answer().body, "late");
    for (std::size_t i = 0; i < flood.whole; ++i) ASSERT_EQ(client.answer().body, numbered(i));
    client.send(flood.rest);
    EXPECT_EQ(client.answer().body, numbered(flood.whole));
    intake = house.intake_of(client);
    EXPECT_EQ(intake.read, request.size() + flood.bytes + flood.rest.size());
}

TEST(HttpDialogue, holds_at_most_one_read_behind_each_request_that_waits) {
    House house;
    auto client = house.connect();
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
    auto asked = house.intake_of(client).read;  // up to the request that waits
    constexpr std::size_t small_ones = 300;     // behind each: several such blocks fit in one read
    Flood flood([](std::size_t i) {
        auto block = get("/later/" + std::to_string(i));
        for (std::size_t k = 0; k < small_ones; ++k) block += get("/bytes/3");
        return block;
    });
    net::Gate gate(house.loop());  // what the kernel takes is there before any of it is read
    while (flood.whole < 30 && flood.pour(client)) {
    }
    ASSERT_GT(flood.bytes, 4 * limits::read_bytes_max);
    gate.open();
    for (std::size_t i = 0; i < flood.whole; ++i) {
        auto responder = house.take_responder(std::to_string(i));
        house.settle();
        asked += get("/later/" + std::to_string(i)).size();
        ASSERT_LT(house.intake_of(client).read, asked + limits::read_bytes_max);
        asked += small_ones * get("/bytes/3").size();
        responder.respond(http::text(200, "late"));
        ASSERT_EQ(client.answer().body, "late");
        for (std::size_t k = 0; k < small_ones; ++k) ASSERT_EQ(client.answer().body, "bbb");
    }
}

// Not even to put it aside: what cannot be heard stays where it is.
TEST(WebSocketDialogue, reads_no_further_while_what_was_read_waits_for_its_turn) {
    House house;
    auto client = house.connect_to("room");
    const auto before = house.intake_of(client).read;
    std::uint64_t read_most_ahead = 0;
    std::uint64_t heard = 0;
    const std::string padding(900, 'x');
    house.protocol.work = [&] {
        house.clock.advance_ms(10);
        heard += client_frame("work 0000" + padding).size();
        const auto read = house.intake_here(client).read - before;
        read_most_ahead = std::max(read_most_ahead, read - heard);
    };
    std::string all;
    for (int i = 1000; i < 1600; ++i) all += client_frame("work " + std::to_string(i) + padding);
    client.send(all);
    for (int i = 1000; i < 1600; ++i) {
        ASSERT_EQ(client.hear(), text_frame(std::to_string(i) + padding));
    }
    EXPECT_LE(read_most_ahead, limits::read_bytes_max);
}

TEST(WebSocketDialogue,
     reads_nothing_from_a_client_whose_session_waits_and_then_gives_it_every_message_in_order) {
    House house;
    auto client = house.connect_to("room");
    client.say("pause");
    EXPECT_TRUE(house.protocol.hears("paused"));
    const auto before = house.intake_of(client).read;
    const auto echo = [](std::size_t i) { return "echo " + numbered(i); };
    Flood flood([&](std::size_t i) { return client_frame(echo(i)); });
    flood.pour_until_full(house, client);
    auto intake = house.intake_of(client);
    EXPECT_EQ(intake.read, before);
    EXPECT_GT(intake.waiting, 0U);
    EXPECT_TRUE(client.has_nothing());

    house.with_session("room", [](TestSession& session) { session.out.resume(); });
    for (std::size_t i = 0; i < flood.whole; ++i) ASSERT_EQ(client.hear(), text_frame(echo(i)));
    client.send(flood.rest);
    EXPECT_EQ(client.hear(), text_frame(echo(flood.whole)));
    intake = house.intake_of(client);
    EXPECT_EQ(intake.read, before + flood.bytes + flood.rest.size());
}

TEST(WebSocketDialogue, holds_at_most_one_read_behind_the_message_that_made_its_session_wait) {
    House house;
    auto client = house.connect_to("room");
    const auto before = house.intake_of(client).read;
    constexpr int messages = 10'000;
    std::string all = client_frame("pause");
    for (int i = 0; i < messages; ++i) all += client_frame("echo " + std::to_string(i));
    net::Gate gate(house.loop());
    const auto sent = client.send_some(all);
    ASSERT_GT(sent, 2 * limits::read_bytes_max);
    gate.open();
    EXPECT_TRUE(house.protocol.hears("paused"));
    house.settle();
    EXPECT_LE(house.intake_of(client).read, before + limits::read_bytes_max);
    EXPECT_TRUE(client.has_nothing());
    house.with_session("room", [](TestSession& session) { session.out.resume(); });
    client.send(std::string_view(all).substr(sent));
    for (int i = 0; i < messages; ++i) {
        ASSERT_EQ(client.hear(), text_frame("echo " + std::to_string(i)));
    }
}

}  // namespace
}  // namespace carillon::edge
