// input := kind(1) key(4) code(2) payload. What we write as a server, masked as a client masks, is
// read by our decoder as what it was; every cut of a close's reason is UTF-8 if the reason is.
// fuzzes: frame.cpp utf8.cpp
#include <string>

#include "base/assert.h"
#include "base/buffer.h"
#include "websocket/frame.h"
#include "websocket/testing.h"
#include "websocket/utf8.h"

namespace {

using namespace carillon;
using websocket::Opcode;

// A server's frame with the mask that only clients use, applied in two pieces.
std::string masked(std::string_view frame, std::size_t payload_bytes,
                   const websocket::MaskKey& key) {
    const auto header_bytes = frame.size() - payload_bytes;
    std::string out(frame.substr(0, header_bytes));
    out[1] = static_cast<char>(out[1] | 0x80);
    out.append(key.begin(), key.end());
    std::string payload(frame.substr(header_bytes));
    const auto cut = payload.size() / 3;
    websocket::unmask(payload.data(), cut, key);
    websocket::unmask(payload.data() + cut, payload.size() - cut, key, cut);
    return out + payload;
}

std::string heard(std::string_view frame, std::size_t payload_bytes,
                  const websocket::MaskKey& key) {
    return websocket::testing::transcript(masked(frame, payload_bytes, key), 1 << 20);
}

void try_frame(Opcode opcode, std::string_view name, std::string_view payload,
               const websocket::MaskKey& key) {
    if (websocket::is_control(opcode)) payload = payload.substr(0, websocket::control_payload_max);
    base::Buffer out;
    ASSERT(websocket::append_frame(out, opcode, payload) == out.size());
    ASSERT(out.size() == websocket::header_size(payload.size()) + payload.size());
    const bool good = opcode != Opcode::text || websocket::is_utf8(payload);
    const auto expected = good ? std::string(name) + " [" + std::string(payload) + "]\n"
                               : "error " + std::to_string(websocket::close_invalid_text) + "\n";
    ASSERT(heard(out.view(), payload.size(), key) == expected);
}

void try_close(int code, std::string_view reason, const websocket::MaskKey& key) {
    if (!websocket::close_code_valid(code)) return;
    base::Buffer out;
    ASSERT(websocket::append_close(out, code, reason) == out.size());
    ASSERT(out.size() <= 2 + websocket::control_payload_max);
    const auto cut = out.view().substr(4);
    ASSERT(reason.starts_with(cut));
    if (!websocket::is_utf8(reason)) return;
    ASSERT(cut.size() + 3 >= std::min(reason.size(), websocket::close_reason_max));
    ASSERT(heard(out.view(), out.size() - 2, key) ==
           "close " + std::to_string(code) + " [" + std::string(cut) + "]\n");
}

// RFC 3629, by what a character stands for and not by a table of bytes.
bool is_utf8_by_value(std::string_view text) {
    while (!text.empty()) {
        const auto lead = static_cast<unsigned char>(text[0]);
        const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if ((lead >= 0x80 && lead < 0xc0) || lead >= 0xf8 || text.size() < bytes) return false;
        std::uint32_t point = bytes == 1 ? lead : lead & (0x7fU >> bytes);
        for (std::size_t i = 1; i < bytes; ++i) {
            if ((text[i] & 0xc0) != 0x80) return false;
            point = point << 6 | (text[i] & 0x3fU);
        }
        constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (point < least[bytes] || point > 0x10ffff) return false;
        if (point >= 0xd800 && point <= 0xdfff) return false;
        text.remove_prefix(bytes);
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < 7) return 0;
    const std::string_view payload(reinterpret_cast<const char*>(data) + 7, size - 7);
    const websocket::MaskKey key{data[1], data[2], data[3], data[4]};
    ASSERT(websocket::is_utf8(payload) == is_utf8_by_value(payload));
    switch (data[0] % 4) {
        case 0:
            try_frame(Opcode::text, "text", payload, key);
            break;
        case 1:
            try_frame(Opcode::binary, "binary", payload, key);
            // A length of eight bytes, now and then: such an input would be long for all.
            if (data[0] == 0xfd) {
                try_frame(Opcode::binary, "binary", std::string(0x10000, 'x'), key);
            }
            break;
        case 2:
            try_frame(Opcode::ping, "ping", payload, key);
            break;
        default:
            try_close(data[5] << 8 | data[6], payload, key);
    }
    return 0;
}
