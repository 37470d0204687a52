// protocol/turbine/testing.h: for tests only: a house that speaks this protocol, and tokens for it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/jwt.h"
#include "base/limits.h"
#include "protocol/testing_house.h"
#include "protocol/turbine/protocol.h"

namespace carillon::turbine::testing {

using json::testing::padded;
using protocol::testing::Client;

inline constexpr std::string_view secret = "devsecret";
inline constexpr std::string_view api_key = "devkey";

inline auth::JwtKey key(std::string_view of = secret) { return auth::JwtKey::hs256(of).value(); }

inline std::string signed_claims(std::string_view payload, std::string_view by = secret) {
    return auth::sign_jwt(key(by), payload).value();
}

inline std::string token(std::string_view channels, Now now, std::int64_t expires_in_s = 3600,
                         std::string_view by = secret) {
    const auto exp = std::to_string(now.unix_ms / 1000 + expires_in_s);
    return signed_claims(
        R"({"sub":"ann","exp":)" + exp + R"(,"channels":)" + std::string(channels) + "}", by);
}

// What $NAME(arguments) stands for in a transcript:
//   $TOKEN(["a"])       a good token for these channels; $TOKEN alone: for all
//   $EXPIRES(seconds)   one for all channels that expires so much later; or earlier, below 0
//   $CLAIMS({…})        this payload, signed
//   $FORGED             as $TOKEN, signed with another secret
inline std::optional<std::string> variable(std::string_view name, std::string_view arguments,
                                           Now now) {
    if (name == "TOKEN") return token(arguments.empty() ? "[]" : arguments, now);
    if (name == "EXPIRES") return token("[]", now, std::stoll(std::string(arguments)));
    if (name == "CLAIMS") return signed_claims(arguments);
    if (name == "FORGED") return token("[]", now, 3600, "another");
    return std::nullopt;
}

inline hub::App reference_app() {
    hub::App app{.id = "turbine", .key = "", .secret = ""};
    app.limits.channel_name_bytes_max = channel_bytes_max;
    app.limits.event_payload_bytes_max = limits::http_body_bytes_max;
    return app;
}

// Puts the protocol into a house, which outlives it.
inline std::unique_ptr<TurbineProtocol> move_in(protocol::testing::House& house,
                                                const hub::App& app = reference_app(),
                                                std::uint32_t connect_timeout_s = 0,
                                                protocol::ReserveOf reserve_of = {}) {
    auto made = std::make_unique<TurbineProtocol>(
        Parts{.hub = house.hub,
              .app = std::make_shared<const hub::App>(app),
              .clock = house.clock,
              .log = house.log,
              .options = {.tokens = auth::JwtVerifier({key()}, {}),
                          .api_key = std::string(api_key),
                          .connect_timeout_s = connect_timeout_s},
              .reserve_of = std::move(reserve_of)});
    EXPECT_TRUE(made->routes(house.router).has_value());
    return made;
}

// A house of our own, clients that say hello, and a backend.
struct House : protocol::testing::House {
    explicit House(hub::App its_app = reference_app(), std::uint32_t connect_timeout_s = 0,
                   protocol::ReserveOf reserve_of = {}, hub::LaneLimits lane_limits = {},
                   std::uint32_t sessions_max = 0, hub::Ports ports = {})
        : protocol::testing::House(lane_limits, sessions_max, ports),
          app(std::make_shared<const hub::App>(std::move(its_app))),
          turbine(move_in(*this, *app, connect_timeout_s, std::move(reserve_of))) {}
    ~House() { part_with_clients(); }

    Client& connect() { return protocol::testing::House::connect("/turbine/ws"); }
    // With a token for these channels.
    Client& connected(std::string_view channels = "[]") {
        auto& client = connect();
        client.says(hello(token(channels, clock.now())));
        EXPECT_EQ(client.heard_one(), R"({"id":1,"result":{"connected":true}})");
        return client;
    }
    static std::string hello(std::string_view its_token) {
        return R"({"id":1,"method":"connect","params":{"token":")" + std::string(its_token) +
               "\"}}";
    }

    static http::Request post(std::string_view body, std::string_view with_key = api_key,
                              std::string_view type = "application/json") {
        http::Request request;
        request.method = "POST";
        request.target = request.path = "/api/publish";
        request.headers = {{"X-Api-Key", std::string(with_key)},
                           {"Content-Type", std::string(type)}};
        request.body = body;
        return request;
    }
    http::Response publish(std::string_view channel, std::string_view data) {
        return answer(post(R"({"channel":")" + std::string(channel) + R"(","data":)" +
                           std::string(data) + "}"));
    }
    std::uint64_t refusals(std::string_view reason) const {
        std::uint64_t found = 0;
        bool known = false;
        turbine->each_refusal([&](std::string_view name, std::uint64_t count) {
            if (name != reason) return;
            found = count;
            known = true;
        });
        EXPECT_TRUE(known) << reason;
        return found;
    }

    const hub::AppRef app;
    const std::unique_ptr<TurbineProtocol> turbine;
};

inline std::string error(std::string_view id, int code, std::string_view text) {
    return R"({"id":)" + std::string(id) + R"(,"error":{"code":)" + std::to_string(code) +
           R"(,"message":")" + std::string(text) + R"("}})";
}

inline std::string subscribe(std::string_view channel, int id = 2) {
    return R"({"id":)" + std::to_string(id) + R"(,"method":"subscribe","params":{"channel":")" +
           std::string(channel) + R"("}})";
}

inline std::string unsubscribe(std::string_view channel, int id = 3) {
    return R"({"id":)" + std::to_string(id) + R"(,"method":"unsubscribe","params":{"channel":")" +
           std::string(channel) + R"("}})";
}

inline std::string push(std::string_view channel, std::string_view data) {
    return R"({"method":"publication","params":{"channel":")" + std::string(channel) +
           R"(","data":)" + std::string(data) + "}}";
}

inline constexpr std::string_view subscribed = R"({"id":2,"result":{"subscribed":true}})";
inline constexpr std::string_view unsubscribed = R"({"id":3,"result":{"unsubscribed":true}})";

}  // namespace carillon::turbine::testing
