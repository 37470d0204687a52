#include "bench/wire.h"

#include <array>

#include "bench/fail.h"

namespace bench {
namespace {

// RFC 6455's own example: every client may offer the same nonce, and the answer is known without hashing.
constexpr std::string_view kNonce = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::size_t big_endian(std::string_view bytes) {
    std::size_t number = 0;
    for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

bool is_private(std::string_view channel) { return channel.starts_with("private-"); }

}  // namespace

std::optional<Frame> first_frame(std::string_view bytes) {
    if (bytes.size() < 2) return std::nullopt;
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    if ((first & 0xf0) != 0x80 || second > 127)
        fail("the server sent a masked, fragmented or extended frame");
    const std::size_t extended = second == 127 ? 8 : second == 126 ? 2 : 0;
    if (bytes.size() < 2 + extended) return std::nullopt;
    const std::size_t length = extended ? big_endian(bytes.substr(2, extended)) : second;
    const std::size_t head = 2 + extended;
    if (bytes.size() - head < length) return std::nullopt;
    return Frame{static_cast<std::uint8_t>(first & 15), bytes.substr(head, length), head + length};
}

std::string masked_frame(std::uint8_t opcode, std::string_view payload) {
    constexpr std::array<char, 4> key = {'\x37', '\x7a', '\x21',
                                         '\x3d'};  // any will do on loopback
    if (payload.size() > 0xffff) fail("a client message of more than 65,535 bytes");
    std::string frame = {static_cast<char>(0x80 | opcode)};
    if (payload.size() > 125) {
        frame += static_cast<char>(0x80 | 126);
        frame += static_cast<char>(payload.size() >> 8);
    }
    frame += static_cast<char>(payload.size() > 125 ? payload.size() : 0x80 | payload.size());
    frame.append(key.data(), key.size());
    for (std::size_t i = 0; i < payload.size(); i++)
        frame += static_cast<char>(payload[i] ^ key[i % 4]);
    return frame;
}

std::string upgrade_request(const std::string& path) {
    return "GET " + path +
           " HTTP/1.1\r\nHost: "
           "127.0.0.1\r\nConnection: Upgrade\r\n"
           "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
           std::string(kNonce) + "\r\n\r\n";
}

bool is_upgraded(std::string_view response_head) {
    return response_head.starts_with("HTTP/1.1 101") &&
           response_head.find(kAccept) != std::string_view::npos;
}

std::string socket_id_in(std::string_view established) {
    const std::size_t name = established.find("socket_id");
    if (established.find("pusher:connection_established") == std::string_view::npos ||
        name == std::string_view::npos)
        return {};
    const std::size_t begin = established.find_first_of("0123456789", name);
    if (begin == std::string_view::npos) return {};
    return std::string(
        established.substr(begin, established.find_first_not_of("0123456789.", begin) - begin));
}

std::string subscribe_message(const App& app, std::string_view socket_id,
                              std::string_view channel) {
    std::string message =
        R"({"event":"pusher:subscribe","data":{"channel":")" + std::string(channel) + '"';
    if (is_private(channel))
        message += R"(,"auth":")" + channel_auth(app, socket_id, channel) + '"';
    return message + "}}";
}

std::string ping_frame() { return masked_frame(kText, R"({"event":"pusher:ping","data":{}})"); }

std::string client_event(std::string_view event, std::string_view channel, std::size_t data_bytes) {
    return R"({"event":")" + std::string(event) + R"(","channel":")" + std::string(channel) +
           R"(","data":")" + std::string(data_bytes, 'x') + "\"}";
}

std::string publish_body(std::string_view event, std::string_view channel, std::size_t data_bytes) {
    return publish_body(event, channel, std::string(data_bytes, 'x'));
}

std::string publish_body(std::string_view event, std::string_view channel, std::string_view data) {
    return R"({"name":")" + std::string(event) + R"(","channel":")" + std::string(channel) +
           R"(","data":")" + std::string(data) + "\"}";
}

}  // namespace bench
