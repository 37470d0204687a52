#include "protocol/pusher/names.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::pusher {
namespace {

// "a" authenticated, "p" presence, "e" encrypted, "c" cache, "u" user, "w" clients may write.
std::string kind(std::string_view channel) {
    const auto known = kind_of(channel);
    std::string letters;
    if (known.authenticated) letters += 'a';
    if (known.presence) letters += 'p';
    if (known.encrypted) letters += 'e';
    if (known.cache) letters += 'c';
    if (known.user) letters += 'u';
    if (known.client_events()) letters += 'w';
    return letters;
}

TEST(ChannelKind, follows_the_prefix) {
    EXPECT_EQ(kind("private-encrypted-cache-x"), "aec");
    EXPECT_EQ(kind("private-encrypted-x"), "ae");
    EXPECT_EQ(kind("private-cache-x"), "acw");
    EXPECT_EQ(kind("private-x"), "aw");
    EXPECT_EQ(kind("presence-cache-x"), "apcw");
    EXPECT_EQ(kind("presence-x"), "apw");
    EXPECT_EQ(kind("cache-x"), "c");
    EXPECT_EQ(kind("#server-to-user-7"), "u");
    EXPECT_EQ(kind("news"), "");
}

TEST(ChannelKind, reads_prefixes_at_the_start_only_and_in_their_case) {  // trap 22
    EXPECT_EQ(kind("my-private-x"), "");
    EXPECT_EQ(kind("private"), "");
    EXPECT_EQ(kind("Private-x"), "");
    EXPECT_EQ(kind("foo-cache-x"), "");
    EXPECT_EQ(kind("private-x-cache-y"), "aw");
    EXPECT_EQ(kind("x#server-to-user-7"), "");
    EXPECT_EQ(kind("private-encrypted"), "aw");
}

TEST(ChannelName, has_the_characters_that_sdks_allow) {  // traps 8 and 9
    EXPECT_TRUE(is_legal_channel("Az09-_=@,.;"));
    EXPECT_TRUE(is_legal_channel("#server-to-user-1"));
    for (const std::string_view name :
         {"", "#", "a b", "a#b", "##a", "a:b", "a/b", "a\"b", "\u00fc", "a\n", "a*"}) {
        EXPECT_FALSE(is_legal_channel(name)) << name;
    }
    EXPECT_FALSE(is_legal_channel(std::string_view("a\0b", 3)));
}

TEST(ChannelName, may_hold_a_colon_where_that_is_allowed) {
    EXPECT_FALSE(is_legal_channel("ns:room"));
    EXPECT_TRUE(is_legal_channel("ns:room", true));
    EXPECT_TRUE(is_legal_channel("private-a:b", true));
    for (const std::string_view name : {"", "a b", "a/b", "##a"}) {
        EXPECT_FALSE(is_legal_channel(name, true)) << name;
    }
}

TEST(ChannelName, of_a_user_holds_whatever_his_id_is) {
    for (const std::string_view name :
         {"#server-to-user-auth0|7", "#server-to-user-a b", "#server-to-user-\u00fc:#!"}) {
        EXPECT_TRUE(is_legal_channel(name)) << name;
    }
    for (const std::string_view name : {"#server-to-user-", "#server-to-user-a\n",
                                        "#server-to-user-\x7f", "#server-to-users|7"}) {
        EXPECT_FALSE(is_legal_channel(name)) << name;
    }
}

TEST(ChannelName, that_is_reserved_is_none_that_a_client_can_use) {
    EXPECT_TRUE(is_reserved_channel("!online-ann"));
    EXPECT_FALSE(is_legal_channel("!online-ann", true));
    EXPECT_FALSE(is_reserved_channel("online!"));
    EXPECT_FALSE(is_reserved_channel(""));
}

TEST(SocketId, is_the_session_id_in_two_halves) {
    const hub::SessionId id{0x499602d2'3ade68b1};
    EXPECT_EQ(socket_id_of(id), "1234567890.987654321");
    EXPECT_EQ(parse_socket_id("1234567890.987654321"), id);
    EXPECT_EQ(socket_id_of({7}), "0.7");
    EXPECT_EQ(parse_socket_id(socket_id_of({UINT64_MAX})), hub::SessionId{UINT64_MAX});
}

TEST(SocketId, of_another_server_is_nobody_and_malformed_is_malformed) {
    EXPECT_EQ(parse_socket_id("10000000000.5"), hub::SessionId{});
    EXPECT_EQ(parse_socket_id("5.99999999999999999999999"), hub::SessionId{});
    for (const std::string_view text : {"", ".", "1.", ".1", "1", "1.2.3", "a.b", "-1.2", "1.+2",
                                        " 1.2", "1.2\n", "1,2", "0x1.2"}) {
        EXPECT_EQ(parse_socket_id(text), std::nullopt) << text;
    }
}

TEST(Names, that_mean_more_than_a_name_are_kept_from_other_protocols_of_the_app) {
    using protocol::Reserve;
    for (const auto* name : {"private-a", "presence-a", "private-encrypted-a", "private-cache-a",
                             "presence-cache-a", "#server-to-user-7"}) {
        EXPECT_EQ(reserve_of(name), Reserve::reserved) << name;
    }
    for (const auto* name : {"!online-7", "!"}) EXPECT_EQ(reserve_of(name), Reserve::hidden);
    for (const auto* name : {"bells", "cache-bells", "my-private-a", "#tag", "Private-a"}) {
        EXPECT_EQ(reserve_of(name), Reserve::open) << name;
    }
}

}  // namespace
}  // namespace carillon::pusher
