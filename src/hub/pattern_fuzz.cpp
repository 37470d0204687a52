// input := name *( LF kind(1) pattern ). Each pattern that may be written matches the name as the plainest
// matcher says, is still the same when its text is read again, and an index of all of them, growing
// and shrinking, finds those that match and no other.
// fuzzes: pattern.cpp pattern_index.cpp
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "hub/pattern_index.h"

namespace {

using namespace carillon;
using hub::Pattern;
using Kind = hub::Pattern::Kind;

constexpr std::size_t patterns_max = 32;
// What the plain matchers are asked: they are not quick. Longer names and patterns are still
// matched by both ways of ours.
constexpr std::size_t plain_bytes_max = 256;

std::string_view next_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

// Recursion over what is left of both; without a memory it would be exponential.
class PlainGlob {
 public:
    PlainGlob(std::string_view pattern, std::string_view name)
        : pattern_(pattern), name_(name), known_((pattern.size() + 1) * (name.size() + 1)) {}
    bool matches(std::size_t p = 0, std::size_t n = 0) {
        auto& known = known_[p * (name_.size() + 1) + n];
        if (known == Answer::none) known = decide(p, n) ? Answer::yes : Answer::no;
        return known == Answer::yes;
    }

 private:
    enum class Answer : std::uint8_t { none, yes, no };

    bool decide(std::size_t p, std::size_t n) {
        if (p == pattern_.size()) return n == name_.size();
        if (pattern_[p] == '*' && matches(p + 1, n)) return true;
        if (n == name_.size()) return false;
        if (pattern_[p] == '*') return matches(p, n + 1);
        return (pattern_[p] == '?' || pattern_[p] == name_[n]) && matches(p + 1, n + 1);
    }
    std::string_view pattern_;
    std::string_view name_;
    std::vector<Answer> known_;
};

// Recursion over the levels; what may be written has its '#' last.
bool plain_levels(std::string_view pattern, std::string_view name) {
    const auto pattern_end = pattern.find('/');
    const auto name_end = name.find('/');
    const auto level = pattern.substr(0, pattern_end);
    if (level == "#") return true;
    if (level != "+" && level != "*" && level != name.substr(0, name_end)) return false;
    if (pattern_end == pattern.npos) return name_end == name.npos;
    if (name_end == name.npos) return pattern.substr(pattern_end) == "/#";
    return plain_levels(pattern.substr(pattern_end + 1), name.substr(name_end + 1));
}

void check_alone(const Pattern& pattern, std::string_view text, std::string_view name) {
    const auto again = Pattern::parse(pattern.kind(), pattern.text());
    ASSERT(again.has_value() && again->key() == pattern.key());
    if (text.size() > plain_bytes_max || name.size() > plain_bytes_max) return;
    const bool glob = pattern.kind() == Kind::glob;
    const auto* const wildcards = glob ? "*?" : "+*#";
    const bool hidden = name.starts_with('$') && text.find_first_of(wildcards) == 0;
    const bool plain =
        !hidden && (glob ? PlainGlob(text, name).matches() : plain_levels(text, name));
    ASSERT(pattern.matches(name) == plain);
}

// Never looked into.
hub::Channel& channel(std::size_t i) {
    alignas(64) static std::array<std::array<char, 64>, patterns_max> places;
    return *reinterpret_cast<hub::Channel*>(&places[i]);
}

// Those from `begin` on are in the index.
void check_index(const hub::PatternIndex& index, const std::vector<Pattern>& patterns,
                 std::size_t begin, std::size_t end, std::string_view name) {
    std::vector<hub::Channel*> found;
    index.match(name, found);
    std::size_t expected = 0;
    for (auto i = begin; i < end; ++i) {
        const auto times = std::ranges::count(found, &channel(i));
        ASSERT(times == (patterns[i].matches(name) ? 1 : 0));
        expected += patterns[i].matches(name);
    }
    ASSERT(found.size() == expected);
    ASSERT(index.size() == end - begin);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto name = next_line(rest);
    ASSERT(hub::has_wildcard(name) == (name.find_first_of("*+#") != name.npos));
    std::vector<Pattern> patterns;
    hub::PatternIndex index;
    while (!rest.empty() && patterns.size() < patterns_max) {
        auto text = next_line(rest);
        if (text.empty()) continue;
        const auto kind = text.front() % 2 == 0 ? Kind::glob : Kind::levels;
        text.remove_prefix(1);
        const auto pattern = Pattern::parse(kind, text);
        if (!pattern) {
            ASSERT(!pattern.error().message.empty());
            continue;
        }
        check_alone(*pattern, text, name);
        if (index.find(*pattern) != nullptr) continue;
        index.add(*pattern, channel(patterns.size()));
        ASSERT(index.find(*pattern) == &channel(patterns.size()));
        ASSERT((index.neighbours(*pattern) != 0) == (kind == Kind::glob));
        patterns.push_back(*pattern);
        check_index(index, patterns, 0, patterns.size(), name);
    }
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        index.remove(patterns[i]);
        check_index(index, patterns, i + 1, patterns.size(), name);
    }
    ASSERT(index.nodes() == 0 && index.unanchored() == 0);
    return 0;
}
