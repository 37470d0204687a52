// protocol/pusher/testing.h: for tests only: a whole server without sockets. A real hub with one
// lane driven by hand, the real protocol, and clients whose connection is a list of what they
// heard.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/hmac.h"
#include "auth/md5.h"
#include "base/random.h"
#include "base/time.h"
#include "hub/hub.h"
#include "json/write.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/protocol.h"
#include "protocol/pusher/signature.h"
#include "protocol/pusher/testing_fakes.h"

namespace carillon::pusher::testing {

class TestServer;

// What edge::Connection is to a session: its door, its way out, its end.
class TestClient final : hub::Door, protocol::Out {
 public:
    TestClient(TestServer& server, std::string_view target, std::string_view origin);
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;
    ~TestClient() { leave(); }

    void says(std::string_view message,
              protocol::Message::Kind kind = protocol::Message::Kind::text);
    void subscribes(const std::string& channel);  // signed, where the name asks for it
    void subscribes(const std::string& channel, std::string_view channel_data);
    void signs_in(std::string_view user_data);  // as the customer's backend would sign it
    void ticks();                               // if its time has come
    void leave(hub::CloseReason why = hub::CloseReason::peer);

    // What was heard since the last time.
    std::vector<std::string> heard();
    std::string heard_one() {
        const auto all = heard();
        EXPECT_EQ(all.size(), 1U) << ::testing::PrintToString(all);
        return all.empty() ? "" : all.front();
    }
    std::string socket_id() const { return socket_id_; }
    std::string closed() const { return closed_; }  // "4001 text"; empty: open
    bool paused() const { return paused_; }
    bool connected() const { return session_ != nullptr; }
    protocol::Session& session() { return *session_; }
    hub::Outbox& outbox() { return outbox_; }
    bool stuck = false;  // the socket takes nothing

 private:
    void write(hub::Outbox& outbox) override;
    void give_up() override {}
    std::size_t write_now(std::string_view frames) override;
    void reply(std::string_view body) override;
    void close(std::uint16_t code, std::string_view reason) override;
    void ping() override {}
    void pause() override { paused_ = true; }
    void resume() override { paused_ = false; }

    TestServer& server_;
    hub::Outbox outbox_;
    std::string bytes_;
    std::string closed_;
    std::string socket_id_;
    bool paused_ = false;
    std::unique_ptr<protocol::Session> session_;
};

class TestServer : hub::Wake {
 public:
    explicit TestServer(hub::LaneLimits lane_limits = {}, const Options& options = {},
                        std::uint32_t sessions_max = 0)
        : hub({.lanes = 1,
               .sessions_max = sessions_max,
               .lane_limits = lane_limits,
               .random = [](unsigned) { return std::make_unique<base::SeededRandom>(7); }},
              {.history = &cache, .host_events = &host_events}),
          pusher(Parts{hub, apps, clock, log, options, [this](auto task) {
                           if (later_full) return false;
                           tasks.push_back(std::move(task));
                           return true;
                       }}) {
        hub.lane(0).attach(*this);
        host_events.listen(pusher.announcer());
        set(reference_app());
        EXPECT_TRUE(pusher.routes(router).has_value());
    }
    ~TestServer() {
        clients_.clear();
        run();
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    // One app is enough for most; `app` is the one that clients connect to.
    void set(const hub::App& changed) {
        app = std::make_shared<const hub::App>(changed);
        apps.apps = {app};
    }
    TestClient& connect(std::string_view target = "/app/278d425bdf160c739803?protocol=7",
                        std::string_view origin = {}) {
        return *clients_.emplace_back(std::make_unique<TestClient>(*this, target, origin));
    }
    // Connected, and its greeting heard.
    TestClient& client() {
        auto& made = connect();
        made.heard();
        return made;
    }
    void run() {
        auto& lane = hub.lane(0);
        do {
            host_events.drain(clock.now());
            for (auto& task : std::exchange(tasks, {})) task();
            lane.take();
            lane.tick(clock.now());
            while (lane.flush(1000)) {
            }
            lane.reap(clock.now());
        } while (lane.has_work() || !tasks.empty() || std::exchange(host_woken_, false));
    }
    // As the protocol's HTTP side answers it; `status` 0: not answered yet.
    http::Response answer(http::Request request) {
        http::Response given;
        given.status = 0;
        ask(std::move(request), given);
        run();
        return given;
    }
    void ask(http::Request request, http::Response& given) {
        const auto match = router.match(request);
        if (match.kind != http::Match::Kind::handler) {
            given = http::refusal(match);
            return;
        }
        (*match.handler)(request, http::Responder([&given](http::Response response) {
                             given = std::move(response);
                         }));
    }
    // A request signed by the demo app, as an SDK makes it.
    http::Request signed_request(std::string method, std::string path, std::string body,
                                 std::string_view more_query = {}) {
        http::Request request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.body = std::move(body);
        request.query = "auth_key=" + app->key +
                        "&auth_timestamp=" + std::to_string(clock.now().unix_ms / 1000) +
                        "&auth_version=1.0";
        if (!request.body.empty()) request.query += "&body_md5=" + auth::md5_hex(request.body);
        request.query += more_query;
        sign(request);
        return request;
    }
    void sign(http::Request& request) const {
        request.query += "&auth_signature=" +
                         auth::hmac_sha256_hex(app->secret, {request_text(request).value()});
        request.target = request.path + "?" + request.query;
    }
    // Signed and answered; a query in the target is signed too.
    http::Response request(std::string method, std::string_view target, std::string body = {}) {
        const auto mark = std::min(target.find('?'), target.size());
        auto query = std::string(target.substr(mark));
        if (!query.empty()) query.front() = '&';
        return answer(signed_request(std::move(method), std::string(target.substr(0, mark)),
                                     std::move(body), query));
    }
    http::Response publish(std::string body) {
        return answer(signed_request("POST", "/apps/3/events", std::move(body)));
    }

    base::ManualClock clock;
    TestApps apps;
    TestLog log;
    TestFraming framing;
    hub::AppRef app;
    http::Router router;
    CacheHistory cache;
    hub::HostInbox host_events{[this] { host_woken_ = true; }};
    hub::Hub hub;
    std::vector<std::function<void()>> tasks;  // for later: run() runs them
    bool later_full = false;
    PusherProtocol pusher;

 private:
    void wake() override {}
    bool host_woken_ = false;
    std::deque<std::unique_ptr<TestClient>> clients_;
};

inline TestClient::TestClient(TestServer& server, std::string_view target, std::string_view origin)
    : server_(server), outbox_(server.hub.lane(0), *this) {
    http::Request request;
    request.method = "GET";
    request.target = target;
    request.path = target.substr(0, target.find('?'));
    if (target.find('?') != std::string_view::npos)
        request.query = target.substr(target.find('?') + 1);
    request.headers = {{"Upgrade", "websocket"}};
    if (!origin.empty()) request.headers.push_back({"Origin", std::string(origin)});
    const auto match = server.router.match(request);
    EXPECT_EQ(match.upgrade, &server.pusher) << target;
    session_ = server.pusher.open(
        {request, *this, server.framing, server.hub.lane(0), outbox_, server.clock.now()});
    server.run();
    const auto at = bytes_.find("socket_id\\\":\\\"");
    if (at != std::string::npos) {
        socket_id_ = bytes_.substr(at + 14, bytes_.find('\\', at + 14) - at - 14);
    }
}

inline void TestClient::says(std::string_view message, protocol::Message::Kind kind) {
    const auto copy = padded(message);
    const auto result = session_->on_message({kind, copy}, server_.clock.now());
    if (!result.has_value()) {
        close(static_cast<std::uint16_t>(result.error().code), result.error().message);
    }
    server_.run();
}

inline void TestClient::subscribes(const std::string& channel) {
    std::string auth;
    if (kind_of(channel).authenticated) {
        auth = server_.app->key + ":" + channel_signature(*server_.app, socket_id_, channel, "");
    }
    says(R"({"event":"pusher:subscribe","data":{"channel":")" + channel + R"(","auth":")" + auth +
         R"("}})");
}

inline void TestClient::subscribes(const std::string& channel, std::string_view channel_data) {
    const auto auth =
        server_.app->key + ":" + channel_signature(*server_.app, socket_id_, channel, channel_data);
    std::string escaped;
    for (const char c : channel_data) {
        if (c == '"' || c == '\\') escaped += '\\';
        escaped += c;
    }
    says(R"({"event":"pusher:subscribe","data":{"channel":")" + channel + R"(","auth":")" + auth +
         R"(","channel_data":")" + escaped + R"("}})");
}

inline void TestClient::signs_in(std::string_view user_data) {
    base::Buffer message;
    message.append(R"({"event":"pusher:signin","data":{"auth":")");
    message.append(server_.app->key + ":" + user_signature(*server_.app, socket_id_, user_data));
    message.append(R"(","user_data":)");
    json::append_quoted(user_data, message);
    message.append("}}");
    says(message.view());
}

inline void TestClient::ticks() {
    if (session_->next_tick_ns() > server_.clock.now().steady_ns) return;
    const auto result = session_->on_tick(server_.clock.now());
    if (!result.has_value()) {
        close(static_cast<std::uint16_t>(result.error().code), result.error().message);
    }
    server_.run();
}

inline void TestClient::leave(hub::CloseReason why) {
    if (session_ == nullptr) return;
    session_->on_gone(why);
    session_.reset();
    server_.run();
}

inline std::vector<std::string> TestClient::heard() {
    return split_bodies(std::exchange(bytes_, {}));
}

inline void TestClient::write(hub::Outbox& outbox) {
    while (!outbox.empty()) {
        if (stuck) return outbox.block();
        iovec pieces[8];
        const auto count = outbox.gather(pieces, 1 << 20);
        std::size_t taken = 0;
        for (std::size_t i = 0; i < count; ++i) {
            bytes_.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
            taken += pieces[i].iov_len;
        }
        outbox.consume(taken);
    }
}

inline std::size_t TestClient::write_now(std::string_view frames) {
    if (stuck) {
        outbox_.block();
        return 0;
    }
    bytes_.append(frames);
    return frames.size();
}

inline void TestClient::reply(std::string_view body) {
    if (closed_.empty()) server_.hub.lane(0).reply(outbox_, {body});
}

inline void TestClient::close(std::uint16_t code, std::string_view reason) {
    if (closed_.empty()) closed_ = std::to_string(code) + " " + std::string(reason);
}

}  // namespace carillon::pusher::testing
