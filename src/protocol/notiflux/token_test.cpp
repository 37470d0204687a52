#include "protocol/notiflux/token.h"

#include <gtest/gtest.h>

#include <string>

#include "auth/base64.h"
#include "protocol/notiflux/testing.h"

namespace carillon::notiflux {
namespace {

using testing::payload;
using testing::signed_token;
using testing::signed_with;
using Scope = Grant::Scope;

constexpr std::int64_t unix_s = 1'700'000'000;
constexpr Now now{1, unix_s * 1000 + 999};

// The rule that refuses it; empty: none does.
std::string rule(std::string_view token) {
    const auto grant = read_token(testing::verifier(), token, now);
    if (grant.has_value()) return "";
    return std::string(auth::name_of(static_cast<auth::JwtFault>(grant.error().code)));
}
std::string rule_of_payload(std::string_view text) { return rule(signed_token(text)); }

std::string base64url(std::string_view text) {
    base::Buffer out;
    auth::append_base64(text, out);
    std::string made(out.view().substr(0, out.view().find('=')));
    for (char& c : made) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return made;
}

TEST(Token, says_who_may_do_what_to_which_topics) {
    const auto grant = read_token(
        testing::verifier(), signed_token(payload("subscribe", {"a", "b c", "ü"}, unix_s)), now);
    ASSERT_TRUE(grant.has_value()) << grant.error().message;
    EXPECT_EQ(grant->scope, Scope::subscribe);
    EXPECT_EQ(grant->topics, (std::vector<std::string>{"a", "b c", "ü"}));
    EXPECT_EQ(grant->subject, "somebody");
    const auto other =
        read_token(testing::verifier(), signed_token(payload("broadcast", {}, unix_s)), now);
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(other->scope, Scope::broadcast);
    EXPECT_TRUE(other->topics.empty());
}

TEST(Token, needs_all_four_claims_and_each_of_its_type) {
    const std::string good = R"("sub":"s","exp":1700000030,"scope":"subscribe","topics":["t"])";
    EXPECT_EQ(rule_of_payload("{" + good + "}"), "");
    EXPECT_EQ(rule_of_payload("{" + good + R"(,"nbf":1700000000,"iss":1,"jti":{},"iat":"x"})"), "");
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        return rule_of_payload("{" + text + "}");
    };
    EXPECT_EQ(with(R"("sub":"s",)", ""), "claim");
    EXPECT_EQ(with(R"("exp":1700000030,)", ""), "claim");
    EXPECT_EQ(with(R"("scope":"subscribe",)", ""), "claim");
    EXPECT_EQ(with(R"(,"topics":["t"])", ""), "claim");
    EXPECT_EQ(with(R"("s")", "1"), "claim");
    EXPECT_EQ(with(R"("s")", "null"), "claim");
    EXPECT_EQ(with("1700000030", R"("1700000030")"), "claim");
    EXPECT_EQ(with("1700000030", "1700000030.5"), "claim");
    EXPECT_EQ(with(R"("subscribe")", "true"), "claim");
    EXPECT_EQ(with(R"(["t"])", R"("t")"), "claim");
    EXPECT_EQ(with(R"(["t"])", R"(["t",1])"), "claim");
    EXPECT_EQ(with(R"("topics":["t"])", R"("topic":"t")"), "claim");
}

TEST(Token, has_no_third_scope) {
    for (const auto* scope : {"", "Subscribe", "subscribe ", "publish", "subscribe broadcast"}) {
        EXPECT_EQ(rule_of_payload(payload(scope, {"t"}, unix_s)), "claim") << scope;
    }
}

TEST(Token, is_good_for_a_minute_more_than_it_says) {
    EXPECT_EQ(rule_of_payload(payload("subscribe", {"t"}, unix_s, -30)), "");
    EXPECT_EQ(rule_of_payload(payload("subscribe", {"t"}, unix_s, -60)), "");
    EXPECT_EQ(rule_of_payload(payload("subscribe", {"t"}, unix_s, -61)), "expired");
}

// The original does not look at "nbf"; one who says "not yet" means it.
TEST(Token, is_not_good_before_its_time) {
    std::string text = payload("subscribe", {"t"}, unix_s);
    EXPECT_EQ(rule_of_payload(text.insert(1, R"("nbf":1700000061,)")), "not_yet_valid");
}

TEST(Token, may_not_be_made_for_an_audience) {
    std::string text = payload("subscribe", {"t"}, unix_s);
    text.insert(1, R"("aud":"notiflux",)");
    EXPECT_EQ(rule_of_payload(text), "audience");
}

TEST(Token, is_signed_by_our_key_and_with_its_algorithm) {
    const auto text = payload("subscribe", {"t"}, unix_s);
    EXPECT_EQ(rule(signed_with(testing::another_key(), text)), "signature");
    const auto pem = auth::JwtKey::hs256(testing::the_key().public_pem());
    ASSERT_TRUE(pem.has_value());
    EXPECT_EQ(rule(signed_with(pem.value(), text)), "algorithm");
    const auto none = base64url(R"({"alg":"none"})") + "." + base64url(text) + ".";
    EXPECT_EQ(rule(none), "algorithm");
    EXPECT_EQ(rule("rubbish"), "malformed");
    EXPECT_EQ(rule(""), "malformed");
    EXPECT_EQ(rule(std::string(auth::jwt_bytes_max + 1, 'a')), "too_long");
}

TEST(Token, opens_the_topics_that_it_lists_and_no_other) {
    const Grant grant{Scope::subscribe, {"a", "b"}, "s"};
    EXPECT_TRUE(check(grant, Scope::subscribe, "a").has_value());
    EXPECT_TRUE(check(grant, Scope::subscribe, "b").has_value());
    for (const auto* topic : {"", "A", "a ", "ab", "c", "*"}) {
        const auto checked = check(grant, Scope::subscribe, topic);
        ASSERT_FALSE(checked.has_value()) << topic;
        EXPECT_EQ(checked.error().code, static_cast<int>(GrantFault::topic));
        EXPECT_EQ(checked.error().message, "the token does not list this topic");
    }
    const auto wild = check({Scope::subscribe, {"*"}, "s"}, Scope::subscribe, "a");
    EXPECT_FALSE(wild.has_value());
}

TEST(Token, opens_nothing_with_an_empty_list) {
    const auto checked = check({Scope::broadcast, {}, "s"}, Scope::broadcast, "a");
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().message, "the token's list of topics is empty");
}

TEST(Token, does_only_what_its_scope_says) {
    for (const auto& [has, wanted, message] :
         {std::tuple{Scope::broadcast, Scope::subscribe,
                     "the token does not have the scope \"subscribe\""},
          std::tuple{Scope::subscribe, Scope::broadcast,
                     "the token does not have the scope \"broadcast\""}}) {
        const auto checked = check({has, {"a"}, "s"}, wanted, "a");
        ASSERT_FALSE(checked.has_value());
        EXPECT_EQ(checked.error().code, static_cast<int>(GrantFault::scope));
        EXPECT_EQ(checked.error().kind, ErrorKind::forbidden);
        EXPECT_EQ(checked.error().message, message);
    }
}

TEST(Token, is_not_repeated_by_who_refuses_it) {
    const auto refused = read_token(
        testing::verifier(), signed_token(payload("hush-hush", {"hush-topic"}, unix_s)), now);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message.find("hush"), std::string::npos) << refused.error().message;
    EXPECT_EQ(refused.error().kind, ErrorKind::unauthorized);
}

}  // namespace
}  // namespace carillon::notiflux
