// edge/testing_protocol.h: for tests only: a protocol that does as it is told. Each client joins
// the channel its path names. A text message is a command:
//
//   echo X       answered with itself              bytes N      answered with N bytes
//   pause        nothing more is read              close        our close frame, 4002
//   work X       does what the test says that it does, and is answered with X
//   fail         an Error, 4001                    fail-bare    an Error without a code
//   join X       joins another channel
//   recover X E O   joins X and wishes to hear on from offset O of epoch E; answered
//                "joined E O and what became of the wish"
//   anything else is published to the channel
//
// What a session was told is written down, one line each, and can be read from any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub.h"
#include "net/test_loop.h"
#include "protocol/protocol.h"

namespace carillon::edge::testing {

inline hub::AppRef make_app() {
    hub::App app;
    app.id = "app";
    return std::make_shared<const hub::App>(std::move(app));
}

// The body and nothing else; who comes and goes is not shown.
struct BodyFormat final : hub::Encoder {
    bool encode(const hub::Delivery& delivery, base::Buffer& out) const override {
        if (delivery.publication.kind() != hub::Kind::message) return false;
        out.append(delivery.publication.body());
        return true;
    }
};

inline hub::PublicationRef message(std::string_view body) {
    return hub::Publication::make({.body = body});
}

class TestSession;

class TestProtocol final : public protocol::Protocol {
 public:
    explicit TestProtocol(hub::Hub& hub) : hub_(hub) {}

    std::string_view name() const override { return "test"; }
    Result<void> routes(http::Router& router) override {
        return router.upgrade("/ws/{channel}", *this);
    }
    std::unique_ptr<protocol::Session> open(const protocol::Opening& opening) override;

    // Before the clients come.
    hub::OutboxPolicy policy;
    std::int64_t tick_ms = 0;    // 0: no ticks
    bool greets = false;         // speaks first: "welcome"
    bool opens_paused = false;   // nothing is read until somebody resumes it
    std::function<void()> work;  // of each "work"

    // ---- any thread ----

    void note(std::string line) {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::move(line));
    }
    std::vector<std::string> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    std::size_t times(std::string_view line) const {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(std::count(lines_.begin(), lines_.end(), line));
    }
    bool hears(std::string_view line, std::size_t times_wanted = 1) const {
        return net::eventually([&] { return times(line) >= times_wanted; });
    }
    // The most that was ever seen in a session's queue when it was told something.
    std::atomic<std::size_t> reply_bytes_max = 0;

    // ---- on the session's loop ----

    TestSession* find(std::string_view channel) {
        const std::lock_guard lock(mutex_);
        const auto at = sessions_.find(channel);
        return at == sessions_.end() ? nullptr : at->second;
    }

    hub::Hub& hub() { return hub_; }
    const hub::Encoder& body_format() const { return body_format_; }
    const hub::AppRef app = make_app();

 private:
    friend class TestSession;
    void add(const std::string& channel, TestSession& session) {
        const std::lock_guard lock(mutex_);
        sessions_[channel] = &session;
    }
    void remove(const std::string& channel, const TestSession& session) {
        const std::lock_guard lock(mutex_);
        const auto at = sessions_.find(channel);
        if (at != sessions_.end() && at->second == &session) sessions_.erase(at);
    }

    hub::Hub& hub_;
    BodyFormat body_format_;
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
    std::map<std::string, TestSession*, std::less<>>
        sessions_;  // the last that joined each channel
};

class TestSession final : public protocol::Session {
 public:
    TestSession(TestProtocol& protocol, const protocol::Opening& opening)
        : out(opening.out),
          outbox(opening.outbox),
          protocol_(protocol),
          channel_(opening.request.param("channel")),
          format_(opening.framing.frame(protocol.body_format())) {
        session_ = protocol.hub()
                       .open(protocol.app, opening.lane, outbox, *this, protocol.policy, format_)
                       .session;
        protocol.hub().subscribe(*session_, channel_, format_, {}, opening.now);
        schedule(opening.now);
        protocol.add(channel_, *this);
        if (protocol.greets) out.reply("welcome");
        if (protocol.opens_paused) out.pause();
    }
    ~TestSession() override {
        protocol_.remove(channel_, *this);
        protocol_.hub().close(*session_, hub::CloseReason::peer);
    }
    TestSession(const TestSession&) = delete;
    TestSession& operator=(const TestSession&) = delete;

    Result<void> on_message(protocol::Message message, Now now) override {
        using Kind = protocol::Message::Kind;
        protocol_.reply_bytes_max =
            std::max(protocol_.reply_bytes_max.load(), outbox.reply_bytes());
        switch (message.kind) {
            case Kind::text:
                return obey(message.data, now);
            case Kind::binary:
                protocol_.note("binary " + std::string(message.data));
                return {};
            case Kind::ping:
                protocol_.note("ping " + std::string(message.data));
                return {};
            case Kind::pong:
                protocol_.note("pong " + std::string(message.data));
                return {};
        }
        return {};
    }
    std::int64_t next_tick_ns() const override { return next_tick_ns_; }
    Result<void> on_tick(Now now) override {
        protocol_.note("tick");
        schedule(now);
        return {};
    }
    void on_close(hub::CloseReason why) override {
        protocol_.note("close " + std::string(hub::name_of(why)));
        out.close(why == hub::CloseReason::shutdown ? 1001 : 4100, hub::name_of(why));
    }
    void on_gone(hub::CloseReason why) override {
        protocol_.note("gone " + std::string(hub::name_of(why)));
    }

    hub::Session& in_hub() { return *session_; }

    protocol::Out& out;
    hub::Outbox& outbox;

 private:
    Result<void> obey(std::string_view command, Now now) {
        if (command.starts_with("echo ")) {
            out.reply(command);
        } else if (command.starts_with("work ")) {
            protocol_.note("work");
            protocol_.work();
            out.reply(command.substr(5));
        } else if (command.starts_with("bytes ")) {
            out.reply(std::string(std::stoul(std::string(command.substr(6))), 'b'));
        } else if (command.starts_with("join ")) {
            protocol_.hub().subscribe(*session_, command.substr(5), format_, {}, now);
            protocol_.note(std::string(command));
        } else if (command.starts_with("recover ")) {
            recover(std::string(command.substr(8)), now);
        } else if (command == "pause") {
            out.pause();
            protocol_.note("paused");
        } else if (command == "close") {
            out.close(4002, "as asked");
        } else if (command == "fail") {
            return Error{ErrorKind::invalid, "as asked", 4001};
        } else if (command == "fail-bare") {
            return Error{ErrorKind::internal, "no code"};
        } else {
            protocol_.note("text " + std::string(command));
            protocol_.hub().publish(*session_, channel_, message(command), now);
        }
        return {};
    }
    void recover(const std::string& words, Now now) {
        std::istringstream in(words);
        std::string channel;
        hub::Position from;
        in >> channel >> from.epoch >> from.offset;
        auto joined =
            protocol_.hub().subscribe(*session_, channel, format_, {.recover = from}, now);
        out.reply("joined " + std::to_string(joined.position.epoch) + " " +
                  std::to_string(joined.position.offset) + " " +
                  std::string(hub::name_of(joined.recovery)));
        session_->lane().replay(outbox, std::move(joined.missed));
    }
    void schedule(Now now) {
        if (protocol_.tick_ms != 0) {
            next_tick_ns_ = now.steady_ns + protocol_.tick_ms * base::ns_per_ms;
        }
    }

    TestProtocol& protocol_;
    const std::string channel_;
    const hub::Encoder& format_;
    hub::Session* session_ = nullptr;
    std::int64_t next_tick_ns_ = base::never_ns;
};

inline std::unique_ptr<protocol::Session> TestProtocol::open(const protocol::Opening& opening) {
    return std::make_unique<TestSession>(*this, opening);
}

}  // namespace carillon::edge::testing
