// Answers that come later, from other threads, at bad moments, or not at all, while the client who
// waits may leave, and the server too. The plain cases stand in http_dialogue_test.cpp.
//
//   CARILLON_SEEDS=1000   how many random schedules the first test plays (20)
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "edge/http_dialogue.h"
#include "edge/testing_house.h"
#include "edge/websocket_dialogue.h"

namespace carillon::edge {
namespace {

using namespace testing;

// How often a test lets two threads meet.
constexpr int meetings = 200;

// Moves the moment of a meeting. Busy: to sleep or yield for so short a time takes any time.
void dawdle(std::uint64_t microseconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
    while (std::chrono::steady_clock::now() < end) {
    }
}

// Runs both at once, the second on a thread of its own.
template <class Here, class There>
void meet(const Here& here, const There& there) {
    std::latch start(2);
    const std::jthread other([&] {
        start.arrive_and_wait();
        there();
    });
    start.arrive_and_wait();
    here();
}

std::size_t bytes_held(House& house) {
    std::size_t held = 0;
    house.on_loop([&] { held = house.hub.lane(0).batch_pool().live_bytes(); });
    return held;
}

// ---- the order ----

// What a client asks, and what it must hear.
struct Question {
    std::string request;
    int status = 200;
    std::string body;
    bool head_only = false;
};

std::vector<Question> random_questions(const std::string& client, base::SeededRandom& random) {
    std::vector<Question> questions(1 + random.below(30));
    for (std::size_t i = 0; i < questions.size(); ++i) {
        auto& [request, status, body, head_only] = questions[i];
        const auto name = client + "-" + std::to_string(i);
        switch (random.below(8)) {
            case 0:
                request = get("/hello");
                body = "hello";
                break;
            case 1:
                request = "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                          std::to_string(name.size()) + "\r\n\r\n" + name;
                body = name;
                break;
            case 2:
                request = get("/nowhere");
                status = 404;
                break;
            case 3:
                request = get("/later/forgotten-" + name);
                status = 500;
                break;
            case 4:
                request = "HEAD /later/" + name + " HTTP/1.1\r\nHost: x\r\n\r\n";
                head_only = true;
                break;
            default:
                request = get("/later/" + name);
                body = name;
        }
    }
    return questions;
}

// Threads that are no loop's. They answer whoever waits, in an order nobody planned.
class Answerers {
 public:
    Answerers(House& house, std::uint64_t seed) : house_(house) {
        for (auto& thread : threads_) thread = std::jthread([this, s = ++seed] { run(s); });
    }
    ~Answerers() { done_ = true; }
    Answerers(const Answerers&) = delete;
    Answerers& operator=(const Answerers&) = delete;

 private:
    void run(std::uint64_t seed) {
        base::SeededRandom random(seed);
        while (!done_) {
            auto waiting = house_.take_any(random.next());
            if (!waiting.has_value()) {
                std::this_thread::yield();
                continue;
            }
            dawdle(random.below(100));
            if (waiting->first.starts_with("forgotten")) continue;
            waiting->second.respond(http::text(200, waiting->first));
        }
    }

    House& house_;
    std::atomic<bool> done_ = false;
    std::array<std::jthread, 2> threads_;
};

struct Asking {
    Client client;
    std::vector<Question> questions;
    bool ends_its_side;

    void send(base::SeededRandom& random) {
        std::string all;
        for (const auto& question : questions) all += question.request;
        for (std::string_view rest = all; !rest.empty();) {
            const auto piece = rest.substr(0, 1 + random.below(all.size()));
            client.send(piece);
            rest.remove_prefix(piece.size());
        }
        if (ends_its_side) client.half_close();
    }
    void hear() {
        for (std::size_t i = 0; i < questions.size(); ++i) {
            const auto& [request, status, body, head_only] = questions[i];
            const auto answer = client.answer(head_only);
            ASSERT_EQ(answer.status, status) << i << ": " << request << answer.body;
            if (status == 200) {
                ASSERT_EQ(answer.body, body) << i << ": " << request;
            }
        }
        if (ends_its_side) {
            EXPECT_TRUE(client.sees_end());
        } else {
            EXPECT_EQ(client.ask(get("/hello")).body, "hello");
        }
    }
};

// A connection asks one handler at a time, so what comes out of order in time is the answers of
// several connections, and each of them in turn with answers given at once.
TEST(HttpDialogue, answers_pipelined_requests_in_order_whoever_answers_and_however_late) {
    const char* wanted = std::getenv("CARILLON_SEEDS");
    const std::uint64_t seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 20;
    for (std::uint64_t seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        base::SeededRandom random(seed);
        House house({.lanes = 2});
        const Answerers answerers(house, seed);
        std::vector<Asking> all;
        for (unsigned i = 0; i < 6; ++i) {
            all.push_back({house.connect(i % 2), random_questions(std::to_string(i), random),
                           random.below(2) == 0});
        }
        for (auto& asking : all) asking.send(random);
        for (auto& asking : all) asking.hear();
        all.clear();
        EXPECT_TRUE(house.empties(0) && house.empties(1));
    }
}

// ---- who leaves while it waits ----

TEST(HttpDialogue, forgets_the_answers_of_clients_that_left_and_serves_the_others) {
    House house;
    auto other = house.connect();
    other.send(get("/later/other") + get("/hello"));
    std::vector<Client> clients;
    std::vector<http::Responder> responders;
    for (int i = 0; i < 30; ++i) {
        const auto name = std::to_string(i);
        clients.push_back(house.connect());
        clients.back().send(get("/later/" + name) + get("/later/never-" + name) + get("/hello"));
        responders.push_back(house.take_responder(name));
    }
    auto last = house.take_responder("other");
    for (std::size_t i = 0; i < clients.size(); ++i) {
        i % 2 == 0 ? clients[i].close() : clients[i].reset();
    }
    house.settle();
    std::jthread([&] {
        for (auto& responder : responders) {
            responder.respond(http::text(200, std::string(100'000, 'x')));
        }
    }).join();
    house.settle();
    last.respond(http::text(200, "still here"));
    EXPECT_EQ(other.answer().body, "still here");
    EXPECT_EQ(other.answer().body, "hello");
    // Some were asked again before they were found gone. Nobody answers these.
    house.advance_ms(limits::http_answer_ms + 100);
    EXPECT_TRUE(net::eventually([&] { return house.worker().connections() == 1; }));
    EXPECT_EQ(other.ask(get("/hello")).body, "hello");
    EXPECT_EQ(bytes_held(house), 0U);
    EXPECT_EQ(house.worker().http_refusals(), 0U);
    EXPECT_EQ(house.loop().mailbox_refused(), 0U);
    const auto books = house.books();
    EXPECT_EQ(books.matched + books.pending_outbox, 0U);
    other.close();
    EXPECT_TRUE(house.empties());
}

TEST(HttpDialogue, survives_an_answer_from_another_thread_that_meets_the_end_of_its_connection) {
    House house({.lanes = 2});
    auto other = house.connect(1);
    for (int i = 0; i < meetings; ++i) {
        SCOPED_TRACE(i);
        auto client = house.connect();
        client.send(get("/later/a") + get("/hello"));
        auto responder = house.take_responder("a");
        const auto answer = [&] {
            if (i % 2 == 0) return responder.respond(http::text(200, std::string(1'000, 'x')));
            const auto forgotten = std::move(responder);
        };
        switch (i % 3) {
            case 0:
                meet([&] { house.on_loop([&] { house.worker().abandon_all(); }); }, answer);
                break;
            case 1:
                meet([&] { client.reset(); }, answer);
                break;
            default:
                meet([&] { client.close(); }, answer);
        }
        ASSERT_TRUE(house.empties());
        ASSERT_EQ(other.ask(get("/hello")).body, "hello");
    }
    EXPECT_EQ(bytes_held(house), 0U);
    EXPECT_EQ(house.worker(1).connections(), 1U);
}

TEST(WebSocketDialogue, lets_go_of_a_client_that_left_while_its_session_waited_once_it_resumes) {
    House house;
    auto other = house.connect_to("hall");
    for (const bool reset : {false, true}) {
        auto client = house.connect_to("room");
        client.send(client_frame("pause") + client_frame("echo unheard"));
        EXPECT_TRUE(house.protocol.hears("paused", reset ? 2 : 1));
        reset ? client.reset() : client.close();
        house.settle();
        EXPECT_EQ(house.hub.connections(house.protocol.app), 2U);  // nobody has looked
        house.with_session("room", [](TestSession& session) { session.out.resume(); });
        EXPECT_TRUE(house.protocol.hears("gone peer", reset ? 2 : 1));
        house.settle();
        EXPECT_EQ(house.worker().connections(), 1U);
        EXPECT_EQ(house.hub.connections(house.protocol.app), 1U);
        other.say("echo here");
        EXPECT_EQ(other.hear(), text_frame("echo here"));
    }
}

TEST(HttpDialogue, sends_the_whole_of_a_late_answer_to_a_client_that_has_ended_its_side) {
    House house({.buffer_bytes = 4096});
    auto client = house.connect(0, 4096);
    client.send(get("/later/a"));
    auto responder = house.take_responder("a");
    client.half_close();
    house.settle();
    const std::string body(1'000'000, 'x');
    std::jthread([&] { responder.respond(http::text(200, body)); }).join();
    EXPECT_EQ(client.answer().body, body);
    EXPECT_TRUE(client.sees_end());
    EXPECT_TRUE(house.empties());
}

// ---- the answer that never comes, or nearly ----

TEST(HttpDialogue, says_504_or_the_answer_and_never_both_when_they_meet) {
    House house;
    for (int i = 0; i < meetings; ++i) {
        SCOPED_TRACE(i);
        auto client = house.connect();
        client.send(get("/later/a") + get("/hello"));
        auto responder = house.take_responder("a");
        meet([&] { house.advance_ms(limits::http_answer_ms + 100); },
             [&] {
                 dawdle(static_cast<std::uint64_t>(i));
                 responder.respond(http::text(200, "late"));
             });
        const auto answer = client.answer();
        ASSERT_EQ(answer.body,
                  answer.status == 200 ? "late" : "The server took too long to answer\n");
        ASSERT_EQ(client.answer().body, "hello");
        house.settle();
        ASSERT_TRUE(client.has_nothing());
    }
}

TEST(HttpDialogue, says_504_when_the_mailbox_had_no_room_for_the_answer) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a"));
    auto responder = house.take_responder("a");
    net::Gate gate(house.loop());
    while (house.loop().post([] {})) {
    }
    responder.respond(http::text(200, "no room"));
    EXPECT_EQ(house.loop().mailbox_refused(), 2U);
    gate.open();
    std::atomic<bool> drained = false;
    EXPECT_TRUE(net::eventually([&] { return house.loop().post([&] { drained = true; }); }));
    EXPECT_TRUE(net::eventually([&] { return drained.load(); }));
    house.advance_ms(limits::http_answer_ms + 100);
    EXPECT_EQ(client.answer().status, 504);
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

// ---- the server goes ----

TEST(HttpDialogue, answers_who_waits_though_the_server_begins_to_drain_at_that_moment) {
    for (int i = 0; i < meetings / 4; ++i) {
        SCOPED_TRACE(i);
        std::atomic<bool> done = false;
        House house;
        auto client = house.connect();
        client.send(get("/later/a"));
        auto responder = house.take_responder("a");
        meet([&] { house.on_loop([&] { house.worker().drain(1, [&] { done = true; }); }); },
             [&] { responder.respond(http::text(200, "late")); });
        ASSERT_EQ(client.answer().body, "late");
        ASSERT_TRUE(client.sees_end());
        client.close();
        ASSERT_TRUE(net::eventually([&] { return done.load(); }));
    }
}

TEST(HttpDialogue, ignores_an_answer_from_another_thread_once_its_loop_has_stopped) {
    House house;
    auto client = house.connect();
    client.send(get("/later/a"));
    auto responder = house.take_responder("a");
    const auto before = bytes_held(house);
    house.stop();  // from here on we are at home on the loop; other threads are not
    std::jthread([&] { responder.respond(http::text(200, "late")); }).join();
    EXPECT_EQ(house.hub.lane(0).batch_pool().live_bytes(), before);
    house.demolish();
    EXPECT_EQ(client.rest(), "");
}

TEST(HttpDialogue, survives_answers_from_other_threads_that_meet_the_end_of_their_loop) {
    for (int i = 0; i < meetings / 4; ++i) {
        SCOPED_TRACE(i);
        House house({.lanes = 2});
        std::vector<Client> clients;
        for (unsigned k = 0; k < 20; ++k) {
            clients.push_back(house.connect(k % 2));
            clients.back().send(get("/later/" + std::to_string(k)) + get("/hello"));
        }
        ASSERT_TRUE(net::eventually([&] { return house.waiting() == clients.size(); }));
        const auto answer_all = [&] {
            while (auto waiting = house.take_any(0))
                waiting->second.respond(http::text(200, "late"));
        };
        meet(
            [&] {
                dawdle(static_cast<std::uint64_t>(i));
                house.demolish();
            },
            [&] { meet(answer_all, answer_all); });
        for (auto& client : clients) {
            const auto heard = client.rest();
            EXPECT_TRUE(heard.empty() || heard.ends_with("late") || heard.ends_with("hello"));
        }
    }
}

}  // namespace
}  // namespace carillon::edge
