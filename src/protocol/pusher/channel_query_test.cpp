#include "protocol/pusher/channel_query.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::pusher {
namespace {

// "usc": user_count, subscription_count, cache.
std::string letters(const Info& info) {
    return std::string(info.user_count ? "u" : "") + (info.subscription_count ? "s" : "") +
           (info.cache ? "c" : "");
}

// The letters, or "400".
std::string list(std::string_view query) {
    const auto parsed = parse_list_query(http::parse_query(query).value());
    return parsed.has_value() ? letters(parsed.value().info) : std::to_string(parsed.error().code);
}

std::string channel(std::string_view name, std::string_view query) {
    const auto parsed = parse_channel_query(name, http::parse_query(query).value());
    return parsed.has_value() ? letters(parsed.value()) : std::to_string(parsed.error().code);
}

TEST(Info, is_a_list_of_words_of_which_the_unknown_are_ignored) {
    EXPECT_EQ(letters(parse_info("user_count,subscription_count,cache")), "usc");
    EXPECT_EQ(letters(parse_info(" cache , , user_count")), "uc");
    EXPECT_EQ(letters(parse_info("")), "");
    EXPECT_EQ(letters(parse_info("user_counts,USER_COUNT,occupied")), "");
}

TEST(Info, of_a_publish_is_members_or_subscribers_by_the_kind_of_the_channel) {
    const Info all{true, true, true};
    EXPECT_EQ(letters(limited_to(kind_of("presence-a"), all)), "u");
    EXPECT_EQ(letters(limited_to(kind_of("private-a"), all)), "s");
    EXPECT_EQ(letters(limited_to(kind_of("cache-a"), all)), "s");
    EXPECT_EQ(letters(limited_to(kind_of("presence-cache-a"), {})), "");
}

TEST(ListQuery, wants_presence_channels_for_user_counts) {
    EXPECT_EQ(list("info=user_count"), "400");
    EXPECT_EQ(list("info=user_count&filter_by_prefix=presence"), "400");
    EXPECT_EQ(list("info=user_count&filter_by_prefix=private-presence-"), "400");
    EXPECT_EQ(list("info=user_count%2Csubscription_count&filter_by_prefix=presence-x"), "us");
    EXPECT_EQ(list("info=subscription_count"), "s");
    EXPECT_EQ(list(""), "");
}

TEST(ListQuery, fits_the_prefix_and_never_the_servers_own_names) {
    const auto query = [](std::string_view text) {
        return parse_list_query(http::parse_query(text).value()).value();
    };
    EXPECT_TRUE(query("").fits("news"));
    EXPECT_TRUE(query("filter_by_prefix=ne").fits("news"));
    EXPECT_FALSE(query("filter_by_prefix=ew").fits("news"));
    EXPECT_FALSE(query("").fits("!online-ann"));
    EXPECT_FALSE(query("filter_by_prefix=!").fits("!online-ann"));
}

TEST(ChannelQuery, wants_a_presence_channel_for_a_user_count) {
    EXPECT_EQ(channel("presence-a", "info=user_count,subscription_count,cache"), "usc");
    EXPECT_EQ(channel("news", "info=user_count"), "400");
    EXPECT_EQ(channel("my-presence-a", "info=user_count"), "400");
    EXPECT_EQ(channel("news", "info=subscription_count,cache"), "sc");
}

}  // namespace
}  // namespace carillon::pusher
