// websocket/frame.h: the bytes of one frame, and what may be said in a close. Pure functions: the
// decoder reads with them, every format that leaves through a WebSocket writes with them.
//
//   frame   := fin(1) rsv(3) opcode(4) mask(1) length(7) extended(0|2|8) key(0|4) payload
//   length  := 0..125, or 126 and two bytes, or 127 and eight; big-endian; the shortest form only
//   close   := [ code(2) reason ]           the reason is UTF-8, at most 123 bytes
//
// Server frames are not masked and never fragmented. No extensions: rsv is 0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"

namespace carillon::websocket {

enum class Opcode : unsigned char {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

inline bool is_control(Opcode opcode) { return static_cast<unsigned char>(opcode) >= 8; }

inline constexpr std::size_t control_payload_max = 125;
inline constexpr std::size_t close_reason_max = control_payload_max - 2;

// Of a server frame: without a key.
constexpr std::size_t header_size(std::uint64_t payload_size) {
    return payload_size <= 125 ? 2 : payload_size <= 0xffff ? 4 : 10;
}

// Writes header_size(payload_size) bytes and returns the end of them: where the payload goes.
char* write_header(char* to, Opcode opcode, std::uint64_t payload_size);

// A whole server frame; returns the bytes appended.
std::size_t append_frame(base::Buffer& out, Opcode opcode, std::string_view payload);

inline constexpr int close_normal = 1000;
inline constexpr int close_going_away = 1001;
inline constexpr int close_protocol_error = 1002;
inline constexpr int close_no_code =
    1005;  // never on the wire: what a close without a payload is called
inline constexpr int close_invalid_text = 1007;
inline constexpr int close_too_big = 1009;

// Whether a code may stand in a close frame: those of RFC 6455 and the IANA registry, and
// 3000–4999.
bool close_code_valid(int code);

// A whole close frame; close_no_code gives the one without a payload, another code that may not be
// sent is an ASSERT. A reason that does not fit is cut between two characters. Returns the bytes
// appended.
std::size_t append_close(base::Buffer& out, int code, std::string_view reason = {});

// Masks and unmasks alike. `phase` says where in the payload `data` begins, for a payload that
// arrives in pieces (only its two low bits matter).
using MaskKey = std::array<unsigned char, 4>;
void unmask(char* data, std::size_t n, MaskKey key, std::size_t phase = 0);

}  // namespace carillon::websocket
