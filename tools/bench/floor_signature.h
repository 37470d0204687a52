// bench/floor_signature.h: whether a Pusher publish is signed as it should be, with nothing but OpenSSL: MD5 of the body and
// HMAC-SHA256 of the rest, contexts made and algorithms fetched beforehand.
#pragma once

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <string>
#include <string_view>

namespace bench {

class FloorSignature {
 public:
    FloorSignature() {
        std::array<char, 7> digest{"SHA256"};
        const std::array params{
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
            OSSL_PARAM_construct_end()};
        EVP_MAC_CTX_set_params(hmac_, params.data());
        EVP_MAC_init(hmac_, bytes_of(kSecret), kSecret.size(), nullptr);
    }

    // The load tool writes the query in the order that is signed.
    bool is_good(std::string_view request) {
        const auto path = request.find(' ') + 1, query = request.find('?', path) + 1;
        const auto sum = request.find("body_md5=", query) + 9;
        const auto signature = request.find("&auth_signature=", query);
        const auto body = request.find("\r\n\r\n", signature) + 4;
        if (body < 4) return false;
        text_.assign("POST\n");
        text_.append(request.substr(path, query - 1 - path)).append("\n");
        text_.append(request.substr(query, signature - query));
        return md5_hex(request.substr(body)) == request.substr(sum, 32) &&
               hmac_hex(text_) == request.substr(signature + 16, 64);
    }

 private:
    static constexpr std::string_view kSecret = "demo-secret";

    static const unsigned char* bytes_of(std::string_view text) {
        return reinterpret_cast<const unsigned char*>(text.data());
    }

    std::string_view md5_hex(std::string_view body) {
        EVP_DigestInit_ex2(digest_, md5_, nullptr);
        EVP_DigestUpdate(digest_, body.data(), body.size());
        EVP_DigestFinal_ex(digest_, raw_.data(), nullptr);
        return hex(16);
    }

    std::string_view hmac_hex(std::string_view text) {
        std::size_t size = 0;
        EVP_MAC_init(hmac_, nullptr, 0, nullptr);  // the key of last time
        EVP_MAC_update(hmac_, bytes_of(text), text.size());
        EVP_MAC_final(hmac_, raw_.data(), &size, raw_.size());
        return hex(size);
    }

    std::string_view hex(std::size_t size) {
        for (std::size_t i = 0; i < size; i++) {
            hex_[2 * i] = "0123456789abcdef"[raw_[i] >> 4];
            hex_[2 * i + 1] = "0123456789abcdef"[raw_[i] & 15];
        }
        return {hex_.data(), 2 * size};
    }

    EVP_MD* md5_ = EVP_MD_fetch(nullptr, "MD5", nullptr);
    EVP_MD_CTX* digest_ = EVP_MD_CTX_new();
    EVP_MAC_CTX* hmac_ = EVP_MAC_CTX_new(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    std::array<unsigned char, 64> raw_{};
    std::array<char, 128> hex_{};
    std::string text_;
};

}  // namespace bench
