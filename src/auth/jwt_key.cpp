#include "auth/jwt_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <array>

#include "base/assert.h"

namespace carillon::auth {
namespace {

constexpr int rsa_bits_min = 2048;
constexpr std::string_view p256 = "prime256v1";  // OpenSSL's name of P-256

template <auto function>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        function(object);
    }
};
template <class T, auto function>
using Owned = std::unique_ptr<T, FreeWith<function>>;
using Bio = Owned<BIO, BIO_free>;

Error unusable(std::string message) { return {ErrorKind::invalid, std::move(message)}; }

// Asked for a passphrase, OpenSSL would otherwise ask the terminal, and a server would hang.
int no_passphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

struct Found {
    Pkey pkey;
    bool is_private;
};

Result<Found> read_pem(std::string_view pem) {
    const bool is_private = pem.find("PRIVATE KEY-----") != std::string_view::npos;
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    ASSERT(bio != nullptr);
    bool passphrase = false;
    Pkey pkey(is_private ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &passphrase)
                         : PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, &passphrase));
    ERR_clear_error();
    if (pkey != nullptr) return Found{std::move(pkey), is_private};
    if (passphrase) return unusable("the key is locked with a passphrase: give it without one");
    if (pem.find("-----BEGIN CERTIFICATE") != std::string_view::npos) {
        return unusable("a certificate was found where a key in PEM was expected");
    }
    return unusable("no key in PEM was found");
}

std::string curve_of(const EVP_PKEY* pkey) {
    std::array<char, 80> name{};
    if (EVP_PKEY_get_group_name(pkey, name.data(), name.size(), nullptr) != 1) {
        ERR_clear_error();
        return "no curve that has a name";
    }
    return name.data();
}

// The key decides what its tokens are signed with.
Result<JwtAlgorithm> algorithm_of(const EVP_PKEY* pkey) {
    if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
        const int bits = EVP_PKEY_get_bits(pkey);
        if (bits >= rsa_bits_min) return JwtAlgorithm::rs256;
        return unusable("an RSA key of " + std::to_string(bits) + " bits was found; RS256 needs " +
                        std::to_string(rsa_bits_min));
    }
    if (EVP_PKEY_is_a(pkey, "EC") == 1) {
        const auto curve = curve_of(pkey);
        if (curve == p256) return JwtAlgorithm::es256;
        return unusable("an EC key on " + curve + " was found; ES256 needs P-256 (" +
                        std::string(p256) + ")");
    }
    const char* const type = EVP_PKEY_get0_type_name(pkey);
    return unusable("a key of type " + std::string(type == nullptr ? "unknown" : type) +
                    " was found; RSA is needed for RS256, EC on P-256 for ES256");
}

using Number = Owned<BIGNUM, BN_clear_free>;
using Group = Owned<EC_GROUP, EC_GROUP_free>;
using Point = Owned<EC_POINT, EC_POINT_free>;
using BnContext = Owned<BN_CTX, BN_CTX_free>;
using ParamBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using PkeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

// SHA-256 of the text, as a number, modulo (n - 1), plus one: never zero, always below the order n.
Number scalar_of(std::string_view text, const EC_GROUP* group, BN_CTX* context) {
    std::array<unsigned char, 32> digest;
    ASSERT(EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) ==
           1);
    Number scalar(BN_bin2bn(digest.data(), digest.size(), nullptr));
    const Number below(BN_dup(EC_GROUP_get0_order(group)));
    ASSERT(scalar != nullptr && below != nullptr && BN_sub_word(below.get(), 1) == 1);
    ASSERT(BN_nnmod(scalar.get(), scalar.get(), below.get(), context) == 1);
    ASSERT(BN_add_word(scalar.get(), 1) == 1);
    return scalar;
}

Pkey p256_key(const BIGNUM* scalar, std::span<const unsigned char> point) {
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    ASSERT(builder != nullptr);
    ASSERT(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, p256.data(),
                                           p256.size()) == 1);
    ASSERT(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                            point.size()) == 1);
    ASSERT(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1);
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    ASSERT(params != nullptr && context != nullptr);
    EVP_PKEY* made = nullptr;
    ASSERT(EVP_PKEY_fromdata_init(context.get()) == 1);
    ASSERT(EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, params.get()) == 1);
    return Pkey(made);
}

}  // namespace

void FreePkey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<JwtKey> JwtKey::hs256(std::string_view secret) {
    if (secret.empty()) return unusable("the secret is empty");
    return JwtKey(std::make_shared<const Parsed>(
        Parsed{.algorithm = JwtAlgorithm::hs256, .can_sign = true, .hmac = HmacKey(secret)}));
}

Result<JwtKey> JwtKey::from_pem(std::string_view pem) {
    TRY_AS(auto found, read_pem(pem));
    TRY_AS(const auto algorithm, algorithm_of(found.pkey.get()));
    return JwtKey(std::make_shared<const Parsed>(Parsed{
        .algorithm = algorithm, .can_sign = found.is_private, .pkey = std::move(found.pkey)}));
}

JwtKey JwtKey::es256_of_everybody(std::string_view text) {
    const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
    const BnContext context(BN_CTX_new());
    ASSERT(group != nullptr && context != nullptr);
    const auto scalar = scalar_of(text, group.get(), context.get());
    const Point point(EC_POINT_new(group.get()));
    ASSERT(point != nullptr);
    ASSERT(EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, context.get()) ==
           1);
    std::array<unsigned char, 65> bytes;
    ASSERT(EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, bytes.data(),
                              bytes.size(), context.get()) == bytes.size());
    return JwtKey(std::make_shared<const Parsed>(Parsed{.algorithm = JwtAlgorithm::es256,
                                                        .can_sign = true,
                                                        .pkey = p256_key(scalar.get(), bytes)}));
}

JwtAlgorithm JwtKey::algorithm() const { return parsed_->algorithm; }

bool JwtKey::can_sign() const { return parsed_->can_sign; }

std::string JwtKey::public_pem() const {
    if (parsed_->pkey == nullptr) return {};  // a shared secret has no public half
    const Bio bio(BIO_new(BIO_s_mem()));
    ASSERT(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), parsed_->pkey.get()) == 1);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace carillon::auth
