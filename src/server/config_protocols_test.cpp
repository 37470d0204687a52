// The settings of Turbine and notiflux: when each is spoken, what is refused, and what the
// demonstration brings along.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/base64.h"
#include "auth/jwt.h"
#include "server/check_config.h"
#include "server/testing_load.h"
#include "server/tokens.h"

namespace carillon::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::lines_of;
using testing::load_environment;
using testing::load_file;
using ::testing::Not;

std::string base64_of(std::string_view text) {
    base::Buffer out;
    auth::append_base64(text, out);
    return std::string(out.view());
}

// As `base64` of the core utilities writes it.
std::string wrapped(std::string text) {
    for (std::size_t at = 76; at < text.size(); at += 77) text.insert(at, "\n");
    return text + "\n";
}

std::string own_key() {
    return base64_of(auth::JwtKey::es256_of_everybody("not the demo's").public_pem());
}

TEST(ConfigProtocols, are_all_spoken_in_the_demonstration_with_what_everybody_knows) {
    const auto config = load({}).config;
    EXPECT_TRUE(is_demo(config));
    EXPECT_EQ(config.turbine.jwt_secret, "devsecret");
    EXPECT_EQ(config.turbine.api_key, "devkey");
    EXPECT_EQ(config.notiflux.jwt_public_key_b64, demo_notiflux_key_b64());
    EXPECT_EQ(config.turbine.app, "turbine");
    EXPECT_EQ(config.notiflux.app, "notiflux");
}

TEST(ConfigProtocols, are_off_beside_somebodys_own_app) {
    const auto config = load_environment({{"SOCKUDO_DEFAULT_APP_ID", "1"},
                                          {"SOCKUDO_DEFAULT_APP_KEY", "k"},
                                          {"SOCKUDO_DEFAULT_APP_SECRET", "s"}})
                            .config;
    EXPECT_FALSE(is_demo(config));
    EXPECT_THAT(config.turbine.jwt_secret, IsEmpty());
    EXPECT_THAT(config.notiflux.jwt_public_key_b64, IsEmpty());
}

TEST(ConfigProtocols, bring_no_demo_app_along_when_they_are_all_there_is) {
    const auto turbine =
        load_environment({{"TURBINE_JWT_SECRET", "s"}, {"TURBINE_API_KEY", "k"}, {"HOST", "::"}});
    EXPECT_THAT(lines_of(turbine), IsEmpty());
    EXPECT_THAT(turbine.config.apps, IsEmpty());
    EXPECT_TRUE(check_exposure(turbine.config).has_value());
    const auto notiflux = load_environment({{"JWT_PUBLIC_KEY_B64", own_key()}, {"HOST", "::"}});
    EXPECT_THAT(notiflux.config.apps, IsEmpty());
    EXPECT_TRUE(check_exposure(notiflux.config).has_value());
}

TEST(ConfigProtocols, are_refused_beyond_loopback_with_what_everybody_knows) {
    const auto refusal = [](Environment environment) {
        environment.emplace("HOST", "0.0.0.0");
        const auto checked = check_exposure(load_environment(std::move(environment)).config);
        return checked.has_value() ? "" : checked.error().message;
    };
    EXPECT_THAT(refusal({{"TURBINE_JWT_SECRET", "devsecret"}, {"TURBINE_API_KEY", "k"}}),
                HasSubstr("turbine"));
    EXPECT_THAT(refusal({{"TURBINE_JWT_SECRET", "s"}, {"TURBINE_API_KEY", "devkey"}}),
                HasSubstr("turbine"));
    EXPECT_THAT(refusal({{"TURBINE_JWT_SECRET", "s"},
                         {"TURBINE_JWT_SECRET_PREVIOUS", "devsecret"},
                         {"TURBINE_API_KEY", "k"}}),
                HasSubstr("turbine"));
    EXPECT_THAT(refusal({{"JWT_PUBLIC_KEY_B64", demo_notiflux_key_b64()}}), HasSubstr("notiflux"));
    EXPECT_THAT(refusal({{"JWT_PUBLIC_KEY_B64", own_key()},
                         {"JWT_PUBLIC_KEY_B64_PREVIOUS", demo_notiflux_key_b64()}}),
                HasSubstr("notiflux"));
    // The same key in other clothes: without its last line's end, and in one line.
    auto pem = auth::decode_base64(demo_notiflux_key_b64()).value();
    pem.pop_back();
    ASSERT_NE(base64_of(pem), demo_notiflux_key_b64());
    EXPECT_THAT(refusal({{"JWT_PUBLIC_KEY_B64", base64_of(pem)}}), HasSubstr("notiflux"));
    EXPECT_THAT(refusal({}), HasSubstr("app demo-app, turbine, notiflux"));
}

TEST(ConfigProtocols, of_turbine_needs_both_the_secret_and_the_key) {
    EXPECT_THAT(
        lines_of(load_environment({{"TURBINE_JWT_SECRET", "s"}})),
        ElementsAre("error: turbine.api_key: required with turbine.jwt_secret (TURBINE_API_KEY)"));
    EXPECT_THAT(
        lines_of(load_environment({{"TURBINE_API_KEY", "k"}})),
        ElementsAre(
            "error: turbine.jwt_secret: required with turbine.api_key (TURBINE_JWT_SECRET)"));
}

TEST(ConfigProtocols, take_a_notiflux_key_in_one_line_or_wrapped) {
    const auto key = own_key();
    for (const auto& text : {key, wrapped(key), " " + key + "\r\n"}) {
        const auto loaded = load_environment({{"JWT_PUBLIC_KEY_B64", text}});
        EXPECT_THAT(lines_of(loaded), IsEmpty());
        EXPECT_EQ(loaded.config.notiflux.jwt_public_key_b64, key);
    }
}

TEST(ConfigProtocols, refuse_a_notiflux_key_that_is_none_and_repeat_nothing_of_it) {
    for (const std::string& text :
         {std::string("hunter2"), base64_of("hunter2"), own_key().substr(0, 40),
          base64_of("-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----\n")}) {
        const auto loaded = load_environment({{"JWT_PUBLIC_KEY_B64", text}});
        EXPECT_TRUE(loaded.failed()) << text;
        EXPECT_THAT(lines_of(loaded), Contains(HasSubstr("error: JWT_PUBLIC_KEY_B64: ")));
        EXPECT_THAT(lines_of(loaded), Not(Contains(HasSubstr(text))));
        EXPECT_THAT(lines_of(loaded), Not(Contains(HasSubstr("hunter2"))));
    }
    const auto previous = load_environment(
        {{"JWT_PUBLIC_KEY_B64", own_key()}, {"JWT_PUBLIC_KEY_B64_PREVIOUS", base64_of("x")}});
    EXPECT_THAT(lines_of(previous), Contains(HasSubstr("JWT_PUBLIC_KEY_B64_PREVIOUS: ")));
}

TEST(ConfigProtocols, are_read_from_the_file_too) {
    const auto loaded = load_file(R"({"turbine": {"app": "shop", "jwt_secret": "one",
        "jwt_secret_previous": "two", "api_key": "three", "connect_timeout": 10,
        "jwt": {"leeway": 5, "issuer": "me", "audience": "you", "key_id": "k1"}},
        "notiflux": {"app": "shop", "honest_statuses": true, "jwt": {"leeway_s": 7}}})");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    const auto& [turbine, notiflux] = std::tie(loaded.config.turbine, loaded.config.notiflux);
    EXPECT_EQ(turbine.app, "shop");
    EXPECT_EQ(turbine.jwt_secret_previous, "two");
    EXPECT_EQ(turbine.connect_timeout_s, 10U);
    EXPECT_EQ(turbine.jwt.leeway_s, 5U);
    EXPECT_EQ(turbine.jwt.audience, "you");
    EXPECT_TRUE(notiflux.honest_statuses);
    EXPECT_EQ(notiflux.jwt.leeway_s, 7U);
}

TEST(ConfigProtocols, never_print_a_secret) {
    const auto text = check_config({.environment = {{"TURBINE_JWT_SECRET", "hunter2"},
                                                    {"TURBINE_JWT_SECRET_PREVIOUS", "hunter3"},
                                                    {"TURBINE_API_KEY", "hunter4"},
                                                    {"NATS_URL", "nats://user:hunter5@127.0.0.1"}}})
                          .text;
    EXPECT_THAT(text, Not(HasSubstr("hunter")));
    EXPECT_THAT(text, HasSubstr("turbine.jwt_secret = ********"));
}

TEST(ConfigProtocols, take_a_token_of_the_key_before_while_keys_change) {
    TurbineConfig turbine;
    turbine.jwt_secret = "new";
    turbine.jwt_secret_previous = "old";
    const auto tokens = turbine_tokens(turbine);
    ASSERT_TRUE(tokens.has_value());
    for (const auto* secret : {"new", "old", "other"}) {
        const auto token =
            auth::sign_jwt(auth::JwtKey::hs256(secret).value(), R"({"exp":100})").value();
        std::string payload;
        EXPECT_EQ(tokens->verify(token, 50, payload, {}).has_value(),
                  secret != std::string("other"));
    }
}

TEST(ConfigProtocols, of_notiflux_refuse_a_token_for_somebody_else_and_half_seconds) {
    NotifluxConfig notiflux;
    notiflux.jwt_public_key_b64 = demo_notiflux_key_b64();
    const auto tokens = notiflux_tokens(notiflux);
    ASSERT_TRUE(tokens.has_value());
    const auto passes = [&](std::string_view claims) {
        std::string payload;
        const auto token = auth::sign_jwt(demo_notiflux_key(), claims).value();
        return tokens->verify(token, 50, payload, {}).has_value();
    };
    EXPECT_TRUE(passes(R"({"exp":100})"));
    EXPECT_TRUE(passes(R"({"exp":-9})"));  // 59 s ago, within the leeway
    EXPECT_FALSE(passes(R"({"exp":-11})"));
    EXPECT_FALSE(passes(R"({"exp":100,"aud":"somebody"})"));
    EXPECT_FALSE(passes(R"({"exp":100.5})"));
}

}  // namespace
}  // namespace carillon::server
