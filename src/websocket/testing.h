// websocket/testing.h: for tests and fuzz targets only: frames as a client sends them, right or
// wrong on purpose. The server never masks, so this has no place in the codec.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/decoder.h"
#include "websocket/frame.h"

namespace carillon::websocket::testing {

inline constexpr MaskKey example_key{0x37, 0xfa, 0x21, 0x3d};  // of RFC 6455 §5.7

struct ClientFrame {
    Opcode opcode = Opcode::text;
    bool fin = true;
    MaskKey key = example_key;
    unsigned char reserved_bits = 0;  // or-ed into the first byte
    bool masked = true;
    int length_bytes = 0;  // 2 or 8: that form, needed or not; 0: the shortest
};

inline std::string masked(std::string_view payload, MaskKey key) {
    std::string out(payload);
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<char>(static_cast<unsigned char>(out[i]) ^ key[i % 4]);
    }
    return out;
}

// The header alone, for payloads that never arrive.
inline std::string client_header(std::uint64_t length, ClientFrame frame = {}) {
    std::string out;
    const int bytes = frame.length_bytes != 0 ? frame.length_bytes
                      : length <= 125         ? 0
                      : length <= 0xffff      ? 2
                                              : 8;
    const auto first = static_cast<unsigned>(frame.opcode) | (frame.fin ? 0x80U : 0U);
    out += static_cast<char>(first | frame.reserved_bits);
    const auto small = bytes == 0 ? static_cast<unsigned>(length) : bytes == 2 ? 126U : 127U;
    out += static_cast<char>(small | (frame.masked ? 0x80U : 0U));
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(length >> (8 * i));
    if (frame.masked) out.append(frame.key.begin(), frame.key.end());
    return out;
}

inline std::string client_frame(std::string_view payload, ClientFrame frame = {}) {
    return client_header(payload.size(), frame) +
           (frame.masked ? masked(payload, frame.key) : std::string(payload));
}

inline std::string close_payload(int code, std::string_view reason = {}) {
    return std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + std::string(reason);
}

// Runs a decoder over pieces and writes down its messages, so that two ways of cutting the same
// bytes can be compared. Each piece is a block of its own with the padding that the decoder is
// promised, so that ASan sees a step too far.
class Transcript {
 public:
    explicit Transcript(std::size_t message_bytes_max = 1000) : decoder_(message_bytes_max) {}

    void feed(std::string_view bytes) {
        std::vector<char> block(bytes.size() + base::Buffer::padding);
        std::copy(bytes.begin(), bytes.end(), block.begin());
        std::span<char> in(block.data(), bytes.size());
        for (;;) {
            const auto message = decoder_.next(in);
            if (!message.has_value()) {
                text_ += "error " + std::to_string(message.error().code) + "\n";
                return;
            }
            if (!message.value().has_value()) return;
            write_down(*message.value());
        }
    }

    const std::string& text() const { return text_; }
    const Decoder& decoder() const { return decoder_; }

 private:
    void write_down(const Message& message) {
        constexpr std::string_view names[] = {"text", "binary", "ping", "pong", "close"};
        text_ += names[message.kind];
        if (message.kind == Message::close) text_ += " " + std::to_string(message.close_code);
        text_ += " [" + std::string(message.data) + "]\n";
        // The promise to whoever parses with wide loads; ASan objects if it is not kept.
        for (std::size_t i = 0; i < base::Buffer::padding && message.data.data() != nullptr; ++i) {
            sink_ = message.data.data()[message.data.size() + i];
        }
    }

    Decoder decoder_;
    std::string text_;
    volatile char sink_ = 0;
};

inline std::string transcript(std::string_view bytes, std::size_t message_bytes_max = 1000) {
    Transcript all(message_bytes_max);
    all.feed(bytes);
    return all.text();
}

inline std::string transcript_by_byte(std::string_view bytes,
                                      std::size_t message_bytes_max = 1000) {
    Transcript all(message_bytes_max);
    for (const char& byte : bytes) all.feed({&byte, 1});
    return all.text();
}

}  // namespace carillon::websocket::testing
