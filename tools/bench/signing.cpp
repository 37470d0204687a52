#include "bench/signing.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <ctime>
#include <span>

#include "bench/fail.h"

namespace bench {
namespace {

std::string hex(std::span<const unsigned char> bytes) {
    std::string text;
    for (const unsigned char byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

}  // namespace

std::string hmac_sha256_hex(std::string_view secret, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), data, text.size(),
              digest.data(), &size))
        fail("HMAC-SHA256 is not available");
    return hex(std::span(digest).first(size));
}

std::string md5_hex(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::size_t size = 0;
    if (!EVP_Q_digest(nullptr, "MD5", nullptr, text.data(), text.size(), digest.data(), &size))
        fail("MD5 is not available");
    return hex(std::span(digest).first(size));
}

std::string channel_auth(const App& app, std::string_view socket_id, std::string_view channel) {
    const std::string text = std::string(socket_id) + ':' + std::string(channel);
    return app.key + ':' + hmac_sha256_hex(app.secret, text);
}

std::string publish_request(const App& app, std::string_view body) {
    const std::string path = "/apps/" + app.id + "/events";
    const std::string query = "auth_key=" + app.key +
                              "&auth_timestamp=" + std::to_string(std::time(nullptr)) +
                              "&auth_version=1.0&body_md5=" + md5_hex(body);
    const std::string signature = hmac_sha256_hex(app.secret, "POST\n" + path + '\n' + query);
    return "POST " + path + '?' + query + "&auth_signature=" + signature +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace bench
