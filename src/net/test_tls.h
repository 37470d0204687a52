// net/test_tls.h: for tests of this room and of those above it: certificates made on the spot, and
// the client's end of TLS over a blocking descriptor.
#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/test_peer.h"
#include "net/tls_context.h"

namespace carillon::net {

// A directory that goes with its owner.
class TestDirectory {
 public:
    TestDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "carillon_XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    TestDirectory(const TestDirectory&) = delete;
    TestDirectory& operator=(const TestDirectory&) = delete;
    ~TestDirectory() { std::filesystem::remove_all(path_); }

    std::string file(const std::string& name) const { return path_ / name; }
    std::string write(const std::string& name, std::string_view text) const {
        std::ofstream(file(name)) << text;
        return file(name);
    }

 private:
    std::filesystem::path path_;
};

struct CertificateOptions {
    std::string name = "localhost";  // and its subject's alternative
    std::int64_t days = 30;          // from now; negative: it has expired
    std::string passphrase{};        // of the key
};

// P-256, signed by itself: {directory}/{name}.pem and .key.
inline TlsFiles::Pair make_certificate(const TestDirectory& directory,
                                       const CertificateOptions& options = {}) {
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -60L * 86'400);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), options.days * 86'400);
    X509_set_pubkey(made.get(), key.get());
    auto* const subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(options.name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(made.get(), subject);
    const auto alternative = "DNS:" + options.name;
    auto* const extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str());
    X509_add_ext(made.get(), extension, -1);
    X509_EXTENSION_free(extension);
    EXPECT_GT(X509_sign(made.get(), key.get(), EVP_sha256()), 0);

    TlsFiles::Pair files{directory.file(options.name + ".pem"),
                         directory.file(options.name + ".key")};
    using File = std::unique_ptr<FILE, int (*)(FILE*)>;
    const File certificate(std::fopen(files.certificate.c_str(), "w"), std::fclose);
    PEM_write_X509(certificate.get(), made.get());
    const File secret(std::fopen(files.key.c_str(), "w"), std::fclose);
    const auto& phrase = options.passphrase;
    PEM_write_PrivateKey(secret.get(), key.get(), phrase.empty() ? nullptr : EVP_aes_256_cbc(),
                         reinterpret_cast<const unsigned char*>(phrase.data()),
                         static_cast<int>(phrase.size()), nullptr, nullptr);
    return files;
}

// What a server shows that needs no more than any certificate.
inline std::shared_ptr<const TlsContext> test_certificates() {
    static const auto made = [] {
        const TestDirectory directory;
        return TlsContext::load({{make_certificate(directory)}, {}}).value();
    }();
    return made;
}

// A client that trusts anybody. Blocking; what waits longer than ten seconds fails.
class TlsClient {
 public:
    struct Options {
        int version = TLS1_3_VERSION;
        std::string server_name{};
        std::string application{};  // in ALPN's own form
    };
    explicit TlsClient(const Peer& peer) : TlsClient(peer, Options{}) {}
    TlsClient(const Peer& peer, const Options& options)
        : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
        SSL_CTX_set_security_level(context_.get(), 0);  // old versions are for the server to refuse
        SSL_CTX_set_min_proto_version(context_.get(), options.version);
        SSL_CTX_set_max_proto_version(context_.get(), options.version);
        SSL_CTX_set_mode(context_.get(),
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), peer.fd());
        if (!options.server_name.empty())
            SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
        if (!options.application.empty()) {
            SSL_set_alpn_protos(ssl_.get(),
                                reinterpret_cast<const unsigned char*>(options.application.data()),
                                static_cast<unsigned>(options.application.size()));
        }
        const timeval ten_seconds{10, 0};
        ::setsockopt(peer.fd(), SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
        ::setsockopt(peer.fd(), SOL_SOCKET, SO_SNDTIMEO, &ten_seconds, sizeof ten_seconds);
    }

    SSL* native() const { return ssl_.get(); }
    bool shake_hands() const {
        ERR_clear_error();
        return SSL_connect(ssl_.get()) == 1;
    }
    // Only the first of it, and waits for nothing.
    void say_hello() const {
        const NonBlocking here(SSL_get_fd(ssl_.get()));
        EXPECT_LE(SSL_connect(ssl_.get()), 0);
    }
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const int n = send_some(bytes);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    int send_some(std::string_view bytes) const {
        ERR_clear_error();
        return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    }
    // Whatever fits without waiting. What did not fit must come again.
    std::size_t send_now(std::string_view bytes) const {
        const NonBlocking here(SSL_get_fd(ssl_.get()));
        return static_cast<std::size_t>(std::max(send_some(bytes), 0));
    }
    // Appends what has come, and waits until something has. False: the end.
    bool receive_some(std::string& into) const {
        ERR_clear_error();
        std::array<char, 16 * 1024> bytes;
        const int got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        if (got > 0) into.append(bytes.data(), static_cast<std::size_t>(got));
        return got > 0;
    }
    // The same without waiting. False: the end.
    bool receive_now(std::string& into) const {
        const NonBlocking here(SSL_get_fd(ssl_.get()));
        return receive_some(into) || SSL_want_read(ssl_.get()) != 0;
    }
    // Fewer when the other side ends.
    std::string receive(std::size_t n) const {
        ERR_clear_error();
        std::string bytes(n, '\0');
        std::size_t have = 0;
        while (have < n) {
            const int got = SSL_read(ssl_.get(), bytes.data() + have, static_cast<int>(n - have));
            if (got <= 0) break;
            have += static_cast<std::size_t>(got);
        }
        bytes.resize(have);
        return bytes;
    }
    // The other side has ended, with a goodbye or, if there was no room for it, without.
    bool sees_end() const {
        ERR_clear_error();
        char byte = 0;
        const int got = SSL_read(ssl_.get(), &byte, 1);
        const bool goodbye = SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN;
        return got <= 0 &&
               (goodbye || ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
    }
    // The other side has said goodbye.
    bool sees_goodbye() const {
        char byte = 0;
        const int got = SSL_read(ssl_.get(), &byte, 1);
        return SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN;
    }
    // The name in the server's certificate.
    std::string server() const {
        const auto* const shown = SSL_get0_peer_certificate(ssl_.get());
        std::array<char, 100> name{};
        X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name.data(),
                                  static_cast<int>(name.size()));
        return name.data();
    }

 private:
    class NonBlocking {
     public:
        explicit NonBlocking(int fd) : fd_(fd), flags_(::fcntl(fd, F_GETFL)) {
            ::fcntl(fd_, F_SETFL, flags_ | O_NONBLOCK);
        }
        ~NonBlocking() { ::fcntl(fd_, F_SETFL, flags_); }

     private:
        const int fd_;
        const int flags_;
    };

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

}  // namespace carillon::net
