// An index finds exactly the patterns that match, whatever came and went before.
#include "hub/pattern_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"

namespace carillon::hub {
namespace {

using Kind = Pattern::Kind;

// The index never looks into a channel: an address is enough.
Channel& channel(std::size_t i) {
    struct alignas(64) Place {
        char nothing;
    };
    static std::array<Place, 4096> places;
    return *reinterpret_cast<Channel*>(&places.at(i));
}

// An index, and the same patterns in a list.
class Both {
 public:
    bool has(const Pattern& pattern) const { return listed_.contains(pattern.key()); }
    void add(const Pattern& pattern) {
        auto& leads_to = channel(next_++);
        index.add(pattern, leads_to);
        listed_.emplace(pattern.key(), Listed{pattern, &leads_to});
        EXPECT_EQ(index.find(pattern), &leads_to);
    }
    void add(Kind kind, std::string_view text) { add(Pattern::parse(kind, text).value()); }
    void remove(const Pattern& pattern) {
        index.remove(pattern);
        listed_.erase(pattern.key());
        EXPECT_EQ(index.find(pattern), nullptr);
    }
    void remove(Kind kind, std::string_view text) { remove(Pattern::parse(kind, text).value()); }
    void remove_all() {
        while (!listed_.empty()) remove(Pattern(listed_.begin()->second.pattern));
    }

    // Texts of what the index finds, with the first byte of the key left out.
    std::multiset<std::string> found(std::string_view name) const {
        std::vector<Channel*> channels;
        index.match(name, channels);
        std::multiset<std::string> texts;
        for (const auto* one : channels) texts.insert(text_of(one));
        return texts;
    }
    // What each says by itself.
    std::multiset<std::string> expected(std::string_view name) const {
        std::multiset<std::string> texts;
        for (const auto& [key, one] : listed_) {
            if (one.pattern.matches(name)) texts.insert(std::string(one.pattern.text()));
        }
        return texts;
    }
    void check_books() const {
        std::size_t unanchored = 0;
        for (const auto& [key, one] : listed_) {
            const bool glob = one.pattern.kind() == Kind::glob;
            unanchored += glob && (key[1] == '*' || key[1] == '?');
            EXPECT_EQ(index.find(one.pattern), one.channel);
        }
        EXPECT_EQ(index.size(), listed_.size());
        EXPECT_EQ(index.unanchored(), unanchored);
    }

    PatternIndex index;

 private:
    struct Listed {
        Pattern pattern;
        Channel* channel;
    };
    std::string text_of(const Channel* wanted) const {
        for (const auto& [key, one] : listed_) {
            if (one.channel == wanted) return std::string(one.pattern.text());
        }
        return "removed";
    }
    std::map<std::string, Listed> listed_;
    std::size_t next_ = 0;
};

using Texts = std::multiset<std::string>;

TEST(PatternIndex, finds_every_level_pattern_that_matches_a_name) {
    Both both;
    for (const auto* text :
         {"sensor/+/temperature", "sensor/kitchen/+", "sensor/kitchen/temperature", "sensor/#", "#",
          "+/+/+", "+/+", "sensor/hall/#", "sensor"}) {
        both.add(Kind::levels, text);
    }
    EXPECT_EQ(both.found("sensor/kitchen/temperature"),
              (Texts{"sensor/+/temperature", "sensor/kitchen/+", "sensor/kitchen/temperature",
                     "sensor/#", "#", "+/+/+"}));
    EXPECT_EQ(both.found("sensor"), (Texts{"sensor", "sensor/#", "#"}));
    EXPECT_EQ(both.found("other"), (Texts{"#"}));
    EXPECT_EQ(both.found("sensor/kitchen"), (Texts{"sensor/#", "#", "+/+"}));
}

TEST(PatternIndex, finds_every_glob_that_matches_a_name) {
    Both both;
    for (const auto* text : {"chat:*", "chat:room-?", "chat:room-1", "*", "*-1", "c*1", "chat:?",
                             "user:*", "chat:room-1*"}) {
        both.add(Kind::glob, text);
    }
    EXPECT_EQ(both.found("chat:room-1"),
              (Texts{"chat:*", "chat:room-?", "chat:room-1", "*", "*-1", "c*1", "chat:room-1*"}));
    EXPECT_EQ(both.found("chat:"), (Texts{"chat:*", "*"}));
    EXPECT_EQ(both.found("chat"), (Texts{"*"}));
    EXPECT_EQ(both.found(""), (Texts{"*"}));
}

TEST(PatternIndex, a_pattern_that_begins_with_a_wildcard_does_not_find_the_servers_own_names) {
    Both both;
    for (const auto* text : {"#", "+/#", "+", "+/load", "$SYS/#", "$SYS/+", "$SYS"}) {
        both.add(Kind::levels, text);
    }
    for (const auto* text : {"*", "?SYS*", "$*"}) both.add(Kind::glob, text);
    EXPECT_EQ(both.found("$SYS/load"), (Texts{"$SYS/#", "$SYS/+", "$*"}));
    EXPECT_EQ(both.found("$SYS"), (Texts{"$SYS", "$SYS/#", "$*"}));
    EXPECT_EQ(both.found("$"), (Texts{"$*"}));
    EXPECT_EQ(both.found("a/$SYS"), (Texts{"#", "+/#", "*"}));
}

TEST(PatternIndex, tells_apart_a_level_pattern_and_a_glob_of_the_same_text) {
    Both both;
    both.add(Kind::levels, "a/#");
    both.add(Kind::glob, "a/#");
    EXPECT_EQ(both.found("a/#").size(), 2U);
    EXPECT_EQ(both.found("a/b").size(), 1U);
    both.remove(Kind::levels, "a/#");
    EXPECT_EQ(both.found("a/b").size(), 0U);
    EXPECT_EQ(both.found("a/#").size(), 1U);
}

TEST(PatternIndex, takes_a_star_level_for_the_pattern_with_a_plus) {
    Both both;
    both.add(Kind::levels, "chat/*");
    EXPECT_NE(both.index.find(Pattern::parse(Kind::levels, "chat/+").value()), nullptr);
    both.remove(Kind::levels, "chat/+");
    EXPECT_EQ(both.index.size(), 0U);
}

TEST(PatternIndex, finds_none_of_what_only_stands_on_the_way) {
    Both both;
    both.add(Kind::levels, "a/b/c");
    both.add(Kind::levels, "a/+/d/#");
    for (const auto* text : {"a", "a/b", "a/+", "a/#", "#", "+", "a/b/+", "a/+/d"}) {
        EXPECT_EQ(both.index.find(Pattern::parse(Kind::levels, text).value()), nullptr) << text;
    }
    EXPECT_EQ(both.found("a/b"), Texts{});
    EXPECT_EQ(both.index.find(Pattern::parse(Kind::glob, "a*").value()), nullptr);
}

TEST(PatternIndex, appends_to_what_was_found_before) {
    PatternIndex index;
    index.add(Pattern::parse(Kind::levels, "a").value(), channel(1));
    std::vector<Channel*> found{&channel(0)};
    index.match("a", found);
    EXPECT_EQ(found, (std::vector<Channel*>{&channel(0), &channel(1)}));
}

TEST(PatternIndex, frees_what_nobody_needs_and_keeps_what_another_does) {
    Both both;
    both.add(Kind::levels, "a/b/c/d");
    EXPECT_EQ(both.index.nodes(), 4U);
    both.add(Kind::levels, "a/b/+/#");
    EXPECT_EQ(both.index.nodes(), 5U);
    both.add(Kind::levels, "a/b");
    EXPECT_EQ(both.index.nodes(), 5U);
    both.remove(Kind::levels, "a/b/c/d");
    EXPECT_EQ(both.index.nodes(), 3U);
    both.remove(Kind::levels, "a/b");
    EXPECT_EQ(both.index.nodes(), 3U);
    EXPECT_EQ(both.found("a/b/x"), (Texts{"a/b/+/#"}));
    both.remove(Kind::levels, "a/b/+/#");
    EXPECT_EQ(both.index.nodes(), 0U);

    both.add(Kind::glob, "ab*1");
    both.add(Kind::glob, "ab*2");
    EXPECT_EQ(both.index.nodes(), 1U);
    both.remove(Kind::glob, "ab*1");
    EXPECT_EQ(both.index.nodes(), 1U);
    both.remove(Kind::glob, "ab*2");
    EXPECT_EQ(both.index.nodes(), 0U);
}

TEST(PatternIndex, counts_globs_that_are_tried_one_by_one) {
    Both both;
    for (const auto* text : {"*", "?", "*a", "a*", "a*b", "a?", "a"}) both.add(Kind::glob, text);
    both.add(Kind::levels, "+");
    const auto neighbours = [&](Kind kind, std::string_view text) {
        return both.index.neighbours(Pattern::parse(kind, text).value());
    };
    EXPECT_EQ(both.index.unanchored(), 3U);
    EXPECT_EQ(neighbours(Kind::glob, "*x"), 3U);
    EXPECT_EQ(neighbours(Kind::glob, "a*x"), 4U);
    EXPECT_EQ(neighbours(Kind::glob, "b*"), 0U);
    EXPECT_EQ(neighbours(Kind::levels, "+"), 0U);
    both.remove(Kind::glob, "?");
    both.remove(Kind::glob, "a?");
    EXPECT_EQ(both.index.unanchored(), 2U);
    EXPECT_EQ(neighbours(Kind::glob, "a*x"), 3U);
}

TEST(PatternIndex, goes_as_deep_as_a_pattern_may_and_no_deeper) {
    std::string name = "a";
    std::string pluses = "+";
    while (std::ranges::count(name, '/') < 63) {
        name += "/a";
        pluses += "/+";
    }
    Both both;
    both.add(Kind::levels, name);
    both.add(Kind::levels, pluses);
    both.add(Kind::levels, pluses.substr(0, pluses.size() - 1) + "#");
    EXPECT_EQ(both.found(name).size(), 3U);
    for (const auto& other : {name + "/a", name + "/", name + std::string(960, '/')}) {
        EXPECT_EQ(both.found(other), both.expected(other));
        EXPECT_EQ(both.found(other).size(), 1U);
    }
    EXPECT_EQ(both.found(name.substr(2)).size(), 1U);  // "/#" at the end hears its parent
    both.remove_all();
    EXPECT_EQ(both.index.nodes(), 0U);
}

TEST(PatternIndex, answers_several_threads_at_once) {
    PatternIndex index;
    for (std::size_t i = 0; i < 100; ++i) {
        index.add(Pattern::parse(Kind::levels, "room/" + std::to_string(i) + "/+").value(),
                  channel(2 * i));
        index.add(Pattern::parse(Kind::glob, "room/" + std::to_string(i) + "/*").value(),
                  channel(2 * i + 1));
    }
    const auto ask = [&] {
        std::vector<Channel*> found;
        for (std::size_t i = 0; i < 100; ++i) {
            found.clear();
            index.match("room/" + std::to_string(i) + "/x", found);
            EXPECT_EQ(found, (std::vector<Channel*>{&channel(2 * i), &channel(2 * i + 1)}));
        }
    };
    const std::jthread one(ask);
    const std::jthread another(ask);
}

TEST(PatternIndexDeathTest, adding_twice_or_removing_what_is_not_there_is_a_bug) {
    for (const auto& pattern : {Pattern::parse(Kind::levels, "a/+/#").value(),
                                Pattern::parse(Kind::glob, "a*b").value()}) {
        PatternIndex index;
        EXPECT_DEATH(index.remove(pattern), "pattern_index.cpp");
        index.add(pattern, channel(0));
        EXPECT_DEATH(index.add(pattern, channel(1)), "pattern_index.cpp");
        EXPECT_DEATH(index.remove(Pattern::parse(pattern.kind(), "a").value()),
                     "pattern_index.cpp");
    }
}

// ---- whatever came and went ----

using Words = std::vector<const char*>;

std::string random_text(base::SeededRandom& random, const Words& parts, std::uint64_t longest,
                        const char* between) {
    std::string text = parts[random.below(parts.size())];
    for (auto more = random.below(longest); more > 0; --more) {
        text += between;
        text += parts[random.below(parts.size())];
    }
    return text;
}

// Most can be written; the rest is tried again.
Pattern random_pattern(base::SeededRandom& random) {
    for (;;) {
        const bool levels = random.below(2) == 0;
        const auto text = levels ? random_text(random, {"a", "b", "$x", "", "+", "*", "#"}, 4, "/")
                                 : random_text(random, {"a", "b", "/", "$x", "*", "?"}, 5, "");
        auto parsed = Pattern::parse(levels ? Kind::levels : Kind::glob, text);
        if (parsed) return std::move(parsed).value();
    }
}

std::size_t check_names(base::SeededRandom& random, const Both& both) {
    std::size_t found = 0;
    for (int i = 0; i < 3; ++i) {
        const auto name = random_text(random, {"a", "b", "$x", ""}, 5, "/");
        const auto expected = both.expected(name);
        EXPECT_EQ(both.found(name), expected) << name;
        found += expected.size();
    }
    return found;
}

TEST(PatternIndex, agrees_with_each_pattern_whatever_was_added_and_removed) {
    std::size_t found = 0;
    for (std::uint64_t seed = 0; seed < 400 && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        base::SeededRandom random(seed);
        Both both;
        std::vector<Pattern> known;  // some of them in the index
        for (int i = 0; i < 40; ++i) {
            if (known.empty() || random.below(3) != 0) known.push_back(random_pattern(random));
            const auto& pattern = known[random.below(known.size())];
            both.has(pattern) ? both.remove(pattern) : both.add(pattern);
            found += check_names(random, both);
        }
        both.check_books();
        both.remove_all();
        both.check_books();
        EXPECT_EQ(both.index.nodes(), 0U);
    }
    EXPECT_GT(found, 20'000U);
}

}  // namespace
}  // namespace carillon::hub
