#include "net/tls_context.h"

#include <gmock/gmock.h>

#include "net/test_tls.h"

namespace carillon::net {
namespace {

using ::testing::HasSubstr;

class TlsFilesTest : public ::testing::Test {
 protected:
    std::string refusal(const TlsFiles::Pair& pair, const std::string& passphrase = {}) {
        const auto loaded = TlsContext::load({{pair}, passphrase});
        EXPECT_FALSE(loaded.has_value());
        EXPECT_EQ(ERR_peek_error(), 0U) << "left for the next one who asks";
        return loaded.has_value() ? "" : loaded.error().message;
    }

    const TestDirectory directory_;
    const TlsFiles::Pair good_ = make_certificate(directory_);
};

TEST_F(TlsFilesTest, are_loaded_when_they_belong_together) {
    const auto loaded = TlsContext::load({{good_}, {}});
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    const auto now = std::time(nullptr);
    EXPECT_NEAR(static_cast<double>((*loaded)->expires_unix_s() - now), 30 * 86'400, 60);
}

TEST_F(TlsFilesTest, that_cannot_be_read_are_named_with_the_reason) {
    const auto nowhere = directory_.file("nowhere.pem");
    EXPECT_EQ(refusal({nowhere, good_.key}),
              "cannot read " + nowhere + ": No such file or directory");
    EXPECT_EQ(refusal({good_.certificate, nowhere}),
              "cannot read " + nowhere + ": No such file or directory");
    EXPECT_EQ(refusal({directory_.file(""), good_.key}),
              "cannot read " + directory_.file("") + ": Is a directory");
}

TEST_F(TlsFilesTest, that_hold_something_else_are_named) {
    const auto text = directory_.write("text.pem", "hello");
    EXPECT_THAT(refusal({text, good_.key}), HasSubstr("cannot use the certificate in " + text));
    EXPECT_EQ(refusal({good_.certificate, text}), text + " holds no private key in PEM");
    EXPECT_EQ(refusal({good_.certificate, good_.certificate}),
              good_.certificate + " holds no private key in PEM");
}

TEST_F(TlsFilesTest, of_two_certificates_are_told_apart) {
    const auto other = make_certificate(directory_, {.name = "other"});
    EXPECT_EQ(
        refusal({good_.certificate, other.key}),
        "the key in " + other.key + " is not that of the certificate in " + good_.certificate);
}

TEST_F(TlsFilesTest, with_a_passphrase_need_it_and_it_stays_secret) {
    const auto locked = make_certificate(directory_, {.name = "locked", .passphrase = "sesame"});
    EXPECT_TRUE(TlsContext::load({{locked}, "sesame"}).has_value());
    EXPECT_EQ(refusal(locked), "cannot use the private key in " + locked.key +
                                   ": it is damaged, or needs a passphrase");
    EXPECT_EQ(refusal(locked, "tahini"),
              "cannot use the private key in " + locked.key + ": is the passphrase right?");
}

}  // namespace
}  // namespace carillon::net
