// bench/wire.h: the client's half of the Pusher protocol over WebSocket, as bytes; no sockets.
// frame := fin(1) rsv(3) opcode(4) mask(1) length(7) extended(0|2|8) key(0|4) payload; a client masks, a server does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bench/signing.h"

namespace bench {

enum : std::uint8_t { kText = 1, kClose = 8, kPing = 9, kPong = 10 };

struct Frame {
    std::uint8_t opcode;
    std::string_view payload;
    std::size_t size;  // header included
};

// The frame at the front, if it is there as a whole. Fails on a masked or fragmented one: no server has a reason for those here.
std::optional<Frame> first_frame(std::string_view bytes);
std::string masked_frame(std::uint8_t opcode, std::string_view payload);

std::string upgrade_request(const std::string& path);
bool is_upgraded(std::string_view response_head);

std::string socket_id_in(
    std::string_view established);  // empty if this is no pusher:connection_established
std::string subscribe_message(const App& app, std::string_view socket_id, std::string_view channel);
std::string ping_frame();  // answered by the server's pusher:pong
std::string client_event(std::string_view event, std::string_view channel, std::size_t data_bytes);
std::string publish_body(std::string_view event, std::string_view channel, std::size_t data_bytes);
std::string publish_body(std::string_view event, std::string_view channel, std::string_view data);

}  // namespace bench
