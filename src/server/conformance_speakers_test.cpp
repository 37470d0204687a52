#include <array>

#include "auth/jwt.h"
#include "base/limits.h"
#include "server/config.h"
#include "server/greeting.h"
#include "server/testing_speakers.h"
#include "server/tokens.h"

namespace carillon::server::testing {
namespace {

constexpr std::string_view far_away = "4102444800";  // the year 2100, whatever the test's clock

std::string post(std::string_view target, std::string_view body, std::string_view headers) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string signed_with(const auth::JwtKey& key, const std::string& payload) {
    auto token = auth::sign_jwt(key, payload);
    EXPECT_TRUE(token.has_value());
    return token.has_value() ? *token : "";
}

// The member "data", a number or a string of digits.
std::string data_in(std::string_view text) {
    const auto begin = text.find(R"("data":)");
    EXPECT_NE(begin, std::string_view::npos) << text;
    const auto digits = text.find_first_of("0123456789", begin);
    if (begin == std::string_view::npos || digits == std::string_view::npos) return {};
    return std::string(text.substr(digits, text.find_first_not_of("0123456789", digits) - digits));
}

void expect_heard(Client& client, std::string_view part) {
    const auto frame = client.hear();
    EXPECT_NE(frame.payload.find(part), std::string::npos)
        << "expected " << part << ", heard " << frame.payload;
}

class PusherSpeaker final : public Speaker {
 public:
    std::string_view protocol() const override { return "pusher"; }
    std::string_view path() const override { return "/app/demo-key?protocol=7"; }
    void introduce(Client& client) const override {
        expect_heard(client, "connection_established");
    }
    void join(Client& client, std::string_view channel) const override {
        ask(client, channel);
        expect_heard(client, "subscription_succeeded");
    }
    void join_in_vain(Client& client, std::string_view channel) const override {
        ask(client, channel);
        expect_heard(client, "subscription_error");
    }
    void leave(Client& client, std::string_view channel) const override {
        client.say(R"({"event":"pusher:unsubscribe","data":{"channel":")" + std::string(channel) +
                   R"("}})");
        see_all_is_read(client);
    }
    std::string text_in(const Frame& frame) const override { return data_in(frame.payload); }
    std::string publish_request(std::string_view channel, std::string_view text) const override {
        const auto body = R"({"name":"e","channel":")" + std::string(channel) + R"(","data":")" +
                          std::string(text) + R"("})";
        return post(signed_publish(demo_app({}), body, base::ManualClock().now()), body, {});
    }
    bool closes_the_slow() const override { return true; }
    std::size_t too_long_a_name() const override { return 201; }

 private:
    static void ask(Client& client, std::string_view channel) {
        client.say(R"({"event":"pusher:subscribe","data":{"channel":")" + std::string(channel) +
                   R"("}})");
    }
};

class TurbineSpeaker final : public Speaker {
 public:
    std::string_view protocol() const override { return "turbine"; }
    std::string_view path() const override { return "/turbine/ws"; }
    void introduce(Client& client) const override {
        const auto key = auth::JwtKey::hs256(demo_turbine_secret);
        const auto token = signed_with(
            *key, R"({"sub":"a","exp":)" + std::string(far_away) + R"(,"channels":[]})");
        command(client, "connect", "token", token);
        expect_heard(client, R"("connected":true)");
    }
    void join(Client& client, std::string_view channel) const override {
        command(client, "subscribe", "channel", channel);
        expect_heard(client, R"("subscribed":true)");
    }
    void join_in_vain(Client& client, std::string_view channel) const override {
        command(client, "subscribe", "channel", channel);
        expect_heard(client, R"("error")");
    }
    void leave(Client& client, std::string_view channel) const override {
        command(client, "unsubscribe", "channel", channel);
        expect_heard(client, R"("unsubscribed":true)");
    }
    std::string text_in(const Frame& frame) const override { return data_in(frame.payload); }
    std::string publish_request(std::string_view channel, std::string_view text) const override {
        const auto body =
            R"({"channel":")" + std::string(channel) + R"(","data":)" + std::string(text) + "}";
        return post("/api/publish", body,
                    "x-api-key: devkey\r\nContent-Type: application/json\r\n");
    }
    bool closes_the_slow() const override { return false; }
    std::size_t too_long_a_name() const override { return 256; }

 private:
    static void command(Client& client, std::string_view method, std::string_view name,
                        std::string_view value) {
        client.say(R"({"id":1,"method":")" + std::string(method) + R"(","params":{")" +
                   std::string(name) + R"(":")" + std::string(value) + R"("}})");
    }
};

class NotifluxSpeaker final : public Speaker {
 public:
    std::string_view protocol() const override { return "notiflux"; }
    std::string_view path() const override { return "/notiflux/ws"; }
    void introduce(Client&) const override {}
    void join(Client& client, std::string_view channel) const override {
        client.say("/subscribe " + std::string(channel) + " " + token("subscribe", channel));
        see_all_is_read(client);
    }
    void join_in_vain(Client& client, std::string_view channel) const override {
        join(client, channel);  // there is no answer, whatever comes of it
    }
    void leave(Client& client, std::string_view channel) const override {
        client.say("/unsubscribe " + std::string(channel));
        see_all_is_read(client);
    }
    std::string text_in(const Frame& frame) const override {
        EXPECT_EQ(frame.opcode, Opcode::text);
        return frame.payload;
    }
    std::string publish_request(std::string_view channel, std::string_view text) const override {
        const auto body = R"({"topic":")" + std::string(channel) + R"(","message":")" +
                          std::string(text) + R"(","token":")" + token("broadcast", channel) +
                          R"("})";
        return post("/broadcast", body, "Content-Type: application/json\r\n");
    }
    bool closes_the_slow() const override { return true; }
    std::size_t too_long_a_name() const override { return limits::channel_name_bytes_max + 1; }

 private:
    static std::string token(std::string_view scope, std::string_view topic) {
        return signed_with(demo_notiflux_key(), R"({"sub":"a","exp":)" + std::string(far_away) +
                                                    R"(,"topics":[")" + std::string(topic) +
                                                    R"("],"scope":")" + std::string(scope) +
                                                    R"("})");
    }
};

const PusherSpeaker pusher;
const TurbineSpeaker turbine;
const NotifluxSpeaker notiflux;
constexpr std::array<const Speaker*, 3> all{&pusher, &turbine, &notiflux};

}  // namespace

std::span<const Speaker* const> speakers() { return all; }

void see_all_is_read(Client& client) {
    client.say(Opcode::ping, "read?");
    const auto frame = client.hear();
    EXPECT_EQ(frame.opcode, Opcode::pong) << frame.payload;
}

}  // namespace carillon::server::testing
