// What may be written as a pattern, and what each pattern matches.
#include "hub/pattern.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/random.h"

namespace carillon::hub {
namespace {

using Kind = Pattern::Kind;

Pattern levels(std::string_view text) { return Pattern::parse(Kind::levels, text).value(); }
Pattern glob(std::string_view text) { return Pattern::parse(Kind::glob, text).value(); }

Error refusal(Kind kind, std::string_view text) {
    const auto parsed = Pattern::parse(kind, text);
    EXPECT_TRUE(parsed.has_error()) << text;
    return parsed.has_error() ? parsed.error() : Error{};
}
std::string why(Kind kind, std::string_view text) { return refusal(kind, text).message; }

std::string repeated(std::string_view what, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += what;
    return all;
}

// ---- the same said again, in the plainest way: by recursion over what is left ----

using Words = std::vector<std::string>;

Words split(const std::string& text) {
    Words words(1);
    for (const char c : text) {
        if (c == '/') {
            words.emplace_back();
        } else {
            words.back() += c;
        }
    }
    return words;
}

bool plainly_levels(const Words& p, std::size_t i, const Words& n, std::size_t j) {
    if (i == p.size()) return j == n.size();
    if (p[i] == "#") return true;
    if (j == n.size()) return false;
    return (p[i] == "+" || p[i] == "*" || p[i] == n[j]) && plainly_levels(p, i + 1, n, j + 1);
}

bool plainly_glob(std::string_view p, std::string_view n) {
    if (p.empty()) return n.empty();
    if (p[0] == '*') {
        return plainly_glob(p.substr(1), n) || (!n.empty() && plainly_glob(p, n.substr(1)));
    }
    if (n.empty()) return false;
    return (p[0] == '?' || p[0] == n[0]) && plainly_glob(p.substr(1), n.substr(1));
}

bool plainly(Kind kind, const std::string& pattern, const std::string& name) {
    const std::string first(1, pattern[0]);
    if (kind == Kind::glob) {
        if (name[0] == '$' && (first == "*" || first == "?")) return false;
        return plainly_glob(pattern, name);
    }
    if (name[0] == '$' && (first == "+" || first == "*" || first == "#")) return false;
    return plainly_levels(split(pattern), 0, split(name), 0);
}

// All sequences of at least one and at most `longest` of these, with `between` between them.
std::vector<std::string> all_of(const Words& parts, std::size_t longest, const char* between) {
    std::vector<std::string> all(parts);
    std::size_t begin = 0;
    for (std::size_t length = 2; length <= longest; ++length) {
        const auto end = all.size();
        for (; begin < end; ++begin) {
            for (const auto& part : parts) all.push_back(all[begin] + between + part);
        }
    }
    return all;
}

// Every pattern that may be written of these, against every name.
std::size_t compare(Kind kind, const std::vector<std::string>& patterns,
                    const std::vector<std::string>& names) {
    std::size_t matched = 0;
    for (const auto& text : patterns) {
        const auto pattern = Pattern::parse(kind, text);
        if (!pattern) continue;
        for (const auto& name : names) {
            const bool expected = plainly(kind, text, name);
            EXPECT_EQ(pattern->matches(name), expected) << text << " and " << name;
            matched += expected;
        }
    }
    return matched;
}

// ---- levels ----

TEST(Pattern, a_level_wildcard_matches_exactly_one_level) {
    EXPECT_TRUE(levels("sensor/+/temperature").matches("sensor/kitchen/temperature"));
    EXPECT_FALSE(levels("sensor/+/temperature").matches("sensor/temperature"));
    EXPECT_FALSE(levels("sensor/+/temperature").matches("sensor/a/b/temperature"));
    EXPECT_FALSE(levels("sensor/+").matches("sensor"));
    EXPECT_FALSE(levels("+").matches("a/b"));
}

TEST(Pattern, a_level_wildcard_matches_an_empty_level) {
    EXPECT_TRUE(levels("sensor/+").matches("sensor/"));
    EXPECT_TRUE(levels("a/+/b").matches("a//b"));
    EXPECT_TRUE(levels("+/+").matches("/"));
    EXPECT_TRUE(levels("+").matches(""));
}

TEST(Pattern, a_hash_matches_its_own_level_and_all_below) {
    EXPECT_TRUE(levels("a/#").matches("a"));
    EXPECT_TRUE(levels("a/#").matches("a/"));
    EXPECT_TRUE(levels("a/#").matches("a/b/c/d"));
    EXPECT_FALSE(levels("a/#").matches("ab"));
    EXPECT_FALSE(levels("a/#").matches("b/a"));
    EXPECT_TRUE(levels("#").matches("a"));
    EXPECT_TRUE(levels("#").matches("/a//"));
    EXPECT_TRUE(levels("+/#").matches("a"));
}

TEST(Pattern, matches_as_mqtt_does) {
    struct Row {
        const char* pattern;
        const char* name;
        bool matches;
    };
    const Row rows[] = {
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/tennis/player1/#", "sport/tennis/player2", false},
        {"sport/#", "sport", true},
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        {"+/tennis/#", "sport/tennis", true},
        {"+/tennis/#", "sport/tennis/x/y", true},
        {"a//b", "a//b", true},
        {"a//b", "a/b", false},
        {"a/b", "a//b", false},
        {"/", "/", true},
        {"a/", "a", false},
        {"a", "a/", false},
        {"//#", "/", true},
        {"//#", "//a", true},
        {"//#", "/a", false},
        {"ACCOUNTS", "Accounts", false},
        {"#", "$SYS", false},
        {"#", "$SYS/broker", false},
        {"+/broker", "$SYS/broker", false},
        {"+/#", "$SYS/broker", false},
        {"$SYS/#", "$SYS/broker/load", true},
        {"$SYS/#", "$SYS", true},
        {"$SYS/+", "$SYS/broker", true},
        {"+/$SYS", "a/$SYS", true},
        {"a/+", "a/$SYS", true},
        {"/#", "/$SYS", true},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(levels(row.pattern).matches(row.name), row.matches)
            << row.pattern << " and " << row.name;
    }
}

TEST(Pattern, a_star_as_a_level_is_the_level_wildcard) {
    EXPECT_EQ(levels("chat/*").text(), "chat/+");
    EXPECT_EQ(levels("*/a/*").key(), levels("+/a/+").key());
    EXPECT_TRUE(levels("chat/*").matches("chat/room"));
    EXPECT_FALSE(levels("chat/*").matches("chat/room/1"));
    EXPECT_FALSE(levels("*").matches("$SYS"));
}

TEST(Pattern, a_question_mark_is_no_wildcard_among_levels) {
    EXPECT_TRUE(levels("a?").matches("a?"));
    EXPECT_FALSE(levels("a?").matches("ab"));
}

TEST(Pattern, without_a_wildcard_matches_itself_alone) {
    EXPECT_TRUE(levels("a/b").matches("a/b"));
    EXPECT_FALSE(levels("a/b").matches("a/c"));
    EXPECT_TRUE(levels("$SYS").matches("$SYS"));
    EXPECT_TRUE(glob("a/b").matches("a/b"));
    EXPECT_FALSE(glob("a/b").matches("a/b/"));
    EXPECT_TRUE(glob("$SYS").matches("$SYS"));
}

// ---- globs ----

TEST(Pattern, a_star_in_a_glob_matches_any_run_of_bytes) {
    EXPECT_TRUE(glob("chat.*").matches("chat."));
    EXPECT_TRUE(glob("chat.*").matches("chat.room/1:x"));
    EXPECT_FALSE(glob("chat.*").matches("chat"));
    EXPECT_TRUE(glob("*").matches("a/b"));
    EXPECT_TRUE(glob("a*b*c").matches("abbbcbc"));
    EXPECT_FALSE(glob("a*b*c").matches("acb"));
    EXPECT_TRUE(glob("*ab").matches("aab"));
    EXPECT_TRUE(glob("*a*").matches("a"));
    EXPECT_FALSE(glob("a*a").matches("a"));
}

TEST(Pattern, a_question_mark_matches_exactly_one_byte) {
    EXPECT_TRUE(glob("a?c").matches("abc"));
    EXPECT_TRUE(glob("a?c").matches("a/c"));
    EXPECT_TRUE(glob("a?c").matches("a?c"));
    EXPECT_FALSE(glob("a?c").matches("ac"));
    EXPECT_FALSE(glob("a?c").matches("abbc"));
    EXPECT_TRUE(glob("?\?").matches("\xc3\xa9"));  // a letter of two bytes
    EXPECT_FALSE(glob("*?").matches(""));
}

TEST(Pattern, plus_and_hash_mean_themselves_in_a_glob) {
    EXPECT_TRUE(glob("a/+/#").matches("a/+/#"));
    EXPECT_FALSE(glob("a/+").matches("a/b"));
    EXPECT_TRUE(glob("+a").matches("+a"));
}

TEST(Pattern, a_glob_that_begins_with_a_wildcard_does_not_match_the_servers_own_names) {
    EXPECT_FALSE(glob("*").matches("$SYS"));
    EXPECT_FALSE(glob("?SYS").matches("$SYS"));
    EXPECT_FALSE(glob("*SYS").matches("$SYS"));
    EXPECT_TRUE(glob("$*").matches("$SYS"));
    EXPECT_TRUE(glob("a*").matches("a$"));
    EXPECT_TRUE(glob("*$").matches("a$"));
}

TEST(Pattern, stars_side_by_side_are_one) {
    EXPECT_EQ(glob("a**b***").text(), "a*b*");
    EXPECT_EQ(glob("**").key(), glob("*").key());
    EXPECT_EQ(glob(std::string(1024, '*')).text(), "*");
}

// Trying each place of each star again would take longer than the sun burns.
TEST(Pattern, the_unfriendliest_glob_is_soon_done) {
    const auto pattern = glob(repeated("*a", 15) + "*b");
    EXPECT_FALSE(pattern.matches(std::string(1024, 'a')));
    EXPECT_TRUE(pattern.matches(std::string(1023, 'a') + "b"));
}

// ---- what is refused ----

TEST(Pattern, empty_is_refused) {
    EXPECT_EQ(refusal(Kind::levels, "").kind, ErrorKind::invalid);
    EXPECT_EQ(refusal(Kind::glob, "").kind, ErrorKind::invalid);
    EXPECT_EQ(why(Kind::glob, ""), "the pattern is empty");
}

TEST(Pattern, may_be_as_long_as_a_name_and_no_longer) {
    const std::string longest(limits::channel_name_bytes_max, 'a');
    for (const auto kind : {Kind::levels, Kind::glob}) {
        EXPECT_TRUE(Pattern::parse(kind, longest).has_value());
        EXPECT_EQ(refusal(kind, longest + "a").kind, ErrorKind::too_large);
        EXPECT_EQ(why(kind, longest + "a"), "the pattern has 1025 bytes; at most 1024 are allowed");
    }
}

TEST(Pattern, has_at_most_64_levels) {
    EXPECT_TRUE(Pattern::parse(Kind::levels, repeated("a/", 63) + "#").has_value());
    EXPECT_EQ(refusal(Kind::levels, repeated("a/", 64) + "#").kind, ErrorKind::too_large);
    EXPECT_EQ(why(Kind::levels, repeated("/", 64)),
              "the pattern has 65 levels; at most 64 are allowed");
    EXPECT_TRUE(Pattern::parse(Kind::glob, repeated("a/", 65)).has_value());
}

TEST(Pattern, a_glob_has_at_most_16_stars) {
    EXPECT_TRUE(Pattern::parse(Kind::glob, repeated("*a", 16)).has_value());
    EXPECT_TRUE(Pattern::parse(Kind::glob, repeated("**a", 16)).has_value());
    EXPECT_EQ(refusal(Kind::glob, repeated("*a", 17)).kind, ErrorKind::too_large);
    EXPECT_EQ(why(Kind::glob, repeated("*a", 17)), "byte 33 of the pattern: more than 16 stars");
}

TEST(Pattern, control_characters_are_refused) {
    const std::string_view controls[] = {{"\0", 1}, "\x01", "\n", "\x1f", "\x7f"};
    for (const auto control : controls) {
        const auto text = "ab" + std::string(control) + "c";
        for (const auto kind : {Kind::levels, Kind::glob}) {
            EXPECT_EQ(refusal(kind, text).kind, ErrorKind::invalid);
            EXPECT_EQ(why(kind, text), "byte 3 of the pattern: a control character");
        }
    }
    EXPECT_TRUE(levels("\xc3\xa9/+").matches("\xc3\xa9/a"));  // not ASCII, but no control
}

TEST(Pattern, a_wildcard_inside_a_longer_level_is_refused_with_its_place) {
    EXPECT_EQ(why(Kind::levels, "a+b"), "byte 2 of the pattern: '+' must be a level by itself");
    EXPECT_EQ(why(Kind::levels, "x/a#"), "byte 4 of the pattern: '#' must be a level by itself");
    EXPECT_EQ(why(Kind::levels, "++"), "byte 1 of the pattern: '+' must be a level by itself");
    EXPECT_EQ(refusal(Kind::levels, "a+b").kind, ErrorKind::invalid);
}

TEST(Pattern, a_star_inside_a_longer_level_is_refused_with_the_advice_to_use_a_glob) {
    EXPECT_EQ(why(Kind::levels, "*/x*"),
              "byte 4 of the pattern: '*' must be a level by itself; a glob may have it anywhere");
    EXPECT_EQ(refusal(Kind::levels, "**").kind, ErrorKind::invalid);
}

TEST(Pattern, a_hash_before_the_last_level_is_refused) {
    EXPECT_EQ(why(Kind::levels, "a/#/b"), "byte 3 of the pattern: '#' must be the last level");
    EXPECT_EQ(why(Kind::levels, "#/"), "byte 1 of the pattern: '#' must be the last level");
    EXPECT_EQ(refusal(Kind::levels, "#/#").kind, ErrorKind::invalid);
}

// ---- names ----

TEST(Pattern, is_called_by_its_kind_and_its_text) {
    EXPECT_EQ(levels("a/+").key(),
              "\x01"
              "a/+");
    EXPECT_EQ(glob("a/+").key(),
              "\x02"
              "a/+");
    EXPECT_EQ(levels("a/+").kind(), Kind::levels);
    EXPECT_EQ(glob("a/+").kind(), Kind::glob);
    EXPECT_EQ(glob("a/+").text(), "a/+");
}

TEST(Pattern, a_name_with_a_wildcard_is_told_from_one_without) {
    EXPECT_TRUE(has_wildcard("a/+"));
    EXPECT_TRUE(has_wildcard("#"));
    EXPECT_TRUE(has_wildcard("x*y"));
    EXPECT_FALSE(has_wildcard("a/b?$"));
    EXPECT_FALSE(has_wildcard(""));
}

// ---- all there are, if they are short ----

TEST(Pattern, all_short_level_patterns_match_what_they_plainly_should) {
    const auto patterns = all_of({"a", "b", "$x", "", "+", "#", "*"}, 3, "/");
    const auto names = all_of({"a", "b", "$x", ""}, 4, "/");
    EXPECT_GT(compare(Kind::levels, patterns, names), 1000U);
}

TEST(Pattern, all_short_globs_match_what_they_plainly_should) {
    const auto patterns = all_of({"a", "*", "?", "$"}, 4, "");
    const auto names = all_of({"a", "b", "$"}, 5, "");
    EXPECT_GT(compare(Kind::glob, patterns, names), 1000U);
}

std::string random_text(base::SeededRandom& random, const Words& parts, std::uint64_t longest,
                        const char* between) {
    std::string text = parts[random.below(parts.size())];
    for (auto more = random.below(longest); more > 0; --more) {
        text += between + parts[random.below(parts.size())];
    }
    return text;
}

TEST(Pattern, random_longer_ones_match_what_they_plainly_should) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        base::SeededRandom random(seed);
        std::string pattern = random_text(random, {"a", "a", "$x", "", "+", "+"}, 6, "/");
        if (random.below(2) == 0) pattern += "/#";
        const auto name = random_text(random, {"a", "a", "$x", ""}, 6, "/");
        if (!pattern.empty()) compare(Kind::levels, {pattern}, {name, "a/" + name, "$x/" + name});
        compare(Kind::glob, {random_text(random, {"a", "b", "*", "?", "ab*"}, 8, "")},
                {random_text(random, {"a", "b", "ab", "$"}, 12, "")});
    }
}

}  // namespace
}  // namespace carillon::hub
