#include "protocol/shared_path.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "protocol/testing_house.h"

namespace carillon::protocol {
namespace {

using testing::Client;
using testing::House;

struct Fake;

// Says what it was told, with its protocol's name before it. "!" is an Error.
struct FakeSession final : Session {
    FakeSession(Fake& its_fake, const Opening& opening) : fake(its_fake), out(opening.out) {}
    ~FakeSession() override;

    Result<void> on_message(Message message, Now now) override;
    std::int64_t next_tick_ns() const override { return tick_ns; }
    Result<void> on_tick(Now) override {
        tick_ns = base::never_ns;
        out.reply("tick");
        return {};
    }
    void on_close(hub::CloseReason why) override {
        out.close(4000, "fake: " + std::string(hub::name_of(why)));
    }
    void on_gone(hub::CloseReason why) override;

    Fake& fake;
    Out& out;
    std::int64_t tick_ns = base::never_ns;
    int messages = 0;
};

struct Fake final : Protocol {
    Fake(std::string its_name, std::string its_first)
        : name_(its_name), first(std::move(its_first)) {}

    std::string_view name() const override { return name_; }
    Result<void> routes(http::Router&) override { return {}; }
    std::unique_ptr<Session> open(const Opening& opening) override {
        ++opened;
        opened_at = opening.now;
        request = opening.request;
        auto session = std::make_unique<FakeSession>(*this, opening);
        last = session.get();
        if (at_open) at_open(*session);
        return session;
    }
    bool speaks(const Message& message) const override {
        ++asked;
        return message.data.starts_with(first);
    }

    std::string name_;
    std::string first;  // what its clients begin with
    std::function<void(FakeSession&)> at_open;
    FakeSession* last = nullptr;
    http::Request request;
    Now opened_at;
    mutable int asked = 0;
    int opened = 0;
    int destroyed = 0;
    std::string gone;
};

FakeSession::~FakeSession() { ++fake.destroyed; }

Result<void> FakeSession::on_message(Message message, Now) {
    ++messages;
    if (message.data == "!") return Error{ErrorKind::invalid, "I do not like it", 4444};
    if (message.data == "!!") return Error{ErrorKind::invalid, "I am broken"};
    const char* const kind = message.kind == Message::Kind::text     ? ""
                             : message.kind == Message::Kind::binary ? " binary"
                             : message.kind == Message::Kind::ping   ? " ping"
                                                                     : " pong";
    out.reply(fake.name_ + kind + (message.fragmented ? " in pieces" : "") + ": " +
              std::string(message.data));
    if (message.data == "#wait") out.pause();
    return {};
}

void FakeSession::on_gone(hub::CloseReason why) { fake.gone = hub::name_of(why); }

struct Ways {
    Ways() { EXPECT_TRUE(path.routes(house.router).has_value()); }
    ~Ways() { house.part_with_clients(); }
    Ways(const Ways&) = delete;
    Ways& operator=(const Ways&) = delete;

    Client& client(std::string_view subprotocol = {}) {
        return house.connect("/ws?token=abc", subprotocol);
    }
    std::uint64_t unclaimed() const { return refused("unclaimed"); }
    std::uint64_t refused(const std::string& why) const {
        std::map<std::string, std::uint64_t> counts;
        path.each_refusal([&](auto reason, auto count) { counts[std::string(reason)] = count; });
        return counts.at(why);
    }
    // Whoever waited is read again.
    void go_on(const Fake& fake) {
        fake.last->out.resume();
        house.run();
    }
    // Time for the next ping.
    void beat(Client& client) {
        house.clock.advance_ms(15'000);
        client.ticks();
        EXPECT_EQ(client.pings(), 1);
    }

    House house;
    Fake braces{"braces", "{"};
    Fake hashes{"hashes", "#"};
    SharedPath path{"/ws", {&braces, &hashes}};
};

// ---- who decides ----

TEST(SharedPath, leads_to_the_protocol_whose_subprotocol_is_asked_for) {
    Ways ways;
    auto& client = ways.client("hashes");
    EXPECT_EQ(ways.hashes.opened, 1);
    EXPECT_EQ(ways.braces.opened, 0);
    client.says("{anything");
    EXPECT_EQ(client.heard_one(), "hashes: {anything");
    EXPECT_EQ(ways.braces.asked, 0);
}

TEST(SharedPath, chooses_the_subprotocol_of_the_first_claimant_that_knows_one) {
    Ways ways;
    const auto chosen = [&](std::string offered) {
        http::Request request;
        request.headers = {{"Sec-WebSocket-Protocol", std::move(offered)}};
        return std::string(ways.path.subprotocol(request));
    };
    EXPECT_EQ(chosen("hashes"), "hashes");
    EXPECT_EQ(chosen("hashes, braces"), "braces");
    EXPECT_EQ(chosen("shared"), "");
    EXPECT_EQ(ways.path.subprotocol({}), "");
    ways.client("hashes, braces");
    EXPECT_EQ(ways.braces.opened, 1);
    EXPECT_EQ(ways.hashes.opened, 0);
}

TEST(SharedPath, leads_to_the_protocol_that_speaks_what_the_client_says_first) {
    Ways ways;
    auto& first = ways.client();
    auto& second = ways.client("unheard-of");
    EXPECT_EQ(ways.hashes.opened + ways.braces.opened, 0);
    first.says("#a");
    EXPECT_EQ(first.heard_one(), "hashes: #a");
    second.says("{b");
    EXPECT_EQ(second.heard_one(), "braces: {b");
    // For good: nobody is asked again.
    const auto asked = ways.braces.asked;
    first.says("{c");
    EXPECT_EQ(first.heard_one(), "hashes: {c");
    EXPECT_EQ(ways.braces.asked, asked);
    EXPECT_EQ(ways.hashes.opened, 1);
}

TEST(SharedPath, asks_the_claimants_in_their_order) {
    Ways ways;
    ways.hashes.first = "{";
    ways.client().says("{");
    EXPECT_EQ(ways.braces.opened, 1);
    EXPECT_EQ(ways.hashes.asked, 0);
}

TEST(SharedPath, hands_a_binary_or_fragmented_message_on_as_it_came) {
    Ways ways;
    auto& binary = ways.client();
    binary.says("#b", Message::Kind::binary);
    EXPECT_EQ(binary.heard_one(), "hashes binary: #b");
    auto& pieces = ways.client();
    pieces.says("#p", Message::Kind::text, true);
    EXPECT_EQ(pieces.heard_one(), "hashes in pieces: #p");
}

TEST(SharedPath, ignores_what_nobody_speaks_and_counts_it) {
    Ways ways;
    auto& client = ways.client();
    client.says("rubbish");
    client.says("");
    client.says("\xff", Message::Kind::binary);
    EXPECT_TRUE(client.heard().empty());
    EXPECT_EQ(client.closed(), "");
    EXPECT_EQ(ways.unclaimed(), 3U);
    client.says("#now");
    EXPECT_EQ(client.heard_one(), "hashes: #now");
    EXPECT_EQ(ways.unclaimed(), 3U);
}

TEST(SharedPath, does_not_take_a_ping_or_a_pong_for_a_first_word) {
    Ways ways;
    auto& client = ways.client();
    client.says("{", Message::Kind::ping);
    client.says("#", Message::Kind::pong);
    EXPECT_EQ(ways.hashes.asked + ways.braces.asked, 0);
    EXPECT_EQ(ways.unclaimed(), 0U);
    client.says("#");
    client.heard();
    client.says("x", Message::Kind::ping);
    EXPECT_EQ(client.heard_one(), "hashes ping: x");
}

TEST(SharedPath, opens_with_the_request_the_client_came_with_and_the_time_it_spoke) {
    Ways ways;
    auto& client = ways.client("unheard-of");
    ways.house.clock.advance_ms(4'000);
    client.says("#");
    EXPECT_EQ(ways.hashes.request.path, "/ws");
    EXPECT_EQ(ways.hashes.request.query, "token=abc");
    EXPECT_EQ(ways.hashes.request.header("Sec-WebSocket-Protocol"), "unheard-of");
    EXPECT_EQ(ways.hashes.opened_at.steady_ns, ways.house.clock.now().steady_ns);
}

// ---- life while undecided ----

TEST(SharedPath, pings_who_is_undecided_as_long_as_it_answers) {
    Ways ways;
    auto& client = ways.client();
    for (int i = 0; i < 10; ++i) {
        ways.beat(client);
        client.says("", i % 2 == 0 ? Message::Kind::pong : Message::Kind::ping);
    }
    EXPECT_EQ(client.closed(), "");
}

TEST(SharedPath, is_its_claimants_from_the_start_where_there_is_one) {
    House house;
    Fake fake("only", "{");
    SharedPath path("/ws", {&fake});
    ASSERT_TRUE(path.routes(house.router).has_value());
    auto& client = house.connect("/ws");
    EXPECT_EQ(fake.opened, 1);
    client.says("not what it begins with");
    EXPECT_EQ(client.heard_one(), "only: not what it begins with");
    house.part_with_clients();
}

TEST(SharedPath, closes_who_does_not_show_in_time_what_it_speaks) {
    House house;
    Fake braces("braces", "{");
    Fake hashes("hashes", "#");
    SharedPath path("/ws", {&braces, &hashes}, 10);
    ASSERT_TRUE(path.routes(house.router).has_value());
    auto& silent = house.connect("/ws");
    auto& decided = house.connect("/ws");
    decided.says("{");
    silent.says("mumbles");
    house.clock.advance_ms(9'999);
    silent.ticks();
    EXPECT_EQ(silent.closed(), "");
    house.clock.advance_ms(1);
    silent.ticks();
    decided.ticks();
    EXPECT_EQ(silent.closed(), "1008 nothing said in time");
    EXPECT_EQ(decided.closed(), "");
    house.part_with_clients();
}

TEST(SharedPath, closes_who_is_undecided_and_silent) {
    Ways ways;
    auto& client = ways.client();
    ways.beat(client);
    ways.beat(client);
    client.says("text is no sign of life");
    ways.house.clock.advance_ms(14'999);
    client.ticks();
    EXPECT_EQ(client.closed(), "");
    ways.house.clock.advance_ms(1);
    client.ticks();
    EXPECT_EQ(client.closed(), "1008 no answer to pings");
    EXPECT_EQ(client.pings(), 0);
    EXPECT_EQ(ways.refused("silent"), 1U);
}

TEST(SharedPath, closes_who_is_undecided_when_the_server_stops) {
    Ways ways;
    auto& client = ways.client();
    client.session().on_close(hub::CloseReason::shutdown);
    EXPECT_EQ(client.closed(), "1001 server is shutting down");
    client.says("#late");
    EXPECT_EQ(ways.hashes.opened, 0);
    client.leave();
}

// ---- life afterwards ----

TEST(SharedPath, leaves_time_and_ends_to_the_session_once_there_is_one) {
    Ways ways;
    auto& client = ways.client();
    client.says("#");
    client.heard();
    EXPECT_EQ(client.session().next_tick_ns(), base::never_ns);
    ways.hashes.last->tick_ns = 0;
    client.ticks();
    EXPECT_EQ(client.heard_one(), "tick");
    EXPECT_EQ(client.pings(), 0);
    ways.hashes.last->out.ping();
    EXPECT_EQ(client.pings(), 1);
    client.session().on_close(hub::CloseReason::slow);
    EXPECT_EQ(client.closed(), "4000 fake: slow");
    client.leave(hub::CloseReason::kicked);
    EXPECT_EQ(ways.hashes.gone, "kicked");
    EXPECT_EQ(ways.hashes.destroyed, 1);
}

TEST(SharedPath, hands_the_sessions_error_up) {
    Ways ways;
    auto& client = ways.client();
    client.says("#");
    client.says("!");
    EXPECT_EQ(client.closed(), "4444 I do not like it");
}

// ---- a session that does not wait to be told ----

TEST(SharedPath, tells_a_session_nothing_that_closed_as_it_opened) {
    Ways ways;
    ways.hashes.at_open = [](FakeSession& session) {
        session.out.reply("no room");
        session.out.close(1013, "over capacity");
    };
    auto& client = ways.client();
    client.says("#");
    EXPECT_EQ(client.heard_one(), "no room");
    EXPECT_EQ(client.closed(), "1013 over capacity");
    EXPECT_EQ(ways.hashes.last->messages, 0);
    client.says("#again");
    EXPECT_EQ(ways.hashes.opened, 1);
    EXPECT_EQ(ways.hashes.last->messages, 0);
    client.leave();
    EXPECT_EQ(ways.hashes.destroyed, 1);
}

TEST(SharedPath, keeps_the_first_message_while_a_session_waits_for_something) {
    Ways ways;
    ways.hashes.at_open = [](FakeSession& session) { session.out.pause(); };
    auto& client = ways.client();
    client.says("#first");
    EXPECT_TRUE(client.paused());
    EXPECT_TRUE(client.heard().empty());
    ways.go_on(ways.hashes);
    EXPECT_EQ(client.heard_one(), "hashes: #first");
    EXPECT_FALSE(client.paused());
    // Once.
    ways.hashes.last->out.pause();
    ways.go_on(ways.hashes);
    EXPECT_TRUE(client.heard().empty());
}

TEST(SharedPath, does_not_read_on_if_the_first_message_makes_the_session_wait_again) {
    Ways ways;
    ways.hashes.at_open = [](FakeSession& session) { session.out.pause(); };
    auto& client = ways.client();
    client.says("#wait");
    ways.go_on(ways.hashes);
    EXPECT_EQ(client.heard_one(), "hashes: #wait");
    EXPECT_TRUE(client.paused());
    ways.go_on(ways.hashes);
    EXPECT_FALSE(client.paused());
}

TEST(SharedPath, closes_for_the_error_of_a_message_that_waited) {
    for (const auto& [message, closed] :
         {std::pair{"!", "4444 I do not like it"}, std::pair{"!!", "1011 I am broken"}}) {
        Ways ways;
        ways.hashes.first = "!";
        ways.hashes.at_open = [](FakeSession& session) { session.out.pause(); };
        auto& client = ways.client();
        client.says(message);
        EXPECT_EQ(client.closed(), "");
        ways.go_on(ways.hashes);
        EXPECT_EQ(client.closed(), closed);
    }
}

TEST(SharedPath, forgets_a_message_that_waited_for_a_session_that_closed) {
    Ways ways;
    ways.hashes.at_open = [](FakeSession& session) { session.out.pause(); };
    auto& client = ways.client();
    client.says("#");
    ways.hashes.last->out.close(4001, "no such app");
    ways.go_on(ways.hashes);
    EXPECT_EQ(ways.hashes.last->messages, 0);
    EXPECT_FALSE(client.paused());
}

}  // namespace
}  // namespace carillon::protocol
