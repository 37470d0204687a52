// protocol/turbine/session.h: one client's conversation. Belongs to its connection's loop; has no
// socket, no clock and no list of its channels (the hub's session has).
//
//   open ── refused at once, ended, too late, too many bad tokens ──> over
//
// Open: until a good `connect` the client is nobody and may only ping. Over: the last frame is on
// its way; whatever still comes is ignored.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/permissions.h"
#include "protocol/protocol.h"
#include "protocol/turbine/service.h"
#include "protocol/turbine/wire.h"

namespace carillon::turbine {

class Session final : public protocol::Session {
 public:
    static constexpr int pong_timeout_s = 30;
    static constexpr std::size_t channels_max = 64;
    static constexpr int rejected_tokens_max = 10;

    Session(Service& service, const protocol::Opening& opening);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    Result<void> on_message(protocol::Message message, Now now) override;
    std::int64_t next_tick_ns() const override;
    Result<void> on_tick(Now now) override;
    void on_close(hub::CloseReason why) override;
    void on_gone(hub::CloseReason why) override;

 private:
    using Id = std::uint64_t;

    void handle(Id id, const Connect& wish, Now now);
    void handle(Id id, const Subscribe& wish, Now now);
    void handle(Id id, const Unsubscribe& wish, Now now);
    void handle(Id id, const Ping& ping, Now now);
    void handle(Id id, const Malformed& message, Now now);
    void reject_token(Id id, const Error& why);

    void answer(Id id, std::string_view word);
    // The ways to say no: the client goes on, or it is the end.
    void refuse(Id id, Fault fault);
    void say_goodbye(Fault fault);
    void note(std::string_view event, Fault fault);
    void log(std::string_view event, std::string_view reason) const;

    Service& service_;
    protocol::Out& out_;
    const hub::Encoder& format_;
    hub::Session* session_ = nullptr;  // the hub's; null: there was no room for it
    std::int64_t heard_ns_;            // when the client last sent anything
    std::int64_t pinged_ns_ = 0;       // when it was asked whether it lives
    std::int64_t connect_by_ns_ = base::never_ns;
    protocol::Permissions channels_;  // nothing, until connected
    int rejected_tokens_ = 0;
    bool connected_ = false;
    bool pinged_ = false;
    bool over_ = false;
    hub::CloseReason gone_ = hub::CloseReason::peer;
};

}  // namespace carillon::turbine
