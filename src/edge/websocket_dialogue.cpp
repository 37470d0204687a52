#include "edge/websocket_dialogue.h"

#include <array>

#include "edge/connection.h"
#include "edge/worker.h"

namespace carillon::edge {

namespace {
constexpr std::uint16_t close_internal_error = 1011;  // for an Error that names no code
}

WebSocketDialogue::WebSocketDialogue(Connection& connection)
    : connection_(connection), decoder_(connection.worker().message_bytes_max()) {}

void WebSocketDialogue::open(protocol::Protocol& protocol, const http::Request& request, Now now) {
    auto& worker = connection_.worker();
    session_ = protocol.open({.request = request,
                              .out = *this,
                              .framing = worker.framing(),
                              .lane = worker.lane(),
                              .outbox = connection_.outbox(),
                              .now = now});
}

// ---- in ----

void WebSocketDialogue::on_bytes(std::span<char>& in, Now now) {
    const auto message = decoder_.next(in);
    if (!message.has_value()) {
        close_for(message.error());
        // The decoder is deaf from here on: an answer to our close would not be heard.
        return connection_.finish(hub::CloseReason::protocol);
    }
    if (message->has_value()) on_message(**message, now);
}

void WebSocketDialogue::on_message(const websocket::Message& message, Now now) {
    using Kind = protocol::Message::Kind;
    if (message.kind == websocket::Message::close) return on_close_frame(message);
    if (close_deadline_ns_ != base::never_ns)
        return;  // we said goodbye: only the peer's is of interest
    switch (message.kind) {
        case websocket::Message::text:
            return tell_session({Kind::text, message.data, message.fragmented}, now);
        case websocket::Message::binary:
            return tell_session({Kind::binary, message.data, message.fragmented}, now);
        case websocket::Message::ping:
            reply_frame(websocket::Opcode::pong, message.data);
            return tell_session({Kind::ping, message.data}, now);
        default:
            return tell_session({Kind::pong, message.data}, now);
    }
}

void WebSocketDialogue::tell_session(const protocol::Message& message, Now now) {
    const auto result = session_->on_message(message, now);
    if (!result.has_value()) close_for(result.error());
}

// Either the answer to ours, or the peer's wish, which is answered with the same code and reason.
void WebSocketDialogue::on_close_frame(const websocket::Message& message) {
    auto why = hub::CloseReason::protocol;
    if (close_deadline_ns_ == base::never_ns) {
        why = hub::CloseReason::peer;
        connection_.worker().lane().silence(connection_.outbox(), why);
        base::Buffer frame;
        websocket::append_close(frame, message.close_code, message.data);
        connection_.reply({frame.view()});
    }
    connection_.finish(why);
}

// ---- out ----

void WebSocketDialogue::reply_frame(websocket::Opcode opcode, std::string_view payload) {
    if (close_deadline_ns_ != base::never_ns) return;
    std::array<char, 16> header;
    const char* const end = websocket::write_header(header.data(), opcode, payload.size());
    connection_.reply({{header.data(), static_cast<std::size_t>(end - header.data())}, payload});
}

void WebSocketDialogue::close(std::uint16_t code, std::string_view reason) {
    if (close_deadline_ns_ != base::never_ns) return;
    auto& worker = connection_.worker();
    worker.lane().silence(connection_.outbox(), hub::CloseReason::protocol);
    base::Buffer frame;
    websocket::append_close(frame, code, reason);
    connection_.reply({frame.view()});
    close_deadline_ns_ = worker.now().steady_ns + limits::websocket_close_ms * base::ns_per_ms;
    worker.log().info("websocket_closed", {{"code", std::int64_t{code}}, {"reason", reason}});
    // The client's answer is awaited also if the session had paused, and the deadline counts also
    // if it was the hub or the worker that made the session speak.
    connection_.resume();
}

void WebSocketDialogue::close_for(const Error& error) {
    close(error.code != 0 ? static_cast<std::uint16_t>(error.code) : close_internal_error,
          error.message);
}

void WebSocketDialogue::pause() { connection_.pause(); }

void WebSocketDialogue::resume() { connection_.resume(); }

// ---- time ----

std::int64_t WebSocketDialogue::deadline_ns() const {
    if (close_deadline_ns_ != base::never_ns) return close_deadline_ns_;
    if (session_ == nullptr) return base::never_ns;
    return std::max(session_->next_tick_ns(), not_before_ns_);
}

void WebSocketDialogue::on_timer(Now now) {
    if (close_deadline_ns_ != base::never_ns) return connection_.finish(hub::CloseReason::protocol);
    // Bytes the socket takes count as life: a ping behind a long queue cannot be answered before it
    // arrives.
    if (!connection_.outbox().empty() && connection_.took_bytes()) {
        not_before_ns_ = now.steady_ns + base::ns_per_s;
        return;
    }
    const auto result = session_->on_tick(now);
    if (!result.has_value()) close_for(result.error());
}

// ---- the end ----

void WebSocketDialogue::on_drain() {
    if (session_ == nullptr || close_deadline_ns_ != base::never_ns) return;
    // First, so that the books say why: what the session says next would count as its protocol's
    // wish.
    connection_.worker().lane().silence(connection_.outbox(), hub::CloseReason::shutdown);
    session_->on_close(hub::CloseReason::shutdown);
}

void WebSocketDialogue::on_end() { connection_.abandon(hub::CloseReason::peer); }

void WebSocketDialogue::on_gone(hub::CloseReason why) {
    if (session_ == nullptr) return;
    session_->on_gone(why);
    session_.reset();
}

}  // namespace carillon::edge
