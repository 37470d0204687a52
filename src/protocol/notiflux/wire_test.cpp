#include "protocol/notiflux/wire.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::notiflux {
namespace {

// A command as one word each, or what is wrong with it.
std::string read(std::string_view message) {
    struct Say {
        std::string operator()(const Subscribe& c) const {
            return "subscribe[" + std::string(c.topic) + "][" + std::string(c.token) + "]";
        }
        std::string operator()(const Unsubscribe& c) const {
            return "unsubscribe[" + std::string(c.topic) + "]";
        }
        std::string operator()(const UnsubscribeAll&) const { return "unsubscribe all"; }
        std::string operator()(const Malformed&) const { return "malformed"; }
        std::string operator()(const Unknown&) const { return "unknown"; }
        std::string operator()(const Ignored&) const { return "ignored"; }
    };
    return std::visit(Say(), parse_command(message));
}

TEST(Wire, splits_a_subscribe_in_topic_and_token) {
    EXPECT_EQ(read("/subscribe news abc.def.ghi"), "subscribe[news][abc.def.ghi]");
    EXPECT_EQ(read("/subscribe /subscribe x"), "subscribe[/subscribe][x]");
    EXPECT_EQ(read("/subscribe ü\ttab t\nt"), "subscribe[ü\ttab][t\nt]");
}

TEST(Wire, calls_a_subscribe_malformed_that_is_not_two_words) {
    EXPECT_EQ(read("/subscribe news"), "malformed");
    EXPECT_EQ(read("/subscribe news token more"), "malformed");
    EXPECT_EQ(read("/subscribe news  token"), "malformed");
    EXPECT_EQ(read("/subscribe   news token"), "malformed");
}

TEST(Wire, calls_an_empty_topic_malformed) {
    EXPECT_EQ(read("/subscribe  token"), "malformed");
    EXPECT_EQ(read("/subscribe   token"), "malformed");
}

TEST(Wire, takes_all_that_follows_unsubscribe_for_the_topic) {
    EXPECT_EQ(read("/unsubscribe news"), "unsubscribe[news]");
    EXPECT_EQ(read("/unsubscribe good news"), "unsubscribe[good news]");
    EXPECT_EQ(read("/unsubscribe  news"), "unsubscribe[ news]");
    EXPECT_EQ(read("/unsubscribe -all"), "unsubscribe[-all]");
}

TEST(Wire, takes_unsubscribe_all_only_alone) {
    EXPECT_EQ(read("/unsubscribe-all"), "unsubscribe all");
    EXPECT_EQ(read("/unsubscribe-all x"), "unknown");
    EXPECT_EQ(read("/unsubscribe-allx"), "unknown");
}

TEST(Wire, knows_no_verb_without_what_belongs_to_it) {
    EXPECT_EQ(read("/subscribe"), "unknown");
    EXPECT_EQ(read("/subscribe "), "unknown");
    EXPECT_EQ(read("/unsubscribe"), "unknown");
    EXPECT_EQ(read("/unsubscribe   "), "unknown");
}

TEST(Wire, knows_no_other_verb) {
    for (const auto* message :
         {"/", "//", "/ subscribe a b", "/Subscribe a b", "/SUBSCRIBE a b", "/subscribed a b",
          "/join a b", "/subscribe\ta b", "/subscribe\na b", "/unsubscribe\ta", "/ping"}) {
        EXPECT_EQ(read(message), "unknown") << message;
    }
}

TEST(Wire, ignores_what_does_not_begin_with_a_slash) {
    for (const auto* message : {"", " ", "\r\n", "hello", "subscribe a b", "\\subscribe a b", "{}",
                                "x /subscribe a b", "\xff/subscribe a b"}) {
        EXPECT_EQ(read(message), "ignored") << message;
        EXPECT_FALSE(is_command(message)) << message;
    }
}

TEST(Wire, trims_white_space_at_both_ends) {
    for (const char c : std::string_view(" \t\n\v\f\r")) {
        const std::string space(2, c);
        EXPECT_EQ(read(space + "/subscribe a b" + space), "subscribe[a][b]") << int{c};
        EXPECT_EQ(read(space + "/unsubscribe a" + space), "unsubscribe[a]") << int{c};
        EXPECT_EQ(read(space + "/unsubscribe-all" + space), "unsubscribe all") << int{c};
        EXPECT_TRUE(is_command(space + "/")) << int{c};
    }
    EXPECT_EQ(read(std::string_view("\0/", 2)), "ignored");
    EXPECT_EQ(read("\xc2\xa0/subscribe a b"),
              "ignored");  // a no-break space is no white space here
}

}  // namespace
}  // namespace carillon::notiflux
