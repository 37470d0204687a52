#include "websocket/frame.h"

#include <cstring>

#include "base/assert.h"

namespace carillon::websocket {
namespace {

// The longest start of `text` that fits and does not end inside a character.
std::string_view cut_between_characters(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    auto end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end);
}

}  // namespace

char* write_header(char* to, Opcode opcode, std::uint64_t payload_size) {
    *to++ = static_cast<char>(0x80U | static_cast<unsigned char>(opcode));
    if (payload_size <= 125) {
        *to++ = static_cast<char>(payload_size);
        return to;
    }
    const int bytes = payload_size <= 0xffff ? 2 : 8;
    *to++ = static_cast<char>(bytes == 2 ? 126 : 127);
    for (int i = bytes - 1; i >= 0; --i) *to++ = static_cast<char>(payload_size >> (8 * i));
    return to;
}

std::size_t append_frame(base::Buffer& out, Opcode opcode, std::string_view payload) {
    ASSERT(!is_control(opcode) || payload.size() <= control_payload_max);
    const auto size = header_size(payload.size()) + payload.size();
    char* const to = write_header(out.prepare(size), opcode, payload.size());
    if (!payload.empty()) std::memcpy(to, payload.data(), payload.size());
    out.commit(size);
    return size;
}

bool close_code_valid(int code) {
    if (code >= 3000) return code <= 4999;
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

std::size_t append_close(base::Buffer& out, int code, std::string_view reason) {
    if (code == close_no_code) return append_frame(out, Opcode::close, {});
    ASSERT(close_code_valid(code));
    reason = cut_between_characters(reason, close_reason_max);
    char payload[control_payload_max];
    payload[0] = static_cast<char>(code >> 8);
    payload[1] = static_cast<char>(code);
    if (!reason.empty()) std::memcpy(payload + 2, reason.data(), reason.size());
    return append_frame(out, Opcode::close, {payload, reason.size() + 2});
}

void unmask(char* data, std::size_t n, MaskKey key, std::size_t phase) {
    constexpr std::size_t block =
        64;  // a fixed count of words, so that the compiler turns the inner loop into vectors
    std::array<unsigned char, sizeof(std::uint64_t)> repeated;
    for (std::size_t i = 0; i < repeated.size(); ++i) repeated[i] = key[(phase + i) % 4];
    std::uint64_t mask = 0;
    std::memcpy(&mask, repeated.data(), sizeof mask);

    std::uint64_t words[block / sizeof mask];
    for (; n >= block; data += block, n -= block) {
        std::memcpy(words, data, block);  // memcpy, not a cast: the payload stands at any address
        for (auto& word : words) word ^= mask;
        std::memcpy(data, words, block);
    }
    for (; n >= sizeof mask; data += sizeof mask, n -= sizeof mask) {
        std::memcpy(words, data, sizeof mask);
        words[0] ^= mask;
        std::memcpy(data, words, sizeof mask);
    }
    for (std::size_t i = 0; i < n; ++i) {
        data[i] = static_cast<char>(static_cast<unsigned char>(data[i]) ^ repeated[i]);
    }
}

}  // namespace carillon::websocket
