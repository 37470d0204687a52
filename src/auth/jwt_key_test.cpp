#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/jwt.h"
#include "auth/testing_tokens.h"

namespace carillon::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string complaint_about(std::string_view pem) {
    const auto key = JwtKey::from_pem(pem);
    return key.has_value() ? "none" : key.error().message;
}

TEST(JwtKey, takes_its_algorithm_from_what_it_is) {
    EXPECT_EQ(JwtKey::hs256("secret")->algorithm(), JwtAlgorithm::hs256);
    for (const auto pem : {testing::rsa_private, testing::rsa_public, testing::rsa_public_pkcs1}) {
        EXPECT_EQ(JwtKey::from_pem(pem)->algorithm(), JwtAlgorithm::rs256);
    }
    for (const auto pem : {testing::ec_private, testing::ec_private_sec1, testing::ec_public}) {
        EXPECT_EQ(JwtKey::from_pem(pem)->algorithm(), JwtAlgorithm::es256);
    }
}

TEST(JwtKey, signs_only_with_what_is_secret) {
    EXPECT_TRUE(JwtKey::hs256("secret")->can_sign());
    EXPECT_TRUE(JwtKey::from_pem(testing::rsa_private)->can_sign());
    EXPECT_TRUE(JwtKey::from_pem(testing::ec_private_sec1)->can_sign());
    for (const auto pem : {testing::rsa_public, testing::ec_public}) {
        const auto key = JwtKey::from_pem(pem);
        EXPECT_FALSE(key->can_sign());
        EXPECT_FALSE(sign_jwt(*key, "{}").has_value());
    }
}

TEST(JwtKey, shows_its_public_half_and_no_other) {
    EXPECT_EQ(JwtKey::from_pem(testing::rsa_private)->public_pem(), testing::rsa_public);
    EXPECT_EQ(JwtKey::from_pem(testing::ec_private)->public_pem(), testing::ec_public);
    EXPECT_EQ(JwtKey::from_pem(testing::ec_private_sec1)->public_pem(), testing::ec_public);
    EXPECT_EQ(JwtKey::hs256("secret")->public_pem(), "");
}

TEST(JwtKey, says_what_it_found_instead_of_a_key) {
    EXPECT_THAT(complaint_about(testing::rsa_1024_public), HasSubstr("1024 bits"));
    EXPECT_THAT(complaint_about(testing::ec_p384_public), HasSubstr("secp384r1"));
    EXPECT_THAT(complaint_about(testing::ed25519_public), HasSubstr("ED25519"));
    EXPECT_THAT(complaint_about("-----BEGIN CERTIFICATE-----\n"), HasSubstr("certificate"));
    for (const std::string_view text : {"", "secret", "-----BEGIN PUBLIC KEY-----\nAAAA\n"}) {
        EXPECT_EQ(complaint_about(text), "no key in PEM was found");
    }
    EXPECT_EQ(JwtKey::hs256("").error().message, "the secret is empty");
}

TEST(JwtKey, asks_no_terminal_for_a_passphrase) {
    EXPECT_THAT(complaint_about(testing::ec_private_locked), HasSubstr("passphrase"));
}

TEST(JwtKey, repeats_nothing_of_what_it_could_not_read) {
    const std::string broken(testing::ec_private.substr(0, 120));
    EXPECT_THAT(complaint_about(broken), Not(HasSubstr(broken.substr(30, 8))));
}

TEST(JwtKey, of_everybody_is_the_same_everywhere) {
    const auto key = JwtKey::es256_of_everybody("carillon demo");
    EXPECT_EQ(key.algorithm(), JwtAlgorithm::es256);
    EXPECT_TRUE(key.can_sign());
    EXPECT_EQ(key.public_pem(), testing::everybodys_public);
    EXPECT_NE(JwtKey::es256_of_everybody("another").public_pem(), key.public_pem());
    EXPECT_NE(JwtKey::es256_of_everybody("").public_pem(), key.public_pem());
}

}  // namespace
}  // namespace carillon::auth
