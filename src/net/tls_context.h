// net/tls_context.h: the certificates a server shows, and how TLS is spoken: 1.2 or 1.3, forward
// secrecy always, no compression, no renegotiation, no early data. Immutable, shared by all loops;
// a connection keeps what it began with, so that certificates can be replaced while clients stay.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace carillon::net {

// PEM files: the certificate first, then those that vouch for it. Which pair a client is shown, its
// SNI decides; the first is for all whom no other fits.
struct TlsFiles {
    struct Pair {
        std::string certificate;
        std::string key;
    };
    std::vector<Pair> pairs;
    std::string passphrase;  // of the keys; empty: they have none
};

class TlsContext {
 public:
    // An Error names the file and what is wrong with it, never what is in it.
    static Result<std::shared_ptr<const TlsContext>> load(const TlsFiles& files);

    SSL_CTX* native() const { return contexts_.front().get(); }
    // When the first of the certificates becomes worthless.
    std::int64_t expires_unix_s() const { return expires_unix_s_; }

 private:
    struct Free {
        void operator()(SSL_CTX* context) const;
    };
    using Handle = std::unique_ptr<SSL_CTX, Free>;

    TlsContext() = default;
    Result<void> add(const TlsFiles::Pair& pair, const std::string& passphrase);
    static int choose_certificate(SSL* ssl, int* alert, void* self);

    std::vector<Handle> contexts_;  // one per certificate
    std::int64_t expires_unix_s_ = INT64_MAX;
};

}  // namespace carillon::net
