// protocol/pusher/session.h: one client's conversation. Belongs to its connection's loop; has no
// socket, no clock and no list of its channels (the hub's session has).
//
//   waiting ── app found ──> open ── refused, ended, too late ──> over
//      └────── refused ────────────────────────────────────────────^
//
// session.cpp is the conversation, session_user.cpp who the client is and whom it watches.
// Waiting: the app is being looked up and the connection is not read. Over: the last frame is on
// its way; whatever still comes is ignored.
#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "protocol/protocol.h"
#include "protocol/pusher/client_event.h"
#include "protocol/pusher/service.h"
#include "protocol/pusher/wire.h"

namespace carillon::pusher {

class Session final : public protocol::Session {
 public:
    static constexpr int pong_timeout_s = 30;

    Session(Service& service, const protocol::Opening& opening);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    // Once, right after construction: who is it, and may it stay?
    void admit(const http::Request& request);

    Result<void> on_message(protocol::Message message, Now now) override;
    std::int64_t next_tick_ns() const override;
    Result<void> on_tick(Now now) override;
    void on_close(hub::CloseReason why) override;
    void on_gone(hub::CloseReason why) override;

 private:
    enum class State : std::uint8_t { waiting, open, over };

    void on_app(const Result<hub::AppRef>& found, std::string_view origin);
    void open(hub::AppRef app);

    void handle(const Ping& ping, Now now);
    void handle(const Pong&, Now) {}
    void handle(const Subscribe& wish, Now now);
    void tell_cached(std::string_view channel, hub::Joined joined);
    void handle(const Unsubscribe& wish, Now now);
    void handle(const SignIn& wish, Now now);
    void become(UserData user, Now now);
    void watch(Now now);
    void unwatch_all_but(const std::set<std::string_view>& wanted, Now now);
    void handle(const ClientEvent& event, Now now);
    void handle(const Ignored&, Now) {}
    void handle(const Malformed& message, Now now);
    void publish(const ClientEvent& event, Now now);

    // The ways to say no: the client goes on, or it is the end.
    void refuse_message(Fault fault);
    void refuse_subscription(std::string_view channel, Fault fault);
    void say_goodbye(Fault fault);
    void note(std::string_view event, Fault fault);  // counts and logs it
    void log(std::string_view event, std::string_view reason) const;
    std::string socket_id() const;

    Service& service_;
    protocol::Out& out_;
    const hub::Encoder& format_;
    hub::Lane& lane_;
    hub::Outbox& outbox_;
    hub::Session* session_ = nullptr;  // the hub's; null until admitted
    // How an answer finds this session, or that it is gone. Held by nobody once the app is known.
    std::shared_ptr<Session*> self_;
    std::int64_t heard_ns_;                              // when the client last sent anything
    std::int64_t pinged_ns_ = 0;                         // when it was asked whether it lives
    std::int64_t authorize_by_ns_ = base::never_ns;      // when it is to be somebody
    AppCounts* counts_ = nullptr;                        // its app's; null until the app is known
    std::array<std::uint32_t, channel_types> joined_{};  // how many channels of each type it is in
    std::unique_ptr<UserData> user_;                     // as whom it signed in; null: it has not
    EventRate event_rate_;
    State state_ = State::waiting;
    bool pinged_ = false;
    bool paused_ = false;
    hub::CloseReason gone_ = hub::CloseReason::peer;
};

}  // namespace carillon::pusher
