#include "websocket/handshake.h"

#include <openssl/evp.h>

#include <array>

#include "base/assert.h"

namespace carillon::websocket {
namespace {

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t digest_size = 20;

Error bad(const char* why) { return Error{ErrorKind::invalid, why, 400}; }

// 16 bytes are 22 characters and two of padding. Bits of the last character that mean nothing are
// not looked at: the key is a nonce, nobody decodes it.
bool is_key(std::string_view key) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key.size() == 24 && key.ends_with("==") &&
           key.find_first_not_of(alphabet) == key.size() - 2;
}

Result<void> check(const http::Request& request) {
    if (request.method != "GET") {
        return Error{ErrorKind::unsupported, "a WebSocket begins with GET", 405};
    }
    if (request.version != 11) return bad("a WebSocket begins with HTTP/1.1");
    if (!request.header_has_token("Upgrade", "websocket")) return bad("no Upgrade: websocket");
    if (!request.header_has_token("Connection", "upgrade")) return bad("no Connection: upgrade");
    if (request.count_headers("Sec-WebSocket-Version") > 1) return bad("two versions of WebSocket");
    if (request.header("Sec-WebSocket-Version") != "13") {
        return Error{ErrorKind::unsupported, "WebSocket version 13 is spoken here", 426};
    }
    if (request.count_headers("Sec-WebSocket-Key") != 1 ||
        !is_key(request.header("Sec-WebSocket-Key"))) {
        return bad("Sec-WebSocket-Key is not base64 of 16 bytes");
    }
    return {};
}

}  // namespace

bool wants_upgrade(const http::Request& request) {
    return request.header_has_token("Upgrade", "websocket");
}

std::vector<std::string_view> offered_subprotocols(const http::Request& request) {
    std::vector<std::string_view> offered;
    for (const auto& header : request.headers) {
        if (!http::equals_ignoring_case(header.name, "Sec-WebSocket-Protocol")) continue;
        http::for_each_element(header.value,
                               [&](std::string_view name) { offered.push_back(name); });
    }
    return offered;
}

Result<http::Response> accept(const http::Request& request, std::string_view chosen_subprotocol) {
    TRY(check(request));
    http::Response response;
    response.status = 101;
    response.headers = {{"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Accept", accept_key(request.header("Sec-WebSocket-Key"))}};
    if (!chosen_subprotocol.empty()) {
        response.headers.emplace_back("Sec-WebSocket-Protocol", chosen_subprotocol);
    }
    return response;
}

http::Response refusal(const Error& error) {
    ASSERT(error.code >= 400);
    auto response = http::text(error.code, error.message + "\n");
    if (error.code == 405) response.headers.emplace_back("Allow", "GET");
    if (error.code == 426) {
        response.headers.emplace_back("Upgrade", "websocket");
        response.headers.emplace_back("Sec-WebSocket-Version", "13");
    }
    return response;
}

std::string accept_key(std::string_view key) {
    const std::string salted = std::string(key) + std::string(guid);
    std::array<unsigned char, digest_size> digest;
    unsigned int size = 0;
    // Fails only where SHA-1 was configured away; then no WebSocket can ever be opened.
    ASSERT(EVP_Digest(salted.data(), salted.size(), digest.data(), &size, EVP_sha1(), nullptr) ==
           1);
    ASSERT(size == digest.size());
    std::array<unsigned char, 4 * ((digest_size + 2) / 3) + 1>
        encoded;  // EVP_EncodeBlock adds a NUL
    const int length =
        EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return {encoded.begin(), encoded.begin() + length};
}

}  // namespace carillon::websocket
