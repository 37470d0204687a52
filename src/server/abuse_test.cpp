// What strangers do to a whole server, over real sockets: each attack is answered with the code it
// deserves and counted, and who sits beside it misses nothing. At what rate of attacks others begin
// to feel it is measured by tools/abuse; docs/reliability.md lists all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "net/test_loop.h"
#include "server/config_load.h"
#include "server/greeting.h"
#include "server/server.h"
#include "server/testing_speakers.h"

namespace carillon::server {
namespace {

using edge::testing::client_frame;
using testing::Client;
using testing::Opcode;
using testing::Speaker;
using testing::speakers;

// The demonstration, which speaks everything, and in each of its apps a bystander.
class House {
 public:
    House() : server(config(), clock, log) {
        EXPECT_TRUE(server.start().has_value());
        for (const auto* speaker : speakers()) {
            bystanders_.push_back(client_of(*speaker));
            speaker->join(*bystanders_.back(), "tower");
        }
    }

    std::unique_ptr<Client> client_of(const Speaker& speaker) const {
        auto made = std::make_unique<Client>(server.port());
        const auto answer =
            made->ask(edge::testing::get(speaker.path(), edge::testing::upgrade_headers));
        EXPECT_EQ(answer.status, 101);
        speaker.introduce(*made);
        return made;
    }
    edge::testing::Answer ask(std::string_view request) const {
        return Client(server.port()).ask(request);
    }
    // With the labels, as /metrics writes it.
    std::uint64_t metric(const std::string& name) const {
        const auto text = Client(server.metrics_port()).ask(edge::testing::get("/metrics")).body;
        const auto at = text.find("\n" + name + " ");
        if (at == std::string::npos) ADD_FAILURE() << "no metric " << name;
        return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size() + 2));
    }
    std::uint64_t refused(std::string_view protocol, std::string_view reason) const {
        return metric("carillon_protocol_refusals_total{protocol=\"" + std::string(protocol) +
                      "\",reason=\"" + std::string(reason) + "\"}");
    }
    // Everybody else still hears, and the books balance.
    void expect_nobody_harmed() {
        for (std::size_t i = 0; i < bystanders_.size(); ++i) {
            const auto& speaker = *speakers()[i];
            EXPECT_EQ(ask(speaker.publish_request("tower", "7")).status, 200);
            EXPECT_EQ(speaker.text_in(bystanders_[i]->hear()), "7") << speaker.protocol();
        }
        EXPECT_EQ(metric("carillon_conservation_difference{lane=\"0\"}"), 0U);
    }

    base::ManualClock clock;
    base::NoLog log;

 private:
    static Config config() {
        auto made = load({}).config;
        made.port = 0;
        made.metrics.port = 0;
        made.threads = 1;
        return made;
    }

 public:
    Server server;

 private:
    std::vector<std::unique_ptr<Client>> bystanders_;
};

const std::string protocol_closes = R"(carillon_closes_total{lane="0",reason="protocol"})";

class Abuse : public ::testing::TestWithParam<const Speaker*> {
 protected:
    const Speaker& speaker() const { return *GetParam(); }

    // Sends each, expects to be closed with this code, and sees all of it counted.
    void expect_closed(int code, const std::vector<std::string>& attacks) {
        const auto closes = house.metric(protocol_closes);
        for (const auto& bytes : attacks) {
            const auto client = house.client_of(speaker());
            client->send(bytes);
            EXPECT_EQ(client->hear().close_code(), code) << ::testing::PrintToString(bytes);
            EXPECT_TRUE(client->sees_end());
        }
        EXPECT_TRUE(net::eventually(
            [&] { return house.metric(protocol_closes) == closes + attacks.size(); }));
        house.expect_nobody_harmed();
    }

    House house;
};

INSTANTIATE_TEST_SUITE_P(of, Abuse, ::testing::ValuesIn(speakers().begin(), speakers().end()),
                         [](const auto& of) { return std::string(of.param->protocol()); });

TEST_P(Abuse, by_frames_that_no_client_may_send_is_closed_with_1002) {
    std::vector<std::string> frames{
        client_frame("x", {.masked = false}),
        client_frame("x", {.opcode = Opcode::continuation}),
        client_frame("x", {.opcode = Opcode::ping, .fin = false}),
        client_frame(std::string(126, 'x'), {.opcode = Opcode::pong}),
        client_frame("x", {.length_bytes = 8}),
        client_frame("x", {.fin = false}) + client_frame("y"),
    };
    for (const int bit : {0x40, 0x20, 0x10}) {
        frames.push_back(client_frame("x", {.reserved_bits = static_cast<unsigned char>(bit)}));
    }
    for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
        frames.push_back(client_frame("x", {.opcode = static_cast<Opcode>(opcode)}));
    }
    expect_closed(1002, frames);
}

TEST_P(Abuse, by_text_that_is_none_is_closed_with_1007_wherever_it_is_cut) {
    const std::string wrong = "ab\xED\xA0\x80";
    std::vector<std::string> texts{client_frame(wrong), client_frame("\xF0\x9F\x94")};
    for (std::size_t cut = 0; cut <= wrong.size(); ++cut) {
        texts.push_back(client_frame(wrong.substr(0, cut), {.fin = false}) +
                        client_frame(wrong.substr(cut), {.opcode = Opcode::continuation}));
    }
    expect_closed(1007, texts);
}

TEST_P(Abuse, by_fragments_without_end_is_closed_with_1009) {
    auto single = client_frame("x", {.fin = false});
    const auto one_more = client_frame("x", {.opcode = Opcode::continuation, .fin = false});
    for (std::size_t i = 0; i < 64 * limits::kib; ++i) single += one_more;
    auto empty = client_frame("", {.fin = false});
    const auto nothing = client_frame("", {.opcode = Opcode::continuation, .fin = false});
    for (int i = 0; i < 64; ++i) empty += nothing;
    expect_closed(1009, {single, empty});
}

// As deep as one message can be. Whatever it is told of it, what follows is still understood.
TEST_P(Abuse, by_nesting_closes_nobody) {
    const auto client = house.client_of(speaker());
    for (const char bracket : {'[', '{'}) {
        client->say("{\"event\":" + std::string(60'000, bracket));
    }
    client->say(Opcode::ping, "read?");
    auto frame = client->hear();
    while (frame.opcode == Opcode::text) frame = client->hear();
    EXPECT_EQ(frame.opcode, Opcode::pong);
    speaker().join(*client, "tower");
    house.expect_nobody_harmed();
}

// ---- the HTTP APIs ----

std::string post(std::string_view target, std::string_view headers, std::string_view body) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// A backend's request with this body, as authorised as it can be.
struct Backend {
    std::string_view protocol;
    std::string (*request)(std::string_view body);
    std::string before, after;  // what stands around a value that is too deep, or too long
    std::string_view refusal;   // of what is no JSON
    std::string_view too_large;
};

void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.protocol; }

std::string pusher_request(std::string_view body) {
    return post(signed_publish(demo_app({}), std::string(body), base::ManualClock().now()), {},
                body);
}
std::string turbine_request(std::string_view body) {
    return post("/api/publish", "x-api-key: devkey\r\nContent-Type: application/json\r\n", body);
}
std::string notiflux_request(std::string_view body) {
    return post("/broadcast", "Content-Type: application/json\r\n", body);
}

class AbuseOfBackends : public ::testing::TestWithParam<Backend> {
 protected:
    const Backend& backend() const { return GetParam(); }
    House house;
};

INSTANTIATE_TEST_SUITE_P(
    of, AbuseOfBackends,
    ::testing::Values(Backend{"pusher", pusher_request, R"({"name":"e","channel":"tower","data":)",
                              "}", "request_invalid", "request_payload"},
                      Backend{"turbine", turbine_request, R"({"channel":"tower","data":)", "}",
                              "request_malformed", "request_payload"},
                      Backend{"notiflux", notiflux_request, R"({"topic":"tower","message":)", "}",
                              "broadcast_body", "broadcast_size"}),
    [](const auto& of) { return std::string(of.param.protocol); });

TEST_P(AbuseOfBackends, by_a_hundred_thousand_levels_of_nesting_is_malformed) {
    constexpr std::size_t depth = 100'000;
    for (const auto& [open, close] : {std::pair{"[", "]"}, std::pair{"{\"a\":", "}"}}) {
        std::string value;
        for (std::size_t i = 0; i < depth; ++i) value += open;
        value += "1";
        for (std::size_t i = 0; i < depth; ++i) value += close;
        const auto answer =
            house.ask(backend().request(backend().before + value + backend().after));
        EXPECT_EQ(answer.status, 400) << answer.body;
    }
    EXPECT_EQ(house.refused(backend().protocol, backend().refusal), 2U);
    house.expect_nobody_harmed();
}

TEST_P(AbuseOfBackends, by_ten_megabytes_of_text_is_too_large) {
    const auto text = "\"" + std::string(5'000'000, 'x') + std::string(5'000'000, 'y') + "\"";
    EXPECT_EQ(house.ask(backend().request(backend().before + text + backend().after)).status, 413);
    EXPECT_EQ(house.refused(backend().protocol, backend().too_large), 1U);
    house.expect_nobody_harmed();
}

TEST_P(AbuseOfBackends, by_more_than_a_request_may_hold_is_refused_before_it_arrives) {
    const auto request = backend().request(std::string(limits::http_body_bytes_max + 1, ' '));
    Client client(house.server.port());
    client.send(request.substr(0, request.find("\r\n\r\n") + 4));
    EXPECT_EQ(client.answer().status, 413);
    EXPECT_TRUE(client.sees_end());
    EXPECT_EQ(house.metric(R"(carillon_http_refused_total{lane="0"})"), 1U);
}

// ---- names and keys that are there twice ----

const std::string tower_event = R"({"event":"last","channel":"tower","data":"9"})";

struct PusherAbuse : ::testing::Test {
    House house;
    std::unique_ptr<Client> listener = house.client_of(*speakers()[0]);
    int publish(std::string_view body) const { return house.ask(pusher_request(body)).status; }
};

TEST_F(PusherAbuse, by_keys_given_twice_means_the_last_of_each) {
    listener->say(R"({"event":"x","event":"pusher:subscribe","data":{"channel":"other"},)"
                  R"("data":{"channel":"cellar","channel":"tower"}})");
    EXPECT_THAT(listener->hear().payload,
                ::testing::HasSubstr(R"(subscription_succeeded","channel":"tower")"));
    EXPECT_EQ(publish(R"({"name":"first","name":"last","channel":"other","channel":"tower",)"
                      R"("data":"8","data":"9"})"),
              200);
    EXPECT_EQ(listener->hear().payload, tower_event);
    std::string many = R"({"name":"last",)";
    for (int i = 0; i < 100'000; ++i) many += R"("data":"8",)";
    EXPECT_EQ(publish(many + R"("channel":"tower","data":"9"})"), 200);
    EXPECT_EQ(listener->hear().payload, tower_event);
}

TEST_F(PusherAbuse, by_a_name_as_long_as_a_message_closes_nobody) {
    for (int i = 0; i < 2; ++i) {
        listener->say(R"({"event":"pusher:subscribe","data":{"channel":")" +
                      std::string(60'000, 'x') + R"("}})");
        EXPECT_THAT(listener->hear().payload, ::testing::HasSubstr("\"status\":4009"));
    }
    EXPECT_EQ(house.refused("pusher", "subscription_name_length"), 2U);
    house.expect_nobody_harmed();
}

TEST_F(PusherAbuse, by_names_over_http_is_refused_whatever_their_length) {
    for (const std::size_t bytes : {201U, 1'000'000U}) {
        const std::string name(bytes, 'x');
        EXPECT_EQ(publish(R"({"name":"e","channel":")" + name + R"(","data":"9"})"), 400);
        EXPECT_EQ(publish(R"({"name":")" + name + R"(","channel":"tower","data":"9"})"), 400);
    }
    EXPECT_EQ(house.refused("pusher", "request_invalid") + house.refused("pusher", "request_limit"),
              4U);
    house.expect_nobody_harmed();
}

// ---- signatures of yesterday ----

// Pusher knows no number used once: the same request is good again while its stamp is.
TEST_F(PusherAbuse, by_replaying_a_request_ends_after_ten_minutes) {
    const auto request = pusher_request(R"({"name":"last","channel":"tower","data":"9"})");
    EXPECT_EQ(house.ask(request).status, 200);
    house.clock.advance_ms(600'000);
    EXPECT_EQ(house.ask(request).status, 200);
    house.clock.advance_ms(1'000);
    const auto answer = house.ask(request);
    EXPECT_EQ(answer.status, 401);
    EXPECT_THAT(answer.body,
                ::testing::HasSubstr("auth_timestamp is more than 600 s from the server's time."));
    EXPECT_EQ(house.refused("pusher", "request_unauthorized"), 1U);
}

TEST_F(PusherAbuse, by_a_request_from_the_future_is_refused) {
    const std::string body = R"({"name":"last","channel":"tower","data":"9"})";
    auto then = house.clock.now();
    then.unix_ms += 601'000;
    const auto answer = house.ask(post(signed_publish(demo_app({}), body, then), {}, body));
    EXPECT_EQ(answer.status, 401);
    EXPECT_THAT(answer.body,
                ::testing::HasSubstr("auth_timestamp is more than 600 s from the server's time."));
    EXPECT_EQ(house.refused("pusher", "request_unauthorized"), 1U);
}

TEST_F(PusherAbuse, by_another_body_under_a_seen_signature_is_refused) {
    auto request = pusher_request(R"({"name":"last","channel":"tower","data":"9"})");
    request.replace(request.rfind("\"9\""), 3, "\"8\"");
    const auto answer = house.ask(request);
    EXPECT_EQ(answer.status, 401);
    EXPECT_THAT(answer.body, ::testing::HasSubstr("body_md5 is not the MD5 of the body."));
    EXPECT_EQ(house.refused("pusher", "request_unauthorized"), 1U);
}

}  // namespace
}  // namespace carillon::server
