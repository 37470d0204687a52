// Bytes survive both ways of writing them as text, and a text that is taken says one thing:
// base64url is the only text for its bytes, and base64 what OpenSSL's stream decoder reads too.
// fuzzes: base64.cpp base64url.cpp
#include <openssl/evp.h>

#include <memory>

#include "auth/base64.h"
#include "auth/base64url.h"
#include "base/assert.h"

namespace {

using namespace carillon;

struct FreeContext {
    void operator()(EVP_ENCODE_CTX* context) const { EVP_ENCODE_CTX_free(context); }
};

std::string read_elsewhere(std::string_view text) {
    const std::unique_ptr<EVP_ENCODE_CTX, FreeContext> context(EVP_ENCODE_CTX_new());
    std::string bytes(text.size() + 3, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(bytes.data());
    int first = 0;
    int last = 0;
    EVP_DecodeInit(context.get());
    const int went = EVP_DecodeUpdate(context.get(), out, &first,
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()));
    ASSERT(went >= 0 && EVP_DecodeFinal(context.get(), out + first, &last) == 1);
    bytes.resize(static_cast<std::size_t>(first) + static_cast<std::size_t>(last));
    return bytes;
}

void try_bytes(std::string_view bytes) {
    base::Buffer plain;
    auth::append_base64(bytes, plain);
    ASSERT(plain.size() == (bytes.size() + 2) / 3 * 4);
    if (!bytes.empty()) ASSERT(auth::decode_base64(plain.view()).value() == bytes);

    std::string url;
    auth::append_base64url(bytes, url);
    ASSERT(auth::base64url_bytes(url.size()) == bytes.size());
    const std::unique_ptr<char[]> out(new char[bytes.size()]);  // exactly: ASan sees one more
    ASSERT(auth::decode_base64url(url, out.get()));
    ASSERT(std::string_view(out.get(), bytes.size()) == bytes);
}

void try_text(std::string_view text) {
    const auto plain = auth::decode_base64(text);
    if (plain.has_value()) {
        ASSERT(plain.value() == read_elsewhere(text));
        base::Buffer again;
        auth::append_base64(plain.value(), again);
        // Bits behind the last byte may differ.
        ASSERT(again.size() == text.size());
        ASSERT(auth::decode_base64(again.view()).value() == plain.value());
    }
    const auto size = auth::base64url_bytes(text.size());
    const std::unique_ptr<char[]> out(new char[size]);
    if (!auth::decode_base64url(text, out.get())) return;
    std::string again;
    auth::append_base64url({out.get(), size}, again);
    ASSERT(again == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    try_bytes(input);
    try_text(input);
    return 0;
}
