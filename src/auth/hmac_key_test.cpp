#include "auth/hmac_key.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "auth/hex.h"
#include "auth/hmac.h"

namespace carillon::auth {
namespace {

TEST(HmacKey, agrees_with_openssls_own_hmac_for_keys_and_texts_of_every_length) {
    for (std::size_t key_size = 0; key_size < 140; ++key_size) {
        const std::string secret(key_size, 'k');
        const HmacKey key(secret);
        const std::string text(key_size * 2, 't');
        EXPECT_EQ(hex(key.digest(text)), hmac_sha256_hex(secret, {text})) << key_size;
    }
    const HmacKey key("Jefe");
    for (std::size_t size = 0; size < 300; ++size) {
        const std::string text(size, 't');
        EXPECT_EQ(hex(key.digest(text)), hmac_sha256_hex("Jefe", {text})) << size;
    }
}

TEST(HmacKey, remembers_nothing_of_what_it_signed) {
    const HmacKey key("Jefe");
    const auto first = key.digest("what do ya want for nothing?");
    (void)key.digest("something else");
    EXPECT_EQ(key.digest("what do ya want for nothing?"), first);
}

TEST(HmacKey, is_copied_whole) {
    std::optional<HmacKey> original("Jefe");
    const HmacKey copy = *original;
    const auto digest = original->digest("text");
    original.reset();
    EXPECT_EQ(copy.digest("text"), digest);
}

}  // namespace
}  // namespace carillon::auth
