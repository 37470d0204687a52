// protocol/notiflux/session.h: one client's conversation. Belongs to its connection's loop; has no
// socket, no clock and no list of its topics (the hub's session has).
//
// It speaks first with pings only, and hardly ever afterwards: a subscribe is answered by what is
// broadcast, or by nothing. What counts as life is a ping or a pong, not a command.
//
// A token costs a verification, so a client that sends nothing but rubbish is sent away after
// tokens_refused_max in a row, and one that asks for what it has already is not verified again: it
// would hear nothing in either case, and stay subscribed.
#pragma once

#include <string_view>

#include "protocol/heartbeat.h"
#include "protocol/notiflux/admission.h"
#include "protocol/notiflux/service.h"
#include "protocol/notiflux/wire.h"
#include "protocol/protocol.h"

namespace carillon::notiflux {

class Session final : public protocol::Session {
 public:
    static constexpr int tokens_refused_max = 20;

    Session(Service& service, const protocol::Opening& opening);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    // Once, right after construction: is there room for it?
    void begin();

    Result<void> on_message(protocol::Message message, Now now) override;
    std::int64_t next_tick_ns() const override;
    Result<void> on_tick(Now now) override;
    void on_close(hub::CloseReason why) override;
    void on_gone(hub::CloseReason why) override;

 private:
    Result<void> handle(const Subscribe& wish, Now now);
    Result<void> handle(const Unsubscribe& wish, Now now);
    Result<void> handle(const UnsubscribeAll&, Now now);
    Result<void> handle(const Malformed&, Now now);
    Result<void> handle(const Unknown&, Now now);
    Result<void> handle(const Ignored&, Now) { return {}; }
    Result<void> refuse(const Denied& denied);

    // The ways to say no: in a text, not at all, and for good.
    void tell(Fault fault);
    void note(std::string_view event, Fault fault, std::string_view rule = {});
    void say_goodbye(Fault fault);
    Error end(Fault fault);

    Service& service_;
    protocol::Out& out_;
    const hub::Encoder& format_;
    hub::Lane& lane_;
    hub::Outbox& outbox_;
    hub::Session* session_ = nullptr;  // the hub's; null: there was no room for it
    protocol::Heartbeat heartbeat_;
    int tokens_refused_ = 0;  // in a row
    bool over_ = false;       // the last frame is on its way; whatever still comes is ignored
    hub::CloseReason gone_ = hub::CloseReason::peer;
};

}  // namespace carillon::notiflux
