// What it costs to let a token in: figures for tools/bench/run, one JSON line each.
//
//   auth_bench hs256|es256 N   N verifications of a typical token (sub, exp, two channels), and N of
//                              its signature by OpenSSL alone: the same bytes, a key and contexts
//                              that were prepared before, the signature decoded and, for ES256, in
//                              DER already. They take turns, a hundredth of N at a time.
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "auth/base64url.h"
#include "auth/jwt.h"
#include "base/assert.h"

namespace carillon::auth {
namespace {

constexpr std::int64_t now_s = 1'800'000'000;
constexpr std::string_view secret = "a secret of a usual length, 32 B";

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

struct Sample {
    std::string token;
    std::string signed_text;
    std::string signature;
};

Sample sample_of(const JwtKey& key) {
    auto token = sign_jwt(
        key, R"({"sub":"user-4711","exp":1800003600,"channels":["chat:lobby","news:world"]})");
    ASSERT(token.has_value());
    const auto dot = token->rfind('.');
    Sample sample{.token = *token, .signed_text = token->substr(0, dot), .signature = {}};
    const auto text = std::string_view(sample.token).substr(dot + 1);
    sample.signature.resize(base64url_bytes(text.size()));
    ASSERT(decode_base64url(text, sample.signature.data()));
    return sample;
}

// What the caller of a protocol does with a token, up to where the claims lie there as slices.
class Ours {
 public:
    Ours(const JwtKey& key, const Sample& sample) : verifier_({key}, {}), sample_(sample) {}
    bool operator()() {
        std::array<json::Member, 2> claims{{{"sub"}, {"channels"}}};
        return verifier_.verify(sample_.token, now_s, payload_, claims).has_value();
    }

 private:
    JwtVerifier verifier_;
    const Sample& sample_;
    std::string payload_;
};

class BareHmac {
 public:
    explicit BareHmac(const Sample& sample) : sample_(sample) {
        std::array digest{std::to_array("SHA256")};
        const std::array params{
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
            OSSL_PARAM_construct_end()};
        ASSERT(EVP_MAC_CTX_set_params(context_, params.data()) == 1);
        ASSERT(EVP_MAC_init(context_, bytes_of(secret), secret.size(), nullptr) == 1);
    }
    bool operator()() {
        std::array<unsigned char, 32> digest;
        std::size_t size = 0;
        return EVP_MAC_init(context_, nullptr, 0, nullptr) == 1 &&  // the key of last time
               EVP_MAC_update(context_, bytes_of(sample_.signed_text),
                              sample_.signed_text.size()) == 1 &&
               EVP_MAC_final(context_, digest.data(), &size, digest.size()) == 1 &&
               CRYPTO_memcmp(digest.data(), sample_.signature.data(), size) == 0;
    }

 private:
    const Sample& sample_;
    EVP_MAC_CTX* context_ = EVP_MAC_CTX_new(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
};

// r and s as DER has them: no zeros in front, but one where the first bit is set.
std::string der_integer(std::string_view number) {
    while (number.size() > 1 && number.front() == '\0') number.remove_prefix(1);
    std::string text((number.front() & 0x80) != 0 ? 1 : 0, '\0');
    text += number;
    return std::string{'\x02', static_cast<char>(text.size())} + text;
}

class BareEcdsa {
 public:
    BareEcdsa(const JwtKey& key, const Sample& sample) : sample_(sample) {
        const auto pem = key.public_pem();
        BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
        context_ = EVP_PKEY_CTX_new(PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr), nullptr);
        ASSERT(EVP_PKEY_verify_init(context_) == 1);
        const std::string_view raw = sample.signature;
        const auto numbers = der_integer(raw.substr(0, 32)) + der_integer(raw.substr(32));
        der_ = std::string{'\x30', static_cast<char>(numbers.size())} + numbers;
    }
    bool operator()() {
        std::array<unsigned char, 32> digest;
        return EVP_Digest(sample_.signed_text.data(), sample_.signed_text.size(), digest.data(),
                          nullptr, sha256_, nullptr) == 1 &&
               EVP_PKEY_verify(context_, bytes_of(der_), der_.size(), digest.data(),
                               digest.size()) == 1;
    }

 private:
    const Sample& sample_;
    EVP_PKEY_CTX* context_ = nullptr;
    const EVP_MD* sha256_ = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    std::string der_;
};

double cpu_seconds() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

template <class Verify>
double seconds_of(Verify& verify, std::uint64_t count) {
    const auto begin = cpu_seconds();
    for (std::uint64_t i = 0; i < count; ++i) ASSERT(verify());
    return cpu_seconds() - begin;
}

template <class Bare>
int measure(Ours ours, Bare bare, std::uint64_t count) {
    constexpr int turns = 100;  // the machine's moods are longer than one
    const auto each = count / turns + 1;
    seconds_of(ours, each);
    seconds_of(bare, each);
    double ours_s = 0;
    double bare_s = 0;
    for (int turn = 0; turn < turns; ++turn) {
        ours_s += seconds_of(ours, each);
        bare_s += seconds_of(bare, each);
    }
    const auto per_token = 1e9 / static_cast<double>(each * turns);
    std::printf("{\"ns_per_token\":%.1f,\"bare_ns\":%.1f}\n", ours_s * per_token,
                bare_s * per_token);
    return 0;
}

int measure_hs256(std::uint64_t count) {
    const auto key = JwtKey::hs256(secret);
    ASSERT(key.has_value());
    const auto sample = sample_of(*key);
    return measure(Ours(*key, sample), BareHmac(sample), count);
}

int measure_es256(std::uint64_t count) {
    const auto key = JwtKey::es256_of_everybody("auth_bench");
    const auto sample = sample_of(key);
    return measure(Ours(key, sample), BareEcdsa(key, sample), count);
}

}  // namespace
}  // namespace carillon::auth

int main(int argc, char** argv) {
    const std::string what = argc == 3 ? argv[1] : "";
    const auto count = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (what == "hs256" && count != 0) return carillon::auth::measure_hs256(count);
    if (what == "es256" && count != 0) return carillon::auth::measure_es256(count);
    std::fprintf(stderr, "usage: auth_bench hs256|es256 N\n");
    return 2;
}
