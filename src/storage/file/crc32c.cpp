#include "storage/file/crc32c.h"

#include <array>
#include <cstring>

namespace carillon::storage::file {

namespace {

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Table make_table() {
    Table table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t sum = i;
        for (int bit = 0; bit < 8; ++bit)
            sum = (sum & 1) != 0 ? (sum >> 1) ^ 0x82F63B78U : sum >> 1;
        table[0][i] = sum;
    }
    for (std::uint32_t i = 0; i < 256; ++i) {
        for (std::size_t slice = 1; slice < 8; ++slice) {
            const auto before = table[slice - 1][i];
            table[slice][i] = (before >> 8) ^ table[0][before & 0xFF];
        }
    }
    return table;
}

constexpr Table table = make_table();

std::uint64_t eight(const char* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_processor(std::string_view bytes,
                                                             std::uint32_t before) {
    std::uint64_t sum = ~before;
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    for (; end - at >= 8; at += 8) sum = __builtin_ia32_crc32di(sum, eight(at));
    auto short_sum = static_cast<std::uint32_t>(sum);
    for (; at != end; ++at)
        short_sum = __builtin_ia32_crc32qi(short_sum, static_cast<unsigned char>(*at));
    return ~short_sum;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) {
    std::uint32_t sum = ~before;
    while (bytes.size() >= 8) {
        const char* const at = bytes.data();
        const std::uint64_t word = eight(at) ^ sum;
        sum = 0;
        for (unsigned i = 0; i < 8; ++i) sum ^= table[7 - i][(word >> (8 * i)) & 0xFF];
        bytes.remove_prefix(8);
    }
    for (const char c : bytes)
        sum = (sum >> 8) ^ table[0][(sum ^ static_cast<unsigned char>(c)) & 0xFF];
    return ~sum;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) return by_processor(bytes, before);
#endif
    return crc32c_by_table(bytes, before);
}

}  // namespace carillon::storage::file
