// protocol/pusher/testing_fakes.h: for tests only: the parts that stand in for the world (an app
// store, a log, framing), and the words that many tests expect.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "hub/ports.h"
#include "hub/testing_hub.h"
#include "json/testing.h"
#include "protocol/protocol.h"
#include "protocol/pusher/names.h"
#include "protocol/testing_house.h"

namespace carillon::pusher::testing {

using json::testing::padded;

// Bodies arrive without framing here: {…}{…} taken apart.
inline std::vector<std::string> split_bodies(std::string_view bytes) {
    std::vector<std::string> bodies;
    int depth = 0;
    bool in_string = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (in_string) {
            if (bytes[i] == '\\')
                ++i;
            else if (bytes[i] == '"')
                in_string = false;
            continue;
        }
        if (bytes[i] == '"') in_string = true;
        if (bytes[i] == '{' || bytes[i] == '[') ++depth;
        if (bytes[i] != '}' && bytes[i] != ']') continue;
        if (--depth != 0) continue;
        bodies.emplace_back(bytes.substr(begin, i + 1 - begin));
        begin = i + 1;
    }
    EXPECT_EQ(begin, bytes.size()) << bytes;
    return bodies;
}

// As the server keeps what this protocol's cache channels keep: one event each.
struct CacheHistory final : hub::testing::TestHistory {
    CacheHistory() { room = 1; }
    Keeps keeps(const hub::App&, std::string_view channel) const override {
        return kind_of(channel).cache ? Keeps::here : Keeps::nothing;
    }
};

// The app of Pusher's own examples.
inline hub::App reference_app() {
    hub::App app;
    app.id = "3";
    app.key = "278d425bdf160c739803";
    app.secret = "7ad3773142a6692b25b8";
    app.client_events = true;
    return app;
}

struct TestApps final : hub::Apps {
    void find_by_key(std::string_view key, Answer answer) override {
        give([&](const hub::App& app) { return app.key == key; }, std::move(answer));
    }
    void find_by_id(std::string_view id, Answer answer) override {
        give([&](const hub::App& app) { return app.id == id; }, std::move(answer));
    }
    void answer_now() {
        for (auto& answer : std::exchange(waiting, {})) answer();
    }

    std::vector<hub::AppRef> apps;
    bool later = false;  // answers wait for answer_now()
    bool broken = false;
    std::vector<std::function<void()>> waiting;

 private:
    template <class Fits>
    void give(Fits fits, Answer answer) {
        hub::AppRef found;
        for (const auto& app : apps) {
            if (fits(*app)) found = app;
        }
        auto say = [this, found, answer = std::move(answer)] {
            if (broken) return answer(Error{ErrorKind::io, "the database said: hunter2"});
            answer(found);
        };
        if (later) {
            waiting.emplace_back(std::move(say));
        } else {
            say();
        }
    }
};

using protocol::testing::TestLog;

struct TestFraming final : protocol::Framing {
    // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): encoders outlive the server.
    const hub::Encoder& frame(const hub::Encoder& body) override { return body; }
};

inline std::string error_body(int code, std::string_view message) {
    return R"({"event":"pusher:error","data":{"code":)" + std::to_string(code) + R"(,"message":")" +
           std::string(message) + R"("}})";
}

inline std::string watchlist_body(std::string_view events) {
    std::string escaped;
    for (const char c : events) {
        if (c == '"') escaped += '\\';
        escaped += c;
    }
    return R"({"event":"pusher_internal:watchlist_events","data":"{\"events\":[)" + escaped +
           R"(]}"})";
}

inline std::string succeeded_body(std::string_view channel) {
    return R"({"event":"pusher_internal:subscription_succeeded","channel":")" +
           std::string(channel) + R"(","data":"{}"})";
}

// `data` as JSON.
inline std::string subscription_error_body(std::string_view channel, std::string_view data) {
    return R"({"event":"pusher:subscription_error","channel":")" + std::string(channel) +
           R"(","data":)" + std::string(data) + "}";
}

}  // namespace carillon::pusher::testing
