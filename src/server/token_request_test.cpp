#include "server/token_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Args = std::vector<std::string>;

std::string complaint(const Args& args) {
    const auto request = parse_token_request(args);
    return request.has_value() ? "" : request.error().message;
}

TEST(TokenRequest, says_whose_token_and_what_is_to_be_in_it) {
    const auto turbine = parse_token_request({"turbine", "--sub", "alice", "--channel", "a",
                                              "--channel=b", "--expires", "60", "--config", "/c"});
    ASSERT_TRUE(turbine.has_value()) << turbine.error().message;
    EXPECT_EQ(turbine->protocol, TokenProtocol::turbine);
    EXPECT_EQ(turbine->sub, "alice");
    EXPECT_THAT(turbine->names, ElementsAre("a", "b"));
    EXPECT_EQ(turbine->expires_s, 60);
    EXPECT_EQ(turbine->config_path, "/c");

    const auto notiflux = parse_token_request(
        {"notiflux", "--scope", "broadcast", "--topic", "t", "--key", "/k.pem"});
    ASSERT_TRUE(notiflux.has_value()) << notiflux.error().message;
    EXPECT_EQ(notiflux->scope, "broadcast");
    EXPECT_EQ(notiflux->key_path, "/k.pem");
    EXPECT_EQ(notiflux->expires_s, 3600);

    const auto pusher = parse_token_request({"pusher", "--socket-id", "1.2", "--channel",
                                             "presence-x", "--member", "{}", "--app", "7"});
    ASSERT_TRUE(pusher.has_value()) << pusher.error().message;
    EXPECT_EQ(pusher->socket_id, "1.2");
    EXPECT_EQ(pusher->member, "{}");
    EXPECT_EQ(pusher->app, "7");
}

TEST(TokenRequest, takes_a_dash_for_standard_input) {
    EXPECT_EQ(parse_token_request({"turbine", "--check", "-"})->check, "-");
    EXPECT_EQ(parse_token_request({"turbine", "--check=a.b.c"})->check, "a.b.c");
}

TEST(TokenRequest, is_for_help_wherever_that_is_asked) {
    EXPECT_TRUE(parse_token_request({"--help"})->help);
    EXPECT_TRUE(parse_token_request({"help"})->help);
    EXPECT_TRUE(parse_token_request({"pusher", "--help"})->help);
    EXPECT_FALSE(parse_token_request({"turbine", "--sub", "help"})->help);
}

TEST(TokenRequest, says_what_was_perhaps_meant) {
    EXPECT_THAT(complaint({"turbin"}), HasSubstr("did you mean turbine?"));
    EXPECT_THAT(complaint({"turbine", "--chanel", "a"}), HasSubstr("did you mean --channel?"));
    EXPECT_THAT(complaint({"notiflux", "--topics", "a"}), HasSubstr("did you mean --topic?"));
    EXPECT_THAT(complaint({"pusher", "--socket_id", "1.2"}),
                HasSubstr("did you mean --socket-id?"));
    EXPECT_THAT(complaint({}), HasSubstr("turbine, notiflux or pusher"));
    EXPECT_THAT(complaint({"--sub", "a"}), HasSubstr("turbine, notiflux or pusher"));
}

TEST(TokenRequest, asks_for_what_is_missing) {
    EXPECT_THAT(complaint({"turbine"}), HasSubstr("--sub"));
    EXPECT_THAT(complaint({"notiflux", "--topic", "t"}), HasSubstr("--scope"));
    EXPECT_THAT(complaint({"notiflux", "--scope", "subscribe"}), HasSubstr("--topic"));
    EXPECT_THAT(complaint({"pusher", "--channel", "private-x"}), HasSubstr("--socket-id"));
    EXPECT_THAT(complaint({"pusher", "--socket-id", "1.2"}), HasSubstr("--channel"));
    EXPECT_THAT(complaint({"pusher", "--socket-id=1.2", "--channel=a", "--channel=b"}),
                HasSubstr("one --channel"));
    EXPECT_THAT(complaint({"turbine", "--sub"}), HasSubstr("--sub needs a value"));
    EXPECT_THAT(complaint({"turbine", "--sub="}), HasSubstr("--sub needs a value"));
    EXPECT_THAT(complaint({"turbine", "--sub", "--channel", "a"}), HasSubstr("--sub needs"));
    EXPECT_EQ(complaint({"turbine", "--check", "t"}), "");
    EXPECT_EQ(complaint({"notiflux", "--check", "t"}), "");
}

TEST(TokenRequest, refuses_what_belongs_to_another_protocol_or_to_no_check) {
    EXPECT_THAT(complaint({"turbine", "--sub", "a", "--topic", "t"}),
                HasSubstr("--topic does not"));
    EXPECT_THAT(complaint({"turbine", "--sub", "a", "--key", "k"}), HasSubstr("--key does not"));
    EXPECT_THAT(complaint({"turbine", "--check", "t", "--sub", "a"}), HasSubstr("--sub does not"));
    EXPECT_THAT(complaint({"notiflux", "--check", "t", "--expires", "5"}),
                HasSubstr("--expires does not"));
    EXPECT_THAT(complaint({"turbine", "--sub", "a", "--sub", "b"}), HasSubstr("twice"));
}

TEST(TokenRequest, takes_only_a_sensible_time_and_a_known_scope) {
    for (const auto* const expires : {"0", "-1", "x", "1h", "1.5", "99999999999999999999"}) {
        EXPECT_THAT(complaint({"turbine", "--sub", "a", "--expires", expires}),
                    HasSubstr("--expires needs"));
    }
    EXPECT_THAT(complaint({"notiflux", "--topic", "t", "--scope", "publish"}),
                HasSubstr("--scope is"));
}

TEST(TokenRequest, repeats_no_token_that_stands_in_the_wrong_place) {
    const std::string token = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJl";
    for (const auto& args :
         {Args{token}, Args{"turbine", token}, Args{"turbine", "--sub", "a", token},
          Args{"turbine", "--expires", token}, Args{"notiflux", "--scope", token}}) {
        EXPECT_THAT(complaint(args), Not(HasSubstr("eyJ")));
        EXPECT_NE(complaint(args), "");
    }
}

TEST(TokenRequest, has_a_help_that_names_every_flag) {
    for (const auto* const flag :
         {"--config", "--check", "--sub", "--channel", "--topic", "--expires", "--scope", "--key",
          "--socket-id", "--member", "--app"}) {
        EXPECT_THAT(std::string(token_help_text()), HasSubstr(flag));
    }
}

}  // namespace
}  // namespace carillon::server
