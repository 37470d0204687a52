// protocol/testing_house.h: for tests only: where a protocol's sessions live without sockets: a real
// hub whose one lane is run by hand, the protocol's own routes, and clients whose connection is a
// list of the bodies they were sent.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "base/time.h"
#include "hub/hub.h"
#include "json/testing.h"
#include "protocol/protocol.h"

namespace carillon::protocol::testing {

using json::testing::padded;

// Every line as text: its event, then " key=value" for each field.
struct TestLog final : base::Log {
    void write(base::LogLevel, std::string_view event,
               std::span<const base::LogField> fields) override {
        std::string line(event);
        for (const auto& [key, value] : fields) {
            line += ' ';
            line += key;
            line += '=';
            const auto* text = std::get_if<std::string_view>(&value);
            line += text != nullptr ? std::string(*text) : std::to_string(std::get<1>(value));
        }
        lines.push_back(std::move(line));
    }
    std::vector<std::string> lines;
};

// A body with its size before it.
class SizeFraming final : public Framing {
 public:
    const hub::Encoder& frame(const hub::Encoder& body) override {
        auto& made = encoders_[&body];
        if (made == nullptr) made = std::make_unique<FrameEncoder>(body);
        return *made;
    }
    static std::string head(std::size_t size) {
        const auto bytes = static_cast<std::uint32_t>(size);
        return {reinterpret_cast<const char*>(&bytes), sizeof bytes};
    }
    static std::vector<std::string> bodies(std::string_view frames) {
        std::vector<std::string> found;
        while (!frames.empty()) {
            std::uint32_t size = 0;
            std::memcpy(&size, frames.data(), sizeof size);
            found.emplace_back(frames.substr(sizeof size, size));
            frames.remove_prefix(sizeof size + size);
        }
        return found;
    }

 private:
    struct FrameEncoder final : hub::Encoder {
        explicit FrameEncoder(const hub::Encoder& b) : body(b) {}
        bool encode(const hub::Delivery& delivery, base::Buffer& out) const override {
            base::Buffer bytes;
            if (!body.encode(delivery, bytes)) return false;
            out.append(head(bytes.size()));
            out.append(bytes.view());
            return true;
        }
        const hub::Encoder& body;
    };
    std::map<const hub::Encoder*, std::unique_ptr<FrameEncoder>> encoders_;
};

class Client;

// Outlives the protocol that lives in it: declare it first. Clients go when it says so
// (part_with_clients) or when it goes.
class House : hub::Wake {
 public:
    explicit House(hub::LaneLimits lane_limits = {}, std::uint32_t sessions_max = 0,
                   hub::Ports ports = {})
        : hub({.lanes = 1,
               .sessions_max = sessions_max,
               .lane_limits = lane_limits,
               .random = [](unsigned) { return std::make_unique<base::SeededRandom>(7); }},
              ports) {
        hub.lane(0).attach(*this);
    }
    House(const House&) = delete;
    House& operator=(const House&) = delete;
    ~House();

    // A new client of this path, which must lead to a WebSocket. `subprotocol`: what it offers.
    Client& connect(std::string_view path, std::string_view subprotocol = {});
    void part_with_clients();
    // Iterations of the loop until nothing is left to do.
    void run() {
        auto& lane = hub.lane(0);
        do {
            lane.take();
            lane.tick(clock.now());
            while (lane.flush(1000)) {
            }
            lane.reap(clock.now());
        } while (lane.has_work());
    }
    // As the routes answer it; `status` 0: not answered yet.
    http::Response answer(http::Request request) {
        http::Response given;
        given.status = 0;
        ask(std::move(request), given);
        run();
        return given;
    }
    // The same, without letting the loop run. `given` lives until the answer came.
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

    base::ManualClock clock;
    TestLog log;
    SizeFraming framing;
    http::Router router;
    hub::Hub hub;

 private:
    void wake() override {}
    std::deque<std::unique_ptr<Client>> clients_;
};

// What edge::Connection is to a session: its door, its way out, its end.
class Client final : hub::Door, Out {
 public:
    Client(House& house, const http::Request& request, Protocol& protocol)
        : house_(house), outbox_(house.hub.lane(0), *this) {
        session_ = protocol.open(
            {request, *this, house.framing, house.hub.lane(0), outbox_, house.clock.now()});
        house_.run();
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { leave(); }

    void says(std::string_view text, Message::Kind kind = Message::Kind::text,
              bool fragmented = false) {
        const auto copy = padded(text);
        end_if(session_->on_message({kind, copy, fragmented}, house_.clock.now()));
        house_.run();
    }
    // If its time has come.
    void ticks() {
        if (session_->next_tick_ns() > house_.clock.now().steady_ns) return;
        end_if(session_->on_tick(house_.clock.now()));
        house_.run();
    }
    void leave(hub::CloseReason why = hub::CloseReason::peer) {
        if (session_ == nullptr) return;
        session_->on_gone(why);
        session_.reset();
        house_.run();
    }

    // The bodies it was sent since the last time.
    std::vector<std::string> heard() { return SizeFraming::bodies(std::exchange(bytes_, {})); }
    std::string heard_one() {
        const auto all = heard();
        EXPECT_EQ(all.size(), 1U) << ::testing::PrintToString(all);
        return all.empty() ? "" : all.front();
    }
    const std::string& closed() const { return closed_; }  // "1008 text"; empty: open
    int pings() { return std::exchange(pings_, 0); }       // since the last time
    bool paused() const { return paused_; }
    Session& session() { return *session_; }
    hub::Outbox& outbox() { return outbox_; }
    // Its socket takes nothing until it is let go on.
    void stall() { stuck_ = true; }
    void go_on() {
        stuck_ = false;
        outbox_.unblock();
        house_.run();
    }

 private:
    void end_if(const Result<void>& result) {
        if (result.has_value()) return;
        close(static_cast<std::uint16_t>(result.error().code), result.error().message);
    }
    // hub::Door
    void write(hub::Outbox& outbox) override {
        while (!outbox.empty()) {
            if (stuck_) return outbox.block();
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
    void give_up() override {}
    std::size_t write_now(std::string_view frames) override {
        if (stuck_) {
            outbox_.block();
            return 0;
        }
        bytes_.append(frames);
        return frames.size();
    }
    // Out
    void reply(std::string_view body) override {
        if (closed_.empty()) {
            house_.hub.lane(0).reply(outbox_, {SizeFraming::head(body.size()), body});
        }
    }
    void ping() override { ++pings_; }
    void close(std::uint16_t code, std::string_view reason) override {
        if (!closed_.empty()) return;
        house_.hub.lane(0).silence(outbox_, hub::CloseReason::protocol);
        closed_ = std::to_string(code) + " " + std::string(reason);
    }
    void pause() override { paused_ = true; }
    void resume() override { paused_ = false; }

    House& house_;
    hub::Outbox outbox_;
    std::string bytes_;
    std::string closed_;
    int pings_ = 0;
    bool paused_ = false;
    bool stuck_ = false;
    std::unique_ptr<Session> session_;
};

inline House::~House() { part_with_clients(); }

inline void House::part_with_clients() {
    clients_.clear();
    run();
}

inline Client& House::connect(std::string_view path, std::string_view subprotocol) {
    http::Request request;
    request.method = "GET";
    request.target = path;
    request.path = path.substr(0, path.find('?'));
    if (path.find('?') != std::string_view::npos) request.query = path.substr(path.find('?') + 1);
    request.headers = {{"Upgrade", "websocket"}};
    if (!subprotocol.empty()) {
        request.headers.push_back({"Sec-WebSocket-Protocol", std::string(subprotocol)});
    }
    const auto match = router.match(request);
    EXPECT_NE(match.upgrade, nullptr) << path;
    // Only protocols are registered as targets.
    return *clients_.emplace_back(
        std::make_unique<Client>(*this, request, static_cast<Protocol&>(*match.upgrade)));
}

}  // namespace carillon::protocol::testing
