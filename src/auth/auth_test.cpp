#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "auth/base64.h"
#include "auth/equal.h"
#include "auth/hmac.h"
#include "auth/md5.h"

namespace carillon::auth {
namespace {

TEST(Hmac, gives_the_answers_of_rfc_4231) {
    EXPECT_EQ(hmac_sha256_hex(std::string(20, '\x0b'), {"Hi There"}),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hmac_sha256_hex("Jefe", {"what do ya want for nothing?"}),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac_sha256_hex(std::string(20, '\xaa'), {std::string(50, '\xdd')}),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    std::string counting;
    for (char byte = 1; byte <= 25; ++byte) counting += byte;
    EXPECT_EQ(hmac_sha256_hex(counting, {std::string(50, '\xcd')}),
              "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    // A key longer than a block is hashed first.
    const std::string long_key(131, '\xaa');
    EXPECT_EQ(hmac_sha256_hex(long_key, {"Test Using Larger Than Block-Size Key - Hash Key First"}),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(
        hmac_sha256_hex(long_key, {"This is a test using a larger than block-size key and a larger "
                                   "than block-size data. The key needs to be hashed before being "
                                   "used by the HMAC algorithm."}),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(Hmac, reads_pieces_as_one_text) {
    const auto whole = hmac_sha256_hex("key", {"1234.1234:private-foobar"});
    EXPECT_EQ(hmac_sha256_hex("key", {"1234.1234", ":", "private-foobar"}), whole);
    EXPECT_EQ(hmac_sha256_hex("key", {"", "1234.1234:private-foobar", {}}), whole);
}

TEST(Hmac, an_empty_key_is_not_the_key_of_last_time) {
    const std::string_view nothing =
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    EXPECT_NE(hmac_sha256_hex("secret", {}), nothing);
    EXPECT_EQ(hmac_sha256_hex({}, {}), nothing);
    EXPECT_EQ(hmac_sha256_hex("", {""}), nothing);
}

TEST(Hmac, answers_the_same_on_every_thread) {
    const auto expected = hmac_sha256_hex("Jefe", {"what do ya want for nothing?"});
    std::vector<std::thread> threads;
    std::vector<int> wrong(4, 0);
    for (int& count : wrong) {
        threads.emplace_back([&count, &expected] {
            for (int i = 0; i < 500; ++i) {
                (void)hmac_sha256_hex(std::to_string(i), {"something else"});
                count += hmac_sha256_hex("Jefe", {"what do ya ", "want for nothing?"}) != expected;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Md5, gives_the_answers_of_rfc_1321) {
    EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    EXPECT_EQ(md5_hex("{}"), "99914b932bd37a50b983c5e7c90ae93b");
}

TEST(EqualConstantTime, is_equality) {
    EXPECT_TRUE(equal_constant_time("", {}));
    EXPECT_TRUE(equal_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_constant_time("abc", "ab"));
    EXPECT_FALSE(equal_constant_time("", "a"));
}

std::string base64(std::string_view bytes) {
    base::Buffer out;
    append_base64(bytes, out);
    return std::string(out.view());
}

TEST(Base64, gives_the_answers_of_rfc_4648) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64(std::string_view("\xff\x00\xfe", 3)), "/wD+");
}

TEST(Base64, pads_only_the_end_of_a_long_text) {
    const std::string zeros(3 * 1024 * 1024 + 1, '\0');
    const auto text = base64(zeros);
    EXPECT_EQ(text.size(), (zeros.size() + 2) / 3 * 4);
    EXPECT_EQ(text.find('='), text.size() - 2);
}

}  // namespace
}  // namespace carillon::auth
