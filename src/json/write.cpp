#include "json/write.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace carillon::json {
namespace {

constexpr std::uint64_t every_byte(std::uint64_t byte) { return 0x0101010101010101ULL * byte; }

// The high bit of each byte of `word` that is below 0x20, a quote or a backslash. Bits above the
// lowest set one may be false (a borrow runs upward); the lowest is right, and only it is used.
std::uint64_t marks_of_special(std::uint64_t word) {
    const auto zero = [](std::uint64_t x) { return (x - every_byte(1)) & ~x; };
    const auto control = (word - every_byte(0x20)) & ~word;
    return (control | zero(word ^ every_byte('"')) | zero(word ^ every_byte('\\'))) &
           every_byte(0x80);
}

bool is_special(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// How many bytes can be copied as they are. Eight at a time: bodies are mostly such bytes.
std::size_t plain_prefix(std::string_view text) {
    std::size_t at = 0;
    if constexpr (std::endian::native == std::endian::little) {
        for (; at + 8 <= text.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + at, 8);
            const auto marks = marks_of_special(word);
            if (marks != 0) return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
        }
    }
    while (at < text.size() && !is_special(text[at])) ++at;
    return at;
}

void append_special(char c, base::Buffer& out) {
    static constexpr std::string_view names = "\"\\\b\f\n\r\t";
    static constexpr std::string_view letters = "\"\\bfnrt";
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto at = names.find(c);
    if (at != std::string_view::npos) {
        const std::array two{'\\', letters[at]};
        return out.append({two.data(), two.size()});
    }
    const auto byte = static_cast<unsigned char>(c);
    const std::array six{'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    out.append({six.data(), six.size()});
}

}  // namespace

void append_escaped(std::string_view text, base::Buffer& out) {
    while (true) {
        const auto plain = plain_prefix(text);
        out.append(text.substr(0, plain));
        if (plain == text.size()) return;
        append_special(text[plain], out);
        text.remove_prefix(plain + 1);
    }
}

void append_number(std::int64_t number, base::Buffer& out) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

}  // namespace carillon::json
