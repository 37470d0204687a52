#include "json/plain.h"

#include <array>

namespace carillon::json {
namespace {

constexpr int plain_depth_max = 8;

constexpr std::array<bool, 256> plain_letters = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 0x20; c < 0x7f; ++c) table[c] = c != '"' && c != '\\';
    return table;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Goes through a text that is plain up to wherever `at_` stands. Each skip_ begins at the first byte
// of what it skips and ends at the first behind it; false: not plain. Behind the end stands what
// belongs to nothing: a zero.
class Reader {
 public:
    explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    bool at_end() const { return at_ == end_; }
    char here() const { return at_ == end_ ? '\0' : *at_; }
    const char* place() const { return at_; }

    bool skip(char c) {
        if (here() != c) return false;
        ++at_;
        return true;
    }

    bool skip_string() {
        if (!skip('"')) return false;
        while (at_ != end_ && plain_letters[static_cast<unsigned char>(*at_)]) ++at_;
        return skip('"');
    }

    bool skip_value(int depth) {
        switch (here()) {
            case '"':
                return skip_string();
            case '{':
                return depth < plain_depth_max && skip_object(depth);
            case '[':
                return depth < plain_depth_max && skip_array(depth);
            case 't':
                return skip_word("true");
            case 'f':
                return skip_word("false");
            case 'n':
                return skip_word("null");
            default:
                return skip_number();
        }
    }

 private:
    bool skip_word(std::string_view word) {
        if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word))
            return false;
        at_ += word.size();
        return true;
    }

    bool skip_digits() {
        const char* const first = at_;
        while (is_digit(here())) ++at_;
        return at_ != first;
    }

    bool skip_number() {
        (void)skip('-');
        if (!skip('0') && !skip_digits()) return false;
        return !skip('.') || skip_digits();
    }

    bool skip_array(int depth) {
        ++at_;
        if (skip(']')) return true;
        do {
            if (!skip_value(depth + 1)) return false;
        } while (skip(','));
        return skip(']');
    }

    bool skip_object(int depth) {
        ++at_;
        if (skip('}')) return true;
        do {
            if (!skip_string() || !skip(':') || !skip_value(depth + 1)) return false;
        } while (skip(','));
        return skip('}');
    }

    const char* at_;
    const char* const end_;
};

std::string_view slice(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

void fill(std::span<Member> wanted, std::string_view key, std::string_view value) {
    for (auto& [wish, text] : wanted) {
        // Half the registered names have three letters: most comparisons end at the first.
        if (wish.size() == key.size() && (key.empty() || wish.front() == key.front()) &&
            wish == key) {
            text = value;
        }
    }
}

}  // namespace

bool read_plain_object(std::string_view text, std::span<Member> wanted, std::span<Member> more) {
    Reader reader(text);
    if (!reader.skip('{')) return false;
    if (reader.skip('}')) return reader.at_end();
    do {
        const char* const name = reader.place();
        if (!reader.skip_string()) return false;
        const auto key = slice(name + 1, reader.place() - 1);
        if (!reader.skip(':')) return false;
        const char* const begin = reader.place();
        if (!reader.skip_value(1)) return false;
        const auto value = slice(begin, reader.place());
        fill(wanted, key, value);
        fill(more, key, value);
    } while (reader.skip(','));
    return reader.skip('}') && reader.at_end();
}

}  // namespace carillon::json
