#include "bridge/pattern.h"

#include <gtest/gtest.h>

namespace carillon::bridge {
namespace {

Pattern pattern(std::string_view text) { return *Pattern::parse(text); }

TEST(Pattern, without_a_star_is_one_name) {
    EXPECT_EQ(pattern("news").match("news"), "");
    EXPECT_EQ(pattern("news").match("new"), std::nullopt);
    EXPECT_EQ(pattern("news").match("news2"), std::nullopt);
    EXPECT_EQ(pattern("news").match("News"), std::nullopt);
    EXPECT_EQ(pattern("news").match(""), std::nullopt);
}

TEST(Pattern, lets_the_star_stand_for_any_text_and_for_none) {
    EXPECT_EQ(pattern("chat:*").match("chat:lobby"), "lobby");
    EXPECT_EQ(pattern("chat:*").match("chat:"), "");
    EXPECT_EQ(pattern("chat:*").match("chat:a:b*c"), "a:b*c");
    EXPECT_EQ(pattern("chat:*").match("chat"), std::nullopt);
    EXPECT_EQ(pattern("chat:*").match("my-chat:lobby"), std::nullopt);
    EXPECT_EQ(pattern("*-chat").match("my-chat"), "my");
    EXPECT_EQ(pattern("*-chat").match("my-chats"), std::nullopt);
    EXPECT_EQ(pattern("a*z").match("a--z"), "--");
    EXPECT_EQ(pattern("a*z").match("az"), "");
    EXPECT_EQ(pattern("*").match("anything"), "anything");
}

TEST(Pattern, does_not_use_a_letter_for_both_ends) {
    EXPECT_EQ(pattern("a*a").match("a"), std::nullopt);
    EXPECT_EQ(pattern("ab*ba").match("aba"), std::nullopt);
    EXPECT_EQ(pattern("a*a").match("aa"), "");
}

TEST(Pattern, has_one_star_at_most_and_is_not_empty) {
    EXPECT_FALSE(Pattern::parse("").has_value());
    EXPECT_FALSE(Pattern::parse("a*b*c").has_value());
    EXPECT_FALSE(Pattern::parse("**").has_value());
    EXPECT_TRUE(pattern("*").has_star());
    EXPECT_FALSE(pattern("a").has_star());
}

TEST(Pattern, is_filled_where_its_star_stands) {
    EXPECT_EQ(pattern("chat-*").fill("lobby"), "chat-lobby");
    EXPECT_EQ(pattern("a-*-z").fill(""), "a--z");
    EXPECT_EQ(pattern("*").fill("a*b"), "a*b");
    EXPECT_EQ(pattern("feed").fill("lobby"), "feed");
}

}  // namespace
}  // namespace carillon::bridge
