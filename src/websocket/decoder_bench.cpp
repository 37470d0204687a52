// What it costs to take a client's frame apart: figures for tools/bench/run, one JSON line each.
//
//   decoder_bench N   N masked text frames of 64 bytes, as they lie in a read buffer of 64 KB: header
//                     read and checked, payload unmasked where it lies, UTF-8 checked
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "base/assert.h"
#include "base/limits.h"
#include "websocket/decoder.h"
#include "websocket/testing.h"

namespace carillon::websocket {
namespace {

constexpr std::size_t payload_bytes = 64;
// Masked once more the text is ASCII again: the same buffer can be decoded without end.
constexpr MaskKey key{1, 2, 3, 4};

std::string read_buffer() {
    const auto frame = testing::client_frame(std::string(payload_bytes, 'x'), {.key = key});
    std::string bytes;
    while (bytes.size() + frame.size() <= limits::read_bytes_max) bytes += frame;
    return bytes;
}

double cpu_seconds() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Decodes all there is; the number of messages.
std::uint64_t decode(Decoder& decoder, std::span<char> bytes) {
    std::uint64_t messages = 0;
    for (;; ++messages) {
        const auto message = decoder.next(bytes);
        ASSERT(message.has_value());
        if (!message->has_value()) return messages;
        ASSERT((**message).data.size() == payload_bytes);
    }
}

int measure(std::uint64_t count) {
    auto bytes = read_buffer();
    const auto used = bytes.size();
    bytes.resize(used + 64);  // readable, as the decoder wants it
    Decoder decoder;
    decode(decoder, std::span(bytes).first(used));  // warm
    std::uint64_t messages = 0;
    const auto begin = cpu_seconds();
    while (messages < count) messages += decode(decoder, std::span(bytes).first(used));
    const auto seconds = cpu_seconds() - begin;
    std::printf("{\"frames\":%llu,\"ns_per_frame\":%.2f}\n",
                static_cast<unsigned long long>(messages),
                seconds * 1e9 / static_cast<double>(messages));
    return 0;
}

}  // namespace
}  // namespace carillon::websocket

int main(int argc, char** argv) {
    const auto count = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
    if (count != 0) return carillon::websocket::measure(count);
    std::fprintf(stderr, "usage: decoder_bench N\n");
    return 2;
}
