#include "protocol/turbine/token.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/turbine/testing.h"

namespace carillon::turbine {
namespace {

using testing::signed_claims;
using testing::token;

constexpr Now noon{.steady_ns = 0, .unix_ms = 1'700'000'000'000};

Result<Grant> read(std::string_view of, auth::JwtRules rules = {}) {
    return read_token(auth::JwtVerifier({testing::key()}, std::move(rules)), of, noon);
}

std::string refused(std::string_view of) {
    const auto grant = read(of);
    if (grant.has_value()) return "(accepted)";
    EXPECT_FALSE(grant.error().message.empty());
    return std::string(auth::name_of(static_cast<auth::JwtFault>(grant.error().code)));
}

bool allows(const Grant& grant, std::string_view channel) {
    return grant.channels.allows(channel, protocol::Reserve::open);
}

TEST(Token, names_its_subject_and_its_channels) {
    const auto grant = read(signed_claims(
        R"({"exp":1700000001,"channels":["b","a:1"],"sub":"ann\u00e9e","iss":"x","iat":0})"));
    ASSERT_TRUE(grant.has_value());
    EXPECT_EQ(grant.value().subject, "année");
    EXPECT_EQ(grant.value().names, (std::vector<std::string>{"b", "a:1"}));
    EXPECT_TRUE(allows(grant.value(), "a:1"));
    EXPECT_TRUE(allows(grant.value(), "b"));
}

TEST(Token, allows_exactly_the_names_it_lists) {
    const auto grant = read(token(R"(["chat","a*"])", noon));
    ASSERT_TRUE(grant.has_value());
    for (const auto* name : {"chat:lobby", "Chat", "cha", "chat ", "", "abc", "*"}) {
        EXPECT_FALSE(allows(grant.value(), name)) << name;
    }
}

TEST(Token, with_an_empty_list_allows_everything_but_what_others_reserve) {
    const auto grant = read(token("[]", noon));
    ASSERT_TRUE(grant.has_value());
    EXPECT_TRUE(grant.value().names.empty());
    EXPECT_TRUE(allows(grant.value(), "anything"));
    EXPECT_FALSE(grant.value().channels.allows("private-a", protocol::Reserve::reserved));
    EXPECT_FALSE(grant.value().channels.allows("#server", protocol::Reserve::hidden));
}

TEST(Token, opens_a_reserved_name_by_naming_it_and_a_hidden_one_never) {
    const auto grant = read(token(R"(["private-a"])", noon));
    ASSERT_TRUE(grant.has_value());
    EXPECT_TRUE(grant.value().channels.allows("private-a", protocol::Reserve::reserved));
    EXPECT_FALSE(grant.value().channels.allows("private-a", protocol::Reserve::hidden));
}

TEST(Token, with_an_empty_name_in_its_list_is_not_a_token_for_everything) {
    const auto grant = read(token(R"([""])", noon));
    ASSERT_TRUE(grant.has_value());
    EXPECT_FALSE(allows(grant.value(), "a"));
}

TEST(Token, may_have_an_empty_subject) {
    EXPECT_TRUE(read(signed_claims(R"({"sub":"","exp":1700000001,"channels":[]})")).has_value());
}

TEST(Token, needs_a_sub_an_exp_and_channels_of_the_right_types) {
    for (const auto* payload : {
             R"({"exp":1700000001,"channels":[]})",
             R"({"sub":"ann","channels":[]})",
             R"({"sub":"ann","exp":1700000001})",
             R"({"sub":7,"exp":1700000001,"channels":[]})",
             R"({"sub":null,"exp":1700000001,"channels":[]})",
             R"({"sub":"ann","exp":"1700000001","channels":[]})",
             R"({"sub":"ann","exp":1700000001,"channels":null})",
             R"({"sub":"ann","exp":1700000001,"channels":"a"})",
             R"({"sub":"ann","exp":1700000001,"channels":{}})",
             R"({"sub":"ann","exp":1700000001,"channels":["a",7]})",
         }) {
        EXPECT_EQ(refused(signed_claims(payload)), "claim") << payload;
    }
}

TEST(Token, is_good_until_a_minute_after_its_end) {
    EXPECT_TRUE(read(token("[]", noon, 0)).has_value());
    EXPECT_TRUE(read(token("[]", noon, -59)).has_value());
    EXPECT_EQ(refused(token("[]", noon, -61)), "expired");
}

TEST(Token, of_another_secret_or_another_algorithm_is_refused) {
    EXPECT_EQ(refused(token("[]", noon, 3600, "another")), "signature");
    const auto good = token("[]", noon);
    const auto rest = good.substr(good.find('.'));
    EXPECT_EQ(refused("eyJhbGciOiJub25lIn0" + rest), "algorithm");  // none
    EXPECT_EQ(refused("eyJhbGciOiJub25lIn0" + rest.substr(0, rest.rfind('.') + 1)), "algorithm");
    EXPECT_EQ(refused("eyJhbGciOiJIUzUxMiJ9" + rest), "algorithm");  // HS512
    EXPECT_EQ(refused("eyJhbGciOiJFUzI1NiJ9" + rest), "algorithm");  // ES256
}

TEST(Token, that_is_garbage_is_refused_and_never_repeated) {
    for (const std::string text : {"", ".", "..", "a.b.c", "gobbledygook", "a.b.c.d", "{}.{}.{}"}) {
        const auto grant = read(text);
        ASSERT_FALSE(grant.has_value()) << text;
        EXPECT_EQ(grant.error().message.find("gobbledygook"), std::string::npos);
    }
    const auto good = token("[]", noon);
    EXPECT_NE(refused(good + "x"), "(accepted)");
    EXPECT_NE(refused(good.substr(1)), "(accepted)");
    EXPECT_NE(refused(good.substr(0, good.size() - 4)), "(accepted)");
}

TEST(Token, is_held_to_no_audience_and_no_start_that_nobody_configured) {
    EXPECT_TRUE(
        read(signed_claims(R"({"sub":"ann","exp":1700000001,"channels":[],"aud":"elsewhere"})"))
            .has_value());
}

}  // namespace
}  // namespace carillon::turbine
