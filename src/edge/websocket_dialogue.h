// edge/websocket_dialogue.h: a connection that talks WebSocket on behalf of one protocol session.
// It decodes and frames, answers pings and does the closing handshake; what messages mean is the
// session's business.
#pragma once

#include <memory>

#include "edge/dialogue.h"
#include "protocol/protocol.h"
#include "websocket/decoder.h"
#include "websocket/frame.h"

namespace carillon::edge {

class Connection;

class WebSocketDialogue final : public Dialogue, private protocol::Out {
 public:
    explicit WebSocketDialogue(Connection& connection);
    // Once this is the connection's dialogue: the protocol may speak first.
    void open(protocol::Protocol& protocol, const http::Request& request, Now now);

    void on_bytes(std::span<char>& in, Now now) override;
    std::int64_t deadline_ns() const override;
    void on_timer(Now now) override;
    void on_drain() override;
    void on_end() override;
    void on_gone(hub::CloseReason why) override;

 private:
    // protocol::Out
    void reply(std::string_view body) override { reply_frame(websocket::Opcode::text, body); }
    void ping() override { reply_frame(websocket::Opcode::ping, {}); }
    void close(std::uint16_t code, std::string_view reason) override;
    void pause() override;
    void resume() override;

    void on_message(const websocket::Message& message, Now now);
    void tell_session(const protocol::Message& message, Now now);
    void on_close_frame(const websocket::Message& message);
    void reply_frame(websocket::Opcode opcode, std::string_view payload);
    void close_for(const Error& error);

    Connection& connection_;
    websocket::Decoder decoder_;
    std::unique_ptr<protocol::Session> session_;
    std::int64_t not_before_ns_ =
        0;  // a tick that waits because the socket is busy taking what came before
    std::int64_t close_deadline_ns_ = base::never_ns;  // set once our close frame is queued
};

}  // namespace carillon::edge
