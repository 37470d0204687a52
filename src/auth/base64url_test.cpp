#include "auth/base64url.h"

#include <gtest/gtest.h>

#include <optional>

namespace carillon::auth {
namespace {

std::string encoded(std::string_view bytes) {
    std::string text;
    append_base64url(bytes, text);
    return text;
}

std::optional<std::string> decoded(std::string_view text) {
    std::string bytes(base64url_bytes(text.size()), '\0');
    if (!decode_base64url(text, bytes.data())) return {};
    return bytes;
}

TEST(Base64Url, gives_the_answers_of_rfc_4648_without_padding) {
    const std::pair<std::string_view, std::string_view> answers[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xff\xef\xbe", "_---"}};
    for (const auto& [bytes, text] : answers) {
        EXPECT_EQ(encoded(bytes), text);
        EXPECT_EQ(decoded(text), bytes);
    }
}

TEST(Base64Url, brings_every_byte_back_from_every_place) {
    for (int value = 0; value < 256; ++value) {
        for (std::size_t place = 0; place < 5; ++place) {
            std::string bytes(5, '\x55');
            bytes[place] = static_cast<char>(value);
            EXPECT_EQ(decoded(encoded(bytes)), bytes);
        }
    }
}

TEST(Base64Url, refuses_every_letter_that_is_not_of_its_alphabet) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int value = 0; value < 256; ++value) {
        const char letter = static_cast<char>(value);
        const bool known = alphabet.find(letter) != std::string_view::npos;
        for (std::size_t place = 0; place < 7; ++place) {
            std::string text = "AAAAAAA";
            text[place] = letter;
            // The last one may only be a letter that leaves no bits over.
            const bool leftover = place == 6 && known && alphabet.find(letter) % 4 != 0;
            EXPECT_EQ(decoded(text).has_value(), known && !leftover) << value << " at " << place;
        }
    }
}

TEST(Base64Url, refuses_padding_space_and_lengths_that_no_bytes_have) {
    for (const std::string_view text :
         {"Zg==", "Zg=", "Zm8=", "=", "Z", "Zm9vZ", " Zm9v", "Zm9v\n", "Zm 9v"}) {
        EXPECT_FALSE(decoded(text)) << text;
    }
    EXPECT_FALSE(decoded(std::string_view("Zm9v\0", 5)));
}

TEST(Base64Url, refuses_bits_that_belong_to_no_byte) {
    EXPECT_TRUE(decoded("Zg"));
    for (const std::string_view text : {"Zh", "Zi", "Zk", "Zo", "Zm9", "Zm-", "Zm9vZh"}) {
        EXPECT_FALSE(decoded(text)) << text;
    }
}

}  // namespace
}  // namespace carillon::auth
