#include "auth/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "auth/testing_jwt.h"

namespace carillon::auth {
namespace {

using namespace testing;  // keys and tokens
using ::testing::HasSubstr;
using ::testing::Not;

// ---- good ones ----

TEST(Jwt, takes_the_tokens_of_rfc_7515) {
    std::string secret(64, '\0');
    ASSERT_TRUE(decode_base64url(rfc_a1_secret_base64url, secret.data()));
    constexpr std::int64_t then = 1300819380;
    EXPECT_EQ(fault_of(JwtVerifier({hs256(secret)}, {}), rfc_a1, then), none);
    EXPECT_EQ(fault_of(JwtVerifier({pem(rfc_a2_public)}, {}), rfc_a2, then), none);
    EXPECT_EQ(fault_of(JwtVerifier({pem(rfc_a3_public)}, {}), rfc_a3, then), none);
}

TEST(Jwt, takes_the_tokens_of_another_library) {
    EXPECT_EQ(fault_of(JwtVerifier({hs256()}, {}), pyjwt_hs256), none);
    EXPECT_EQ(fault_of(JwtVerifier({pem(rsa_public)}, {}), pyjwt_rs256), none);
    EXPECT_EQ(fault_of(JwtVerifier({pem(ec_public)}, {}), pyjwt_es256), none);
}

TEST(Jwt, takes_the_tokens_it_made) {
    for (const auto& key :
         {hs256(), pem(rsa_private), pem(ec_private), JwtKey::es256_of_everybody("demo")}) {
        const auto token = sign_jwt(key, good_payload);
        ASSERT_TRUE(token.has_value());
        EXPECT_EQ(fault_of(JwtVerifier({key}, {}), *token), none);
    }
}

TEST(Jwt, makes_the_token_that_others_make) {
    EXPECT_EQ(
        *sign_jwt(hs256(),
                  R"({"sub":"alice","exp":1800003600,"channels":["chat:lobby","news:world"]})"),
        pyjwt_hs256);
}

TEST(Jwt, makes_signatures_of_64_bytes_however_small_their_numbers) {
    const auto key = pem(ec_private);
    const JwtVerifier verifier({key}, {});
    // One in 128 has a zero in front of r or of s.
    for (int i = 0; i < 600; ++i) {
        const auto token = sign_jwt(key, R"({"exp":1800003600})");
        ASSERT_EQ(token->size() - token->rfind('.') - 1, 86U);
        ASSERT_EQ(fault_of(verifier, *token), none);
    }
}

TEST(Jwt, hands_the_claims_over_as_they_were_written) {
    std::string payload;
    std::array<json::Member, 2> claims{{{"channels"}, {"sub"}}};
    const JwtVerifier verifier({hs256()}, {});
    ASSERT_TRUE(verifier.verify(pyjwt_hs256, now, payload, claims).has_value());
    EXPECT_EQ(claims[0].text, R"(["chat:lobby","news:world"])");
    EXPECT_EQ(claims[1].text, R"("alice")");
    EXPECT_EQ(*text_claim(claims[1]), "alice");
    EXPECT_EQ(*texts_claim(claims[0]), (std::vector<std::string>{"chat:lobby", "news:world"}));
}

TEST(Jwt, reads_a_payload_that_is_not_plain_the_same_way) {
    std::string payload;
    std::array<json::Member, 2> claims{{{"sub"}, {"channels"}}};
    const auto token = crafted(
        "{ \"exp\" : 1.8e9, \"sub\" : \"\\u00e9\\n\", \"x\" : {\"sub\":1}, \"channels\" : [ \"a\" "
        "] }");
    ASSERT_TRUE(JwtVerifier({hs256()}, {}).verify(token, now, payload, claims).has_value());
    EXPECT_EQ(*text_claim(claims[0]), "\xc3\xa9\n");
    EXPECT_EQ(*texts_claim(claims[1]), std::vector<std::string>{"a"});
}

TEST(Jwt, forgets_the_claims_of_the_token_before) {
    std::string payload;
    std::array<json::Member, 1> claims{{{"sub"}}};
    const JwtVerifier verifier({hs256()}, {});
    ASSERT_TRUE(verifier.verify(pyjwt_hs256, now, payload, claims).has_value());
    ASSERT_FALSE(
        verifier.verify(crafted(R"({"exp":1800003600})"), now, payload, claims).has_value());
    EXPECT_EQ(claims[0].text, "");
    EXPECT_EQ(payload, "");
}

TEST(Jwt, lets_the_last_of_two_claims_count) {
    EXPECT_EQ(fault_of_payload(R"({"exp":1,"exp":1800003600})"), none);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"exp":1})"), JwtFault::expired);
    EXPECT_EQ(fault_of_payload(R"({"exp":1, "exp":1800003600})"), none);
    EXPECT_EQ(fault_of_payload(R"({"exp":1800003600,"\u0065xp":1})"), JwtFault::expired);
}

// ---- algorithms and keys ----

TEST(Jwt, refuses_a_token_that_nobody_signed) {
    for (const std::string_view alg : {"none", "None", "NONE", "nOnE"}) {
        const auto header = R"({"alg":")" + std::string(alg) + R"("})";
        const auto unsigned_token = part(header) + "." + part(good_payload) + ".";
        EXPECT_EQ(fault_of(unsigned_token), JwtFault::algorithm) << alg;
        EXPECT_EQ(fault_of(crafted(header, good_payload)), JwtFault::algorithm) << alg;
    }
    EXPECT_EQ(fault_of(part(hs256_header) + "." + part(good_payload) + "."), JwtFault::signature);
}

TEST(Jwt, takes_no_public_key_for_a_secret) {
    for (const auto public_pem : {rsa_public, ec_public}) {
        const auto token = crafted(hs256_header, good_payload, public_pem);
        EXPECT_EQ(fault_of(JwtVerifier({pem(public_pem)}, {}), token), JwtFault::algorithm);
        // Nor under the name of the key's own algorithm.
        const auto own = name_of(pem(public_pem).algorithm());
        const auto renamed =
            crafted(R"({"alg":")" + std::string(own) + R"("})", good_payload, public_pem);
        EXPECT_EQ(fault_of(JwtVerifier({pem(public_pem)}, {}), renamed), JwtFault::signature);
    }
}

TEST(Jwt, wants_exactly_the_algorithm_of_the_key) {
    const JwtVerifier rsa({pem(rsa_public)}, {});
    const JwtVerifier ec({pem(ec_public)}, {});
    EXPECT_EQ(fault_of(ec, pyjwt_rs256), JwtFault::algorithm);
    EXPECT_EQ(fault_of(rsa, pyjwt_es256), JwtFault::algorithm);
    EXPECT_EQ(fault_of(rsa, pyjwt_hs256), JwtFault::algorithm);
    EXPECT_EQ(fault_of(pyjwt_es256), JwtFault::algorithm);
    for (const std::string_view header :
         {R"({"alg":"hs256"})", R"({"alg":"HS384"})", R"({"alg":"HS256 "})", R"({"alg":256})",
          R"({"alg":null})", R"({"alg":["HS256"]})", R"({"alg":""})", R"({})", R"({"ALG":"HS256"})",
          R"({"alg":"HS256","alg":"none"})"}) {
        EXPECT_EQ(fault_of(crafted(header, good_payload)), JwtFault::algorithm) << header;
    }
}

TEST(Jwt, reads_the_algorithm_however_the_header_is_written) {
    for (const std::string_view header :
         {R"({"alg":"HS256","typ":"JWT"})", R"({"typ":"JWT","alg":"HS256"})", R"({"alg":"HS256"})",
          R"({"alg":"none","alg":"HS256"})", R"( { "alg" : "HS256" } )", R"({"\u0061lg":"HS256"})",
          R"({"alg":"\u0048S256","typ":7,"cty":{"a":[]}})"}) {
        EXPECT_EQ(fault_of(crafted(header, good_payload)), none) << header;
        EXPECT_EQ(fault_of(JwtVerifier({pem(ec_public)}, {}), crafted(header, good_payload)),
                  JwtFault::algorithm)
            << header;
    }
    // The headers that are recognised without being read say what they seem to say.
    for (const auto& key : {hs256(), pem(rsa_public), pem(ec_public)}) {
        const auto alg = R"("alg":")" + std::string(name_of(key.algorithm())) + '"';
        for (const auto& header :
             {"{" + alg + R"(,"typ":"JWT"})", R"({"typ":"JWT",)" + alg + "}"}) {
            for (const auto& other : {hs256(), pem(rsa_public), pem(ec_public)}) {
                const bool agrees = other.algorithm() == key.algorithm();
                const auto fault = fault_of(JwtVerifier({other}, {}),
                                            part(header) + "." + part(good_payload) + ".");
                EXPECT_EQ(fault, agrees ? JwtFault::signature : JwtFault::algorithm) << header;
            }
        }
    }
}

TEST(Jwt, passes_with_the_current_key_and_with_the_previous_one) {
    const auto old_token = *sign_jwt(hs256("the previous secret"), good_payload);
    const auto new_token = *sign_jwt(hs256(), good_payload);
    const JwtVerifier both({hs256(), hs256("the previous secret")}, {});
    EXPECT_EQ(fault_of(both, old_token), none);
    EXPECT_EQ(fault_of(both, new_token), none);
    EXPECT_EQ(fault_of(both, *sign_jwt(hs256("the one before"), good_payload)),
              JwtFault::signature);
    EXPECT_EQ(fault_of(old_token), JwtFault::signature);
}

TEST(Jwt, asks_of_several_keys_those_that_agree) {
    const JwtVerifier mixed({pem(ec_public), hs256(), pem(rsa_public)}, {});
    for (const auto token : {pyjwt_hs256, pyjwt_rs256, pyjwt_es256}) {
        EXPECT_EQ(fault_of(mixed, token), none);
    }
    EXPECT_EQ(fault_of(JwtVerifier({}, {}), pyjwt_hs256), JwtFault::algorithm);
    // A signature under the name of another is none, though there is a key for each.
    for (const std::string_view header : {R"({"alg":"ES256"})", R"({"alg":"RS256"})"}) {
        EXPECT_EQ(fault_of(mixed, crafted(header, good_payload)), JwtFault::signature);
    }
}

TEST(Jwt, asks_for_the_key_id_if_there_is_one) {
    const JwtRules rules{.key_id = "k1"};
    EXPECT_EQ(fault_of(*sign_jwt(hs256(), good_payload, "k1"), rules), none);
    EXPECT_EQ(fault_of(*sign_jwt(hs256(), good_payload, "k2"), rules), JwtFault::key_id);
    EXPECT_EQ(fault_of(*sign_jwt(hs256(), good_payload), rules), JwtFault::key_id);
    EXPECT_EQ(fault_of(crafted(R"({"alg":"HS256","kid":1})", good_payload), rules),
              JwtFault::key_id);
    EXPECT_EQ(fault_of(crafted(R"({"alg":"HS256","kid":["k1"]})", good_payload), rules),
              JwtFault::key_id);
    EXPECT_EQ(fault_of(*sign_jwt(hs256(), good_payload, "a \"quoted\" one"),
                       {.key_id = "a \"quoted\" one"}),
              none);
    EXPECT_EQ(fault_of(*sign_jwt(hs256(), good_payload, "not asked for")), none);
}

// ---- form ----

TEST(Jwt, wants_three_parts_of_base64url_and_two_json_objects) {
    const std::string good = crafted(good_payload);
    ASSERT_EQ(fault_of(good), none);
    const auto first = good.find('.');
    const auto second = good.rfind('.');
    const auto header = good.substr(0, first);
    const auto payload = good.substr(first + 1, second - first - 1);
    const auto signature = good.substr(second + 1);
    for (const auto& token :
         {std::string(), std::string("."), std::string(".."), std::string("..."), header,
          header + "." + payload, good + ".", good + "." + signature, "." + good,
          "." + payload + "." + signature, header + ".." + signature, good + "=", good + "\n",
          " " + good, header + "=." + payload + "." + signature,
          header + "." + payload + "=." + signature, std::string("a.b.c"), "Bearer " + good,
          good + std::string(1, '\0')}) {
        EXPECT_EQ(fault_of(token), JwtFault::malformed) << token;
    }
    for (const std::string_view not_an_object :
         {"", "[]", "1", "null", R"("a")", "{", R"({"exp":1800003600}x)", R"({"exp":})",
          R"({"exp":1800003600,})", "{\"exp\":1800003600,\"a\":\"\xff\"}"}) {
        EXPECT_EQ(fault_of_payload(not_an_object), JwtFault::malformed) << not_an_object;
        EXPECT_EQ(fault_of(crafted(not_an_object, good_payload)), JwtFault::malformed)
            << not_an_object;
    }
}

TEST(Jwt, refuses_what_is_cut_off_anywhere) {
    for (const auto token : {pyjwt_hs256, pyjwt_es256}) {
        const JwtVerifier verifier({hs256(), pem(ec_public)}, {});
        for (std::size_t size = 0; size < token.size(); ++size) {
            EXPECT_NE(fault_of(verifier, token.substr(0, size)), none) << size;
        }
    }
}

TEST(Jwt, refuses_a_header_that_asks_for_an_extension) {
    EXPECT_EQ(fault_of(crafted(R"({"alg":"HS256","crit":["exp"],"exp":1})", good_payload)),
              JwtFault::malformed);
    EXPECT_EQ(fault_of(crafted(R"({"alg":"HS256","crit":[]})", good_payload)), JwtFault::malformed);
}

TEST(Jwt, refuses_a_token_with_any_bit_turned_over) {
    const JwtVerifier verifier({hs256(), pem(rsa_public), pem(ec_public)}, {});
    for (const auto good : {pyjwt_hs256, pyjwt_rs256, pyjwt_es256}) {
        ASSERT_EQ(fault_of(verifier, good), none);
        std::string token(good);
        for (auto& letter : token) {
            const char before = letter;
            for (int bit = 0; bit < 8; ++bit) {
                letter = static_cast<char>(before ^ (1 << bit));
                EXPECT_NE(fault_of(verifier, token), none) << token;
            }
            letter = before;
        }
        EXPECT_EQ(fault_of(verifier, token), none);
    }
}

TEST(Jwt, takes_no_signature_of_another_form) {
    const auto unsigned_text = part(R"({"alg":"ES256"})") + "." + part(good_payload) + ".";
    const JwtVerifier verifier({pem(ec_public)}, {});
    for (const std::size_t size : {0, 1, 32, 63, 64, 65, 70, 128, 1000}) {
        EXPECT_EQ(fault_of(verifier, unsigned_text + part(std::string(size, '\0'))),
                  JwtFault::signature);
        EXPECT_EQ(fault_of(verifier, unsigned_text + part(std::string(size, '\xff'))),
                  JwtFault::signature);
    }
    EXPECT_EQ(fault_of(verifier, std::string(pyjwt_es256) + "AA"), JwtFault::signature);
    // No bytes have this length.
    EXPECT_EQ(fault_of(verifier, std::string(pyjwt_es256) + "AAA"), JwtFault::malformed);
}

TEST(Jwt, refuses_a_long_token_unread) {
    const auto token_of = [](std::size_t bytes) {
        // Zero-padding a number is not JSON, a long text is.
        std::string payload = R"({"exp":1800003600,"a":")";
        while (crafted(payload + "\"}").size() < bytes) {
            payload.append((bytes - crafted(payload + "\"}").size()) * 3 / 4 + 1, 'a');
        }
        return crafted(payload + "\"}");
    };
    EXPECT_EQ(fault_of(token_of(jwt_bytes_max - 3)), none);
    EXPECT_EQ(fault_of(token_of(jwt_bytes_max + 1)), JwtFault::too_long);
    EXPECT_EQ(fault_of(std::string(jwt_bytes_max, '.')), JwtFault::malformed);
    EXPECT_EQ(fault_of(std::string(jwt_bytes_max + 1, '.')), JwtFault::too_long);
    EXPECT_FALSE(sign_jwt(hs256(), std::string(jwt_bytes_max, ' ')).has_value());
}

TEST(Jwt, refuses_nesting_that_has_no_end) {
    const auto nested = [](std::size_t depth) {
        return R"({"exp":1800003600,"a":)" + std::string(depth, '[') + std::string(depth, ']') +
               "}";
    };
    EXPECT_EQ(fault_of_payload(nested(100)), none);
    EXPECT_EQ(fault_of_payload(nested(5000)), JwtFault::malformed);
}

// ---- the order, the words, the threads ----

TEST(Jwt, asks_its_rules_in_the_order_of_the_faults) {
    const JwtRules rules{.key_id = "k", .issuer = "us", .audience = "us"};
    const std::string right_header = R"({"alg":"HS256","kid":"k"})";
    const std::string wrong_secret = "wrong";
    struct Case {
        std::string token;
        Fault fault;
    };
    const std::string bad = R"({"exp":1,"nbf":9000000000,"iss":"them","aud":"them"})";
    const Case cases[] = {
        {std::string(jwt_bytes_max + 1, 'a'), JwtFault::too_long},
        {crafted(R"({"alg":"none","kid":"x"})", "no object", wrong_secret), JwtFault::malformed},
        {crafted(R"({"alg":"none","kid":"x"})", bad, wrong_secret), JwtFault::algorithm},
        {crafted(R"({"alg":"HS256","kid":"x"})", bad, wrong_secret), JwtFault::key_id},
        {crafted(right_header, bad, wrong_secret), JwtFault::signature},
        {crafted(right_header, R"({"exp":1,"nbf":"x","iss":"them","aud":"them"})"),
         JwtFault::claim},
        {crafted(right_header, R"({"exp":1,"nbf":9000000000,"iss":"them","aud":1})"),
         JwtFault::claim},
        {crafted(right_header, bad), JwtFault::expired},
        {crafted(right_header, R"({"exp":9000000000,"nbf":9000000000,"iss":"them","aud":"them"})"),
         JwtFault::not_yet_valid},
        {crafted(right_header, R"({"exp":9000000000,"iss":"them","aud":"them"})"),
         JwtFault::issuer},
        {crafted(right_header, R"({"exp":9000000000,"iss":"us","aud":"them"})"),
         JwtFault::audience},
        {crafted(right_header, R"({"exp":9000000000,"iss":"us","aud":"us"})"), none}};
    for (const auto& [token, fault] : cases) EXPECT_EQ(fault_of(token, rules), fault);
}

TEST(Jwt, names_its_faults_as_logs_and_metrics_do) {
    EXPECT_EQ(name_of(JwtFault::too_long), "too_long");
    EXPECT_EQ(name_of(JwtFault::signature), "signature");
    EXPECT_EQ(name_of(JwtFault::audience), "audience");
    EXPECT_EQ(static_cast<std::size_t>(JwtFault::audience) + 1, jwt_faults);
    EXPECT_EQ(name_of(JwtAlgorithm::es256), "ES256");
}

TEST(Jwt, repeats_nothing_of_the_token_when_it_complains) {
    const std::string mark = "mArKeD";
    const std::string marked = '"' + mark + '"';
    const JwtRules rules{.key_id = "k", .issuer = "us", .audience = "us"};
    const auto header = R"({"alg":"HS256","kid":"k"})";
    const std::string tokens[] = {
        std::string(jwt_bytes_max, 'a') + mark,
        mark,
        mark + "." + mark + "." + mark,
        crafted(R"({"alg":)" + marked + "}", good_payload),
        crafted(R"({"alg":"HS256","crit":[)" + marked + "]}", good_payload),
        crafted(R"({"alg":"HS256","kid":)" + marked + "}", good_payload),
        crafted(header, good_payload, mark),
        crafted(header, "{" + marked + ":" + marked + "}"),
        crafted(header, R"({"exp":)" + marked + "}"),
        crafted(header, R"({"exp":9000000000,"iss":)" + marked + R"(,"aud":"us"})"),
        crafted(header, R"({"exp":9000000000,"iss":"us","aud":)" + marked + "}")};
    for (const auto& token : tokens) {
        std::string payload;
        const auto verified = JwtVerifier({hs256()}, rules).verify(token, now, payload, {});
        ASSERT_FALSE(verified.has_value());
        EXPECT_THAT(verified.error().message, Not(HasSubstr(mark)));
    }
}

TEST(Jwt, is_verified_by_several_threads_with_one_verifier) {
    const JwtVerifier verifier({hs256(), pem(rsa_public), pem(ec_public)}, {});
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (int& count : wrong) {
        threads.emplace_back([&verifier, &count] {
            for (int i = 0; i < 50; ++i) {
                for (const auto token : {pyjwt_hs256, pyjwt_rs256, pyjwt_es256}) {
                    count += fault_of(verifier, token) != none;
                    std::string broken(token);
                    broken[broken.size() - 10] ^= 1;
                    count += fault_of(verifier, broken) == none;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace carillon::auth
