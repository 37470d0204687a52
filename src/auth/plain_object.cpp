#include "auth/plain_object.h"

#include <array>

namespace carillon::auth {
namespace {

constexpr std::array<bool, 256> plain_letters = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 0x20; c < 0x7f; ++c) table[c] = c != '"' && c != '\\';
    return table;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Each of these stands at the first byte of what it skips and answers the first behind it, or null:
// not plain.

const char* skip_string(const char* at) {
    if (*at != '"') return nullptr;
    ++at;
    while (plain_letters[static_cast<unsigned char>(*at)]) ++at;
    return *at == '"' ? at + 1 : nullptr;
}

const char* skip_integer(const char* at) {
    if (*at == '-') ++at;
    if (*at == '0') return at + 1;
    const char* const first = at;
    while (is_digit(*at)) ++at;
    return at == first ? nullptr : at;
}

const char* skip_scalar(const char* at) { return *at == '"' ? skip_string(at) : skip_integer(at); }

const char* skip_array(const char* at) {
    ++at;  // the bracket
    if (*at == ']') return at + 1;
    while ((at = skip_scalar(at)) != nullptr && *at == ',') ++at;
    return at != nullptr && *at == ']' ? at + 1 : nullptr;
}

const char* skip_value(const char* at) { return *at == '[' ? skip_array(at) : skip_scalar(at); }

std::string_view slice(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

void fill(std::span<json::Member> wanted, std::string_view key, std::string_view value) {
    for (auto& [wish, text] : wanted) {
        // Half the registered names have three letters: most comparisons end at the first.
        if (wish.size() == key.size() && (key.empty() || wish.front() == key.front()) &&
            wish == key) {
            text = value;
        }
    }
}

}  // namespace

bool read_plain_object(const std::string& text, std::span<json::Member> wanted,
                       std::span<json::Member> more) {
    const char* at = text.c_str();
    const char* const end = at + text.size();
    if (*at++ != '{') return false;
    if (*at == '}') return at + 1 == end;
    for (;; ++at) {
        const char* const name = at;
        at = skip_string(name);
        if (at == nullptr || *at != ':') return false;
        const char* const value = at + 1;
        const auto key = slice(name + 1, at - 1);
        at = skip_value(value);
        if (at == nullptr) return false;
        fill(wanted, key, slice(value, at));
        fill(more, key, slice(value, at));
        if (*at == '}') return at + 1 == end;
        if (*at != ',') return false;
    }
}

}  // namespace carillon::auth
