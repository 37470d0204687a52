#include "auth/md5.h"

#include <openssl/evp.h>

#include <array>

#include "auth/hex.h"
#include "base/assert.h"

namespace carillon::auth {

std::string md5_hex(std::string_view text) {
    // Fetched once: EVP_md5() would be looked up in the provider at every call.
    static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
    ASSERT(md5 != nullptr);
    std::array<unsigned char, 16> digest;
    unsigned size = 0;
    ASSERT(EVP_Digest(text.data(), text.size(), digest.data(), &size, md5, nullptr) == 1);
    ASSERT(size == digest.size());
    return hex(digest);
}

}  // namespace carillon::auth
