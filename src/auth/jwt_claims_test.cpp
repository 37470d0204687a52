#include "auth/jwt_claims.h"

#include <gtest/gtest.h>

#include "auth/testing_jwt.h"
#include "json/testing.h"

namespace carillon::auth {
namespace {

using namespace testing;  // keys and tokens

TEST(Jwt, wants_every_claim_that_is_asked_for) {
    std::string payload;
    std::array<json::Member, 2> claims{{{"sub"}, {"channels"}}};
    const auto verified =
        JwtVerifier({hs256()}, {}).verify(crafted(good_payload), now, payload, claims);
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().code, static_cast<int>(JwtFault::claim));
    EXPECT_EQ(verified.error().message, "the claim \"channels\" is missing");
}

TEST(Jwt, passes_until_the_leeway_after_exp_is_over) {
    const auto at = [](std::int64_t unix_s, std::int64_t leeway_s) {
        return fault_of_payload(R"({"exp":1000})", {.leeway_s = leeway_s}, unix_s);
    };
    EXPECT_EQ(at(1000, 60), none);
    EXPECT_EQ(at(1060, 60), none);
    EXPECT_EQ(at(1061, 60), JwtFault::expired);
    EXPECT_EQ(at(1000, 0), none);
    EXPECT_EQ(at(1001, 0), JwtFault::expired);
}

TEST(Jwt, passes_from_the_leeway_before_nbf) {
    const auto at = [](std::int64_t unix_s, std::int64_t leeway_s) {
        return fault_of_payload(R"({"exp":9000,"nbf":1000})", {.leeway_s = leeway_s}, unix_s);
    };
    EXPECT_EQ(at(1000, 0), none);
    EXPECT_EQ(at(999, 0), JwtFault::not_yet_valid);
    EXPECT_EQ(at(940, 60), none);
    EXPECT_EQ(at(939, 60), JwtFault::not_yet_valid);
}

TEST(Jwt, wants_an_exp_that_is_a_number) {
    for (const std::string_view payload :
         {R"({})", R"({"exp":"1800003600"})", R"({"exp":null})", R"({"exp":true})",
          R"({"exp":[1800003600]})", R"({"exp":{}})", R"({"exp":""})", R"({"Exp":1800003600})",
          R"({"a":{"exp":1800003600}})"}) {
        EXPECT_EQ(fault_of_payload(payload), JwtFault::claim) << payload;
    }
    for (const std::string_view payload :
         {R"({"exp":NaN})", R"({"exp":Infinity})", R"({"exp":0x7fffffff})", R"({"exp":+1})",
          R"({"exp":1.})", R"({"exp":.5})", R"({"exp":1e})", R"({"exp":-})"}) {
        EXPECT_EQ(fault_of_payload(payload), JwtFault::malformed) << payload;
    }
}

TEST(Jwt, wants_an_nbf_that_is_a_number_if_it_is_there) {
    for (const std::string_view nbf : {"\"1\"", "null", "true", "[1]", "{}", "1e400"}) {
        const auto payload = R"({"exp":1800003600,"nbf":)" + std::string(nbf) + "}";
        EXPECT_EQ(fault_of_payload(payload), JwtFault::claim) << nbf;
    }
}

TEST(Jwt, cuts_the_fraction_of_a_second_off) {
    const auto at = [](std::string_view exp, std::int64_t unix_s) {
        return fault_of_payload(R"({"exp":)" + std::string(exp) + "}", {.leeway_s = 0}, unix_s);
    };
    EXPECT_EQ(at("1000.999", 1000), none);
    EXPECT_EQ(at("1000.999", 1001), JwtFault::expired);
    EXPECT_EQ(at("1000.99999999999999999999999999999", 1001), JwtFault::expired);
    EXPECT_EQ(at("1e3", 1000), none);
    EXPECT_EQ(at("1.0009e3", 1001), JwtFault::expired);
    EXPECT_EQ(at("10000e-1", 1000), none);
    EXPECT_EQ(at("-0.5", 0), none);
    EXPECT_EQ(at("-0.5", 1), JwtFault::expired);
}

TEST(Jwt, takes_only_whole_seconds_where_the_rules_say_so) {
    const JwtRules rules{.whole_seconds = true};
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600})", rules), none);
    for (const std::string_view exp : {"1800003600.5", "1800003600.0", "1.8e9", "18E8"}) {
        EXPECT_EQ(fault_of_payload(R"({"exp":)" + std::string(exp) + "}", rules), JwtFault::claim);
    }
}

TEST(Jwt, takes_no_time_that_64_bits_cannot_hold) {
    const auto of = [](std::string_view exp, std::int64_t leeway_s = 60) {
        return fault_of_payload(R"({"exp":)" + std::string(exp) + "}", {.leeway_s = leeway_s});
    };
    EXPECT_EQ(of("9223372036854775807"), none);
    EXPECT_EQ(of("9223372036854775807", INT64_MAX), none);
    EXPECT_EQ(of("9e18"), none);
    EXPECT_EQ(of("-1"), JwtFault::expired);
    EXPECT_EQ(of("-9223372036854775808"), JwtFault::expired);
    EXPECT_EQ(of("-9223372036854775808", -1), JwtFault::expired);
    EXPECT_EQ(of("0"), JwtFault::expired);
    for (const std::string_view exp :
         {"9223372036854775808", "-9223372036854775809", "1e19", "-1e19", "9.3e18", "1e400",
          "-1e400", "1e999999999999", "99999999999999999999999999999.5"}) {
        EXPECT_EQ(of(exp), JwtFault::claim) << exp;
    }
    // Also where "now" is as far away as can be.
    EXPECT_EQ(fault_of_payload(R"({"exp":5,"nbf":9223372036854775807})", {}, INT64_MIN),
              JwtFault::not_yet_valid);
    EXPECT_EQ(fault_of_payload(R"({"exp":9223372036854775807,"nbf":5})", {}, INT64_MAX), none);
}

TEST(Jwt, asks_for_the_issuer_if_there_is_one) {
    const JwtRules rules{.issuer = "us"};
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"iss":"us"})", rules), none);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"iss":"them"})", rules), JwtFault::issuer);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"iss":""})", rules), JwtFault::issuer);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600})", rules), JwtFault::claim);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"iss":["us"]})", rules), JwtFault::claim);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"iss":1})", rules), JwtFault::claim);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"iss":1})"), none);
}

TEST(Jwt, asks_for_the_audience_if_there_is_one) {
    const JwtRules rules{.audience = "us"};
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":"us"})", rules), none);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":["them","us"]})", rules), none);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":"them"})", rules), JwtFault::audience);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":["them"]})", rules), JwtFault::audience);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":[]})", rules), JwtFault::audience);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600})", rules), JwtFault::claim);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":["us",1]})", rules), JwtFault::claim);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":{"us":1}})", rules), JwtFault::claim);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":"anybody"})"), none);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":7})"), none);
}

TEST(Jwt, refuses_every_audience_where_the_rules_say_so) {
    const JwtRules rules{.audience_refused = true};
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600})", rules), none);
    for (const std::string_view aud : {"\"them\"", "[]", "[\"them\"]", "null", "7"}) {
        EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"aud":)" + std::string(aud) + "}", rules),
                  JwtFault::audience);
    }
}

TEST(JwtClaims, are_what_they_are_and_nothing_else) {
    const auto text_fault = [](std::string_view value) {
        const auto keep = json::testing::padded(value);
        const auto text = text_claim({"sub", keep});
        return text.has_value() ? "none" : text.error().message;
    };
    const auto texts_fault = [](std::string_view value) {
        const auto keep = json::testing::padded(value);
        const auto texts = texts_claim({"topics", keep});
        return texts.has_value() ? "none" : texts.error().message;
    };
    EXPECT_EQ(text_fault(R"("")"), "none");
    EXPECT_EQ(text_fault(""), "the claim \"sub\" is missing");
    for (const std::string_view value : {"1", "null", "true", "[\"a\"]", "{}"}) {
        EXPECT_EQ(text_fault(value), "the claim \"sub\" is no text") << value;
    }
    EXPECT_EQ(texts_fault("[]"), "none");
    EXPECT_EQ(texts_fault(""), "the claim \"topics\" is missing");
    for (const std::string_view value :
         {"1", "null", "\"a\"", "{}", "[1]", "[\"a\",null]", "[[\"a\"]]"}) {
        EXPECT_EQ(texts_fault(value), "the claim \"topics\" is no list of texts") << value;
    }
    EXPECT_EQ(text_claim({"sub", "1"}).error().code, static_cast<int>(JwtFault::claim));
}

}  // namespace
}  // namespace carillon::auth
