// protocol/notiflux/testing.h: for tests only: the protocol in a house without sockets, and tokens as a
// customer's backend makes them.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "auth/jwt.h"
#include "json/testing.h"
#include "json/write.h"
#include "protocol/notiflux/protocol.h"
#include "protocol/notiflux/token.h"
#include "protocol/notiflux/wire.h"
#include "protocol/testing_house.h"

namespace carillon::notiflux::testing {

using json::testing::padded;
using protocol::testing::Client;
using protocol::testing::House;

inline auth::JwtKey the_key() { return auth::JwtKey::es256_of_everybody("notiflux test"); }
inline auth::JwtKey another_key() { return auth::JwtKey::es256_of_everybody("somebody else"); }

// As the server's wiring makes it.
inline auth::JwtVerifier verifier() {
    return {{the_key()}, {.leeway_s = 60, .audience_refused = true, .whole_seconds = true}};
}

inline std::string signed_with(const auth::JwtKey& key, std::string_view payload) {
    const auto token = auth::sign_jwt(key, payload);
    EXPECT_TRUE(token.has_value());
    return token.has_value() ? token.value() : std::string();
}
inline std::string signed_token(std::string_view payload) {
    return signed_with(the_key(), payload);
}

inline std::string in_quotes(std::string_view text) {
    base::Buffer out;
    json::append_quoted(text, out);
    return std::string(out.view());
}
inline std::string list_of(std::initializer_list<std::string_view> texts) {
    std::string list;
    for (const auto text : texts) list += (list.empty() ? "" : ",") + in_quotes(text);
    return "[" + list + "]";
}

// {"sub":"somebody","exp":…,"scope":…,"topics":[…]}: as good as it says, for so many seconds.
inline std::string payload(std::string_view scope, std::initializer_list<std::string_view> topics,
                           std::int64_t unix_s, std::int64_t lifetime_s = 30) {
    return R"({"sub":"somebody","exp":)" + std::to_string(unix_s + lifetime_s) + R"(,"scope":)" +
           in_quotes(scope) + R"(,"topics":)" + list_of(topics) + "}";
}

// In a transcript: $TOKEN(scope seconds topic …) is a token that lives so long from now on, signed
// with the server's key.
inline std::optional<std::string> variable(std::string_view name, std::string_view arguments,
                                           Now now) {
    if (name != "TOKEN") return std::nullopt;
    std::istringstream words{std::string(arguments)};
    std::string scope;
    std::int64_t lifetime_s = 0;
    words >> scope >> lifetime_s;
    std::string topics;
    for (std::string topic; words >> topic;) {
        topics += (topics.empty() ? "" : ",") + in_quotes(topic);
    }
    return signed_token(R"({"sub":"notiflux","exp":)" +
                        std::to_string(now.unix_ms / 1000 + lifetime_s) + R"(,"scope":)" +
                        in_quotes(scope) + R"(,"topics":[)" + topics + "]}");
}

struct Setup {
    bool honest_statuses = false;
    hub::AppLimits app_limits{.channel_name_bytes_max = topic_bytes_max,
                              .event_payload_bytes_max = limits::http_body_bytes_max};
    protocol::ReserveOf reserve_of{};
    hub::LaneLimits lane_limits{};
};

class TestServer {
 public:
    explicit TestServer(const Setup& setup = {})
        : house(setup.lane_limits),
          app(std::make_shared<const hub::App>(
              hub::App{.id = "notiflux", .key = "", .secret = "", .limits = setup.app_limits})),
          notiflux(Parts{house.hub,
                         app,
                         house.clock,
                         house.log,
                         {verifier(), setup.honest_statuses},
                         setup.reserve_of}) {
        EXPECT_TRUE(notiflux.routes(house.router).has_value());
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;
    ~TestServer() { house.part_with_clients(); }

    Client& client() { return house.connect("/notiflux/ws"); }
    std::int64_t unix_s() const { return house.clock.now().unix_ms / 1000; }
    std::string token(std::string_view scope,
                      std::initializer_list<std::string_view> topics) const {
        return signed_token(payload(scope, topics, unix_s()));
    }
    void subscribe(Client& client, std::string_view topic) const {
        client.says("/subscribe " + std::string(topic) + " " + token("subscribe", {topic}));
    }

    http::Response ask(std::string method, std::string path, std::string_view body = {},
                       std::string_view content_type = {}) {
        http::Request request;
        request.method = std::move(method);
        request.target = path;
        request.path = std::move(path);
        if (!content_type.empty()) {
            request.headers.push_back({"Content-Type", std::string(content_type)});
        }
        request.body = padded(body);
        return house.answer(std::move(request));
    }
    http::Response post(std::string_view body) {
        return ask("POST", "/broadcast", body, "application/json");
    }
    http::Response broadcast(std::string_view topic, std::string_view message,
                             std::string_view with_token) {
        return post(R"({"topic":)" + in_quotes(topic) + R"(,"message":)" + in_quotes(message) +
                    R"(,"token":)" + in_quotes(with_token) + "}");
    }
    // With a token that allows it.
    void broadcast(std::string_view topic, std::string_view message) {
        const auto answer = broadcast(topic, message, token("broadcast", {topic}));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "");
    }
    std::uint64_t refused(Fault fault) const { return notiflux.refusals().get(fault); }

    House house;
    const hub::AppRef app;
    NotifluxProtocol notiflux;
};

}  // namespace carillon::notiflux::testing
