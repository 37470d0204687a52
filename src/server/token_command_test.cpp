#include "server/token_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/base64.h"
#include "protocol/pusher/signature.h"

namespace carillon::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Now now{.steady_ns = 0, .unix_ms = 1'800'000'000'000};  // 2027-01-15 08:00:00
constexpr std::string_view turbine_secret = "what-turbine-signs-with";
constexpr std::string_view app_secret = "what-the-app-signs-with";

using Args = std::vector<std::string>;

auth::JwtKey secret(std::string_view text) { return *auth::JwtKey::hs256(text); }
auth::JwtKey demo() { return auth::JwtKey::es256_of_everybody("demo"); }

TokenKeys keys() {
    TokenKeys made;
    made.turbine = {secret(turbine_secret), secret("the previous one")};
    made.notiflux = {demo()};
    made.notiflux_rules.audience_refused = true;
    made.notiflux_rules.whole_seconds = true;
    hub::App app{.id = "1", .key = "key1", .secret = std::string(app_secret)};
    made.apps = {app, {.id = "2", .key = "key2", .secret = "another"}};
    return made;
}

Result<std::string> nothing_to_read(const std::string& path) {
    return Error{ErrorKind::io, "cannot read " + path};
}

TokenAnswer answer(const Args& args, const TokenKeys& with = keys(),
                   const ReadText& read_text = nothing_to_read, Now when = now) {
    const auto request = parse_token_request(args);
    EXPECT_TRUE(request.has_value()) << request.error().message;
    auto answered = answer_token_request(*request, with, when, read_text);
    for (const auto secret : {turbine_secret, app_secret}) {
        EXPECT_THAT(answered.text, Not(HasSubstr(std::string(secret))));
        EXPECT_THAT(answered.notes, Not(HasSubstr(std::string(secret))));
    }
    return answered;
}

// The token alone, as a shell's $(…) has it.
std::string made(const Args& args, const TokenKeys& with = keys()) {
    auto answered = answer(args, with);
    EXPECT_EQ(answered.exit_code, 0) << answered.notes;
    EXPECT_TRUE(answered.text.ends_with('\n'));
    answered.text.pop_back();
    return answered.text;
}

Now after_s(std::int64_t seconds) {
    return {.steady_ns = 0, .unix_ms = now.unix_ms + seconds * 1000};
}

// ---- turbine ----

TEST(TokenCommand, makes_a_token_that_turbine_takes) {
    const auto answered = answer({"turbine", "--sub", "alice", "--channel", "chat:lobby"});
    EXPECT_EQ(answered.exit_code, 0);
    EXPECT_EQ(answered.notes,
              "for \"alice\": allows the channels \"chat:lobby\"\n"
              "until 2027-01-15 09:00:00 UTC (in 60 min)\n");
    EXPECT_EQ(answer({"turbine", "--check",
                      made({"turbine", "--sub", "alice", "--channel", "chat:lobby"})})
                  .text,
              "good: this server takes it\n"
              "  for      \"alice\"\n"
              "  allows   the channels \"chat:lobby\"\n"
              "  until    2027-01-15 09:00:00 UTC (in 60 min), and 60 s of leeway\n");
}

TEST(TokenCommand, says_when_every_channel_is_allowed) {
    EXPECT_THAT(answer({"turbine", "--sub", "alice"}).notes, HasSubstr("allows every channel"));
    const auto token = made({"turbine", "--sub", "alice"});
    EXPECT_THAT(answer({"turbine", "--check", token}).text, HasSubstr("allows   every channel\n"));
}

TEST(TokenCommand, makes_what_the_rules_ask_for) {
    auto strict = keys();
    strict.turbine_rules = {.key_id = "k1", .issuer = "us", .audience = "them"};
    EXPECT_EQ(
        answer({"turbine", "--check", made({"turbine", "--sub", "a"}, strict)}, strict).exit_code,
        0);
}

TEST(TokenCommand, puts_a_name_into_json_and_not_beside_it) {
    const std::string name = "a\",\"exp\":9e9,\"x\":\"\n";
    const auto answered = answer({"turbine", "--check", made({"turbine", "--sub=" + name})});
    EXPECT_THAT(answered.text, HasSubstr(R"(for      "a\",\"exp\":9e9,\"x\":\"\n")"));
    EXPECT_THAT(answered.text, HasSubstr("in 60 min"));
}

TEST(TokenCommand, makes_no_token_without_a_secret) {
    const auto answered = answer({"turbine", "--sub", "a"}, {});
    EXPECT_EQ(answered.exit_code, 2);
    EXPECT_EQ(answered.text, "");
    EXPECT_THAT(answered.notes, HasSubstr("no secret for turbine"));
}

TEST(TokenCommand, says_how_long_ago_a_token_expired) {
    const auto token = made({"turbine", "--sub", "a", "--expires", "60"});
    EXPECT_EQ(
        answer({"turbine", "--check", token}, keys(), nothing_to_read, after_s(120)).exit_code, 0);
    const auto late = answer({"turbine", "--check", token}, keys(), nothing_to_read, after_s(132));
    EXPECT_EQ(late.exit_code, 1);
    EXPECT_EQ(late.text,
              "refused: expired: the token has expired\n"
              "  exp      2027-01-15 08:01:00 UTC (72 s ago), and 60 s of leeway\n");
}

TEST(TokenCommand, says_from_when_on_a_token_is_valid) {
    const auto token = *auth::sign_jwt(
        secret(turbine_secret), R"({"sub":"a","exp":1900000000,"nbf":1800007200,"channels":[]})");
    EXPECT_EQ(answer({"turbine", "--check", token}).text,
              "refused: not_yet_valid: the token is not valid yet\n"
              "  nbf      2027-01-15 10:00:00 UTC (in 2 h), and 60 s of leeway\n");
}

TEST(TokenCommand, says_which_rule_refused) {
    const auto refusal = [](const std::string& token) {
        const auto answered = answer({"turbine", "--check", token});
        EXPECT_EQ(answered.exit_code, 1);
        return answered.text;
    };
    EXPECT_EQ(refusal("hello"), "refused: malformed: the token does not have three parts\n");
    EXPECT_EQ(refusal(*auth::sign_jwt(secret("wrong"), R"({"exp":1900000000})")),
              "refused: signature: the signature is wrong\n");
    EXPECT_EQ(refusal(*auth::sign_jwt(demo(), R"({"exp":1900000000})")),
              "refused: algorithm: the token is signed with another algorithm\n"
              "  wanted   HS256\n");
    EXPECT_EQ(refusal(*auth::sign_jwt(secret(turbine_secret), R"({"sub":"a","exp":1900000000})")),
              "refused: claim: the claim \"channels\" is missing\n");
    EXPECT_EQ(refusal(*auth::sign_jwt(secret(turbine_secret),
                                      R"({"sub":"a","exp":1900000000,"channels":"all"})")),
              "refused: claim: the claim \"channels\" is no list of texts\n");
    EXPECT_EQ(refusal(*auth::sign_jwt(secret(turbine_secret),
                                      R"({"sub":7,"exp":1900000000,"channels":[]})")),
              "refused: claim: the claim \"sub\" is no text\n");
}

TEST(TokenCommand, says_that_a_previous_key_signed) {
    const auto token = *auth::sign_jwt(secret("the previous one"),
                                       R"({"sub":"a","exp":1900000000,"channels":[]})");
    EXPECT_THAT(answer({"turbine", "--check", token}).text, HasSubstr("with a previous key"));
    EXPECT_THAT(answer({"turbine", "--check", made({"turbine", "--sub", "a"})}).text,
                Not(HasSubstr("previous")));
}

TEST(TokenCommand, answers_whether_a_channel_is_allowed) {
    const auto token = made({"turbine", "--sub", "a", "--channel", "one", "--channel", "two"});
    const auto both = answer({"turbine", "--check", token, "--channel", "one", "--channel", "two"});
    EXPECT_EQ(both.exit_code, 0);
    const auto some = answer({"turbine", "--check", token, "--channel", "one", "--channel", "on"});
    EXPECT_EQ(some.exit_code, 1);
    EXPECT_THAT(some.text, HasSubstr("  yes      \"one\"\n  no       \"on\"\n"));
    const auto every = made({"turbine", "--sub", "a"});
    EXPECT_EQ(answer({"turbine", "--check", every, "--channel", "any"}).exit_code, 0);
}

TEST(TokenCommand, reads_the_token_where_no_history_keeps_it) {
    const auto token = made({"turbine", "--sub", "a"});
    const auto answered = answer({"turbine", "--check", "-"}, keys(),
                                 [&](const std::string& path) -> Result<std::string> {
                                     EXPECT_EQ(path, "-");
                                     return " " + token + "\r\n";
                                 });
    EXPECT_EQ(answered.exit_code, 0) << answered.text;
    EXPECT_EQ(answer({"turbine", "--check", "-"}).exit_code, 2);
}

TEST(TokenCommand, lets_no_token_write_on_the_terminal) {
    const auto token = *auth::sign_jwt(
        secret(turbine_secret),
        "{\"sub\":\"\\u001b[2J\\u202eevil\",\"exp\":1900000000,\"channels\":[\"\\u0007\"]}");
    const auto text = answer({"turbine", "--check", token}).text;
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\x07")));
    EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
}

// ---- notiflux ----

TEST(TokenCommand, makes_a_token_that_notiflux_takes) {
    const auto token = made({"notiflux", "--scope", "subscribe", "--topic", "a", "--topic", "b"});
    const auto answered = answer({"notiflux", "--check", token});
    EXPECT_EQ(answered.exit_code, 0);
    EXPECT_THAT(answered.text, HasSubstr("for      \"carillon\"\n"));
    EXPECT_THAT(answered.text, HasSubstr("allows   to subscribe to \"a\" \"b\"\n"));
    EXPECT_THAT(answer({"notiflux", "--scope", "broadcast", "--topic", "a", "--sub", "me"}).notes,
                HasSubstr("for \"me\": allows to broadcast to \"a\"\n"));
}

TEST(TokenCommand, says_that_an_empty_list_of_topics_allows_nothing) {
    const auto token =
        *auth::sign_jwt(demo(), R"({"sub":"a","exp":1900000000,"scope":"subscribe","topics":[]})");
    EXPECT_THAT(answer({"notiflux", "--check", token}).text, HasSubstr("allows   nothing"));
    EXPECT_EQ(answer({"notiflux", "--check", token, "--topic", "a"}).exit_code, 1);
}

TEST(TokenCommand, answers_whether_a_scope_is_allowed) {
    const auto token = made({"notiflux", "--scope", "subscribe", "--topic", "a"});
    EXPECT_EQ(
        answer({"notiflux", "--check", token, "--scope", "subscribe", "--topic", "a"}).exit_code,
        0);
    const auto answered = answer({"notiflux", "--check", token, "--scope", "broadcast"});
    EXPECT_EQ(answered.exit_code, 1);
    EXPECT_THAT(answered.text, HasSubstr("  no       broadcast\n"));
}

TEST(TokenCommand, says_what_notiflux_does_not_take) {
    const auto refusal = [](std::string_view payload) {
        return answer({"notiflux", "--check", *auth::sign_jwt(demo(), payload)}).text;
    };
    EXPECT_EQ(refusal(R"({"sub":"a","exp":1900000000,"scope":"admin","topics":["t"]})"),
              "refused: claim: the claim \"scope\" is neither \"subscribe\" nor \"broadcast\"\n");
    EXPECT_THAT(refusal(R"({"sub":"a","exp":1900000000.5,"scope":"subscribe","topics":["t"]})"),
                HasSubstr("refused: claim: the claim \"exp\""));
    EXPECT_THAT(
        refusal(R"({"sub":"a","exp":1900000000,"aud":"x","scope":"subscribe","topics":["t"]})"),
        HasSubstr("refused: audience"));
}

TEST(TokenCommand, signs_with_the_key_of_a_file) {
    // A public key alone is what a server of notiflux usually has.
    auto with = keys();
    with.notiflux = {*auth::JwtKey::from_pem(demo().public_pem())};
    const auto without = answer({"notiflux", "--scope", "subscribe", "--topic", "a"}, with);
    EXPECT_EQ(without.exit_code, 2);
    EXPECT_THAT(without.notes, HasSubstr("--key FILE"));

    constexpr std::string_view pem = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfSCZn0SxGcgr66nH
NzX3LGr0uiL7LbPaej7Y0I6eerKhRANCAAQ3xaROcNjQBGHJktshuG82izwR8PuV
q03DT2f2bsttqhEitSuv/a69+RbmgFbvfsrNHBSUXpTAnZpqPdvrOn0+
-----END PRIVATE KEY-----
)";
    const auto reading = [](std::string_view text) {
        return [text](const std::string& path) -> Result<std::string> {
            EXPECT_EQ(path, "/k.pem");
            return std::string(text);
        };
    };
    const Args args{"notiflux", "--scope", "subscribe", "--topic", "a", "--key", "/k.pem"};
    const auto strange = answer(args, with, reading(pem));
    EXPECT_EQ(strange.exit_code, 0) << strange.notes;
    EXPECT_EQ(strange.notes, "this server would refuse it: signature: the signature is wrong\n");

    EXPECT_THAT(answer(args, with, reading(demo().public_pem())).notes,
                HasSubstr("/k.pem holds a public key"));
    EXPECT_EQ(answer(args, with, reading("no key")).notes, "no key in PEM was found\n");
    EXPECT_EQ(answer(args, with).notes, "cannot read /k.pem\n");
}

// ---- pusher ----

TEST(TokenCommand, answers_as_an_auth_endpoint) {
    const auto app = keys().apps.front();
    const auto answered = answer({"pusher", "--socket-id", "1.2", "--channel", "private-x"});
    EXPECT_EQ(answered.exit_code, 0);
    EXPECT_EQ(answered.text, R"({"auth":"key1:)" +
                                 pusher::channel_signature(app, "1.2", "private-x", "") + "\"}\n");
    EXPECT_THAT(answered.notes, HasSubstr("socket 1.2 to join \"private-x\" of the app \"1\""));

    const std::string member = R"({"user_id":"7"})";
    const auto presence = answer({"pusher", "--socket-id", "1.2", "--channel", "presence-x",
                                  "--member", member, "--app", "2"});
    EXPECT_EQ(presence.text,
              R"({"auth":"key2:)" +
                  pusher::channel_signature(keys().apps[1], "1.2", "presence-x", member) +
                  R"(","channel_data":"{\"user_id\":\"7\"}"})" + "\n");
}

TEST(TokenCommand, signs_nothing_that_pusher_would_refuse) {
    const auto complaint = [](const Args& args) {
        const auto answered = answer(args);
        EXPECT_EQ(answered.exit_code, 2);
        EXPECT_EQ(answered.text, "");
        return answered.notes;
    };
    const auto with = [](std::string socket, std::string channel, std::string member = {}) {
        Args args{"pusher", "--socket-id=" + socket, "--channel=" + channel};
        if (!member.empty()) args.push_back("--member=" + member);
        return args;
    };
    EXPECT_THAT(complaint(with("12", "private-x")), HasSubstr("--socket-id is two numbers"));
    EXPECT_THAT(complaint(with("1.2", "x")), HasSubstr("needs no token"));
    EXPECT_THAT(complaint(with("1.2", "presence-x")), HasSubstr("needs --member"));
    EXPECT_THAT(complaint(with("1.2", "private-x", "{}")), HasSubstr("only a presence channel"));
    EXPECT_THAT(complaint(with("1.2", "private-x y")), HasSubstr("subscription_name"));
    EXPECT_THAT(complaint(with("1.2", "presence-x", "{}")), HasSubstr("subscription_member_data"));
    EXPECT_THAT(complaint(with("1.2", "presence-x", "no json")),
                HasSubstr("subscription_member_data"));
    EXPECT_THAT(complaint({"pusher", "--socket-id=1.2", "--channel=private-x", "--app=9"}),
                HasSubstr("no app with the id \"9\""));
}

TEST(TokenCommand, checks_a_signature_of_pusher) {
    const auto auth =
        "key1:" + pusher::channel_signature(keys().apps.front(), "1.2", "private-x", "");
    const auto check = [&](std::string socket, std::string channel, Args more = {}) {
        Args args{"pusher", "--check", auth, "--socket-id", socket, "--channel", channel};
        args.insert(args.end(), more.begin(), more.end());
        return answer(args);
    };
    EXPECT_EQ(check("1.2", "private-x").exit_code, 0);
    EXPECT_EQ(check("1.3", "private-x").exit_code, 1);
    EXPECT_EQ(check("1.2", "private-y").exit_code, 1);
    EXPECT_THAT(check("1.2", "private-y").text, HasSubstr("refused: subscription_unauthorized"));
    EXPECT_THAT(check("1.2", "private-x", {"--app", "2"}).text, HasSubstr("not of the app \"2\""));
}

TEST(TokenCommand, helps) {
    const auto answered = answer({"--help"});
    EXPECT_EQ(answered.exit_code, 0);
    EXPECT_THAT(answered.text, HasSubstr("carillon token turbine"));
}

TEST(TokenCommand, prints_what_the_server_is_configured_with_for_a_private_key) {
    const auto text = made({"notiflux", "--public-key"});
    const auto pem = auth::decode_base64(text);
    ASSERT_TRUE(pem.has_value());
    EXPECT_EQ(*pem, demo().public_pem());
    EXPECT_THAT(*pem, Not(HasSubstr("PRIVATE")));
    EXPECT_FALSE(parse_token_request({"notiflux", "--public-key=yes"}).has_value());
    EXPECT_FALSE(parse_token_request({"turbine", "--public-key"}).has_value());
}

}  // namespace
}  // namespace carillon::server
