#include "auth/base64url.h"

#include <array>
#include <cstdint>

namespace carillon::auth {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint32_t wrong = 1U << 24;  // beyond the three bytes that four letters make

// What a letter adds to its group of four, one table per place: then a group is four look-ups and
// one test, whatever is wrong with it. A token is decoded at every connect.
using Table = std::array<std::uint32_t, 256>;
constexpr Table table_for(unsigned place) {
    Table table{};
    for (auto& value : table) value = wrong;
    for (std::uint32_t i = 0; i < 64; ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = i << (18 - 6 * place);
    }
    return table;
}
constexpr std::array<Table, 4> tables{table_for(0), table_for(1), table_for(2), table_for(3)};

std::uint32_t letter(unsigned place, char c) {
    return tables[place][static_cast<unsigned char>(c)];
}

// Two or three letters: one or two bytes, and bits that belong to no byte.
bool decode_tail(std::string_view tail, char* out) {
    if (tail.empty()) return true;
    if (tail.size() == 1) return false;
    const auto third = tail.size() == 3 ? letter(2, tail[2]) : 0;
    const auto group = letter(0, tail[0]) | letter(1, tail[1]) | third;
    const std::uint32_t unused = tail.size() == 2 ? 0xffff : 0xff;
    if ((group & (wrong | unused)) != 0) return false;
    out[0] = static_cast<char>(group >> 16);
    if (tail.size() == 3) out[1] = static_cast<char>(group >> 8);
    return true;
}

}  // namespace

void append_base64url(std::string_view bytes, std::string& out) {
    while (!bytes.empty()) {
        const auto size = bytes.size() < 3 ? bytes.size() : 3;
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < size; ++i) {
            group |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]))
                     << (16 - 8 * i);
        }
        for (std::size_t i = 0; i <= size; ++i) out += alphabet[group >> (18 - 6 * i) & 63];
        bytes.remove_prefix(size);
    }
}

bool decode_base64url(std::string_view text, char* out) {
    std::uint32_t faults = 0;
    const char* at = text.data();
    const char* const tail = at + text.size() / 4 * 4;
    for (; at != tail; at += 4, out += 3) {
        const auto group =
            letter(0, at[0]) | letter(1, at[1]) | letter(2, at[2]) | letter(3, at[3]);
        faults |= group;
        out[0] = static_cast<char>(group >> 16);
        out[1] = static_cast<char>(group >> 8);
        out[2] = static_cast<char>(group);
    }
    return decode_tail(text.substr(text.size() / 4 * 4), out) && (faults & wrong) == 0;
}

}  // namespace carillon::auth
