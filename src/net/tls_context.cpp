#include "net/tls_context.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

namespace carillon::net {

namespace {

// TLS 1.2: what has forward secrecy and authenticated encryption. TLS 1.3 has nothing else.
constexpr const char* ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

Error wrong(const std::string& what) { return {ErrorKind::invalid, what}; }

// Empty, or why it cannot be read: OpenSSL's own words leave the file out.
std::string why_unreadable(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    char byte = 0;
    const bool readable = fd >= 0 && ::read(fd, &byte, 1) >= 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return readable ? std::string() : std::system_category().message(error);
}

// The oldest thing OpenSSL complained of, and none of it left for the next one who asks.
unsigned long take_error() {
    const auto error = ERR_get_error();
    ERR_clear_error();
    return error;
}

int give_passphrase(char* into, int size, int, void* passphrase) {
    const auto& text = *static_cast<const std::string*>(passphrase);
    if (text.empty() || text.size() > static_cast<std::size_t>(size)) return 0;
    text.copy(into, text.size());
    return static_cast<int>(text.size());
}

// HTTP/1.1 is all we speak. Who offers other things only is served it all the same.
int choose_application(SSL*, const unsigned char** out, unsigned char* out_size,
                       const unsigned char* in, unsigned in_size, void*) {
    static constexpr std::string_view ours = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    const auto found = SSL_select_next_proto(&chosen, out_size,
                                             reinterpret_cast<const unsigned char*>(ours.data()),
                                             ours.size(), in, in_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

void configure(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, ciphers);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                     // HTTP and WebSocket say themselves where a message ends, so
                                     // a peer that just hangs up has cut nothing short unseen.
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    // The outbox keeps what a record was made of, perhaps elsewhere; idle connections have no
    // buffers. (OpenSSL would set AUTO_RETRY by itself.)
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    // Without it a call ends behind each record that is not for us: who sends nothing but key
    // updates gets one of them per turn, like everybody else one message.
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    // Who returns shows its ticket; the server remembers nobody.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_alpn_select_cb(context, choose_application, nullptr);
}

std::int64_t expiry_of(const X509* certificate) {
    std::tm when{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1) return INT64_MAX;
    return ::timegm(&when);
}

Error wrong_key(const TlsFiles::Pair& pair, bool has_passphrase) {
    const auto error = take_error();
    const auto reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) == ERR_LIB_X509 &&
        (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)) {
        return wrong("the key in " + pair.key + " is not that of the certificate in " +
                     pair.certificate);
    }
    std::stringstream text;
    text << std::ifstream(pair.key).rdbuf();
    if (text.str().find("PRIVATE KEY-----") == std::string::npos)
        return wrong(pair.key + " holds no private key in PEM");
    return wrong(
        "cannot use the private key in " + pair.key +
        (has_passphrase ? ": is the passphrase right?" : ": it is damaged, or needs a passphrase"));
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsFiles& files) {
    if (files.pairs.empty()) return wrong("TLS needs a certificate and its key");
    const std::shared_ptr<TlsContext> made(new TlsContext);
    for (const auto& pair : files.pairs) {
        TRY(made->add(pair, files.passphrase));
    }
    auto* const first = made->native();
    if (made->contexts_.size() > 1) {
        SSL_CTX_set_tlsext_servername_callback(first, choose_certificate);
        SSL_CTX_set_tlsext_servername_arg(first, made.get());
    }
    return std::shared_ptr<const TlsContext>(made);
}

Result<void> TlsContext::add(const TlsFiles::Pair& pair, const std::string& passphrase) {
    for (const auto* path : {&pair.certificate, &pair.key}) {
        const auto why = why_unreadable(*path);
        if (!why.empty()) return wrong("cannot read " + *path + ": " + why);
    }
    ERR_clear_error();
    Handle context(SSL_CTX_new(TLS_server_method()));
    if (context == nullptr) return Error{ErrorKind::internal, "OpenSSL has no memory for TLS"};
    configure(context.get());
    auto* const ssl = context.get();
    if (SSL_CTX_use_certificate_chain_file(ssl, pair.certificate.c_str()) != 1) {
        const char* reason = ERR_reason_error_string(take_error());
        return wrong("cannot use the certificate in " + pair.certificate + ": " +
                     (reason != nullptr ? reason : "it is damaged"));
    }
    SSL_CTX_set_default_passwd_cb(ssl, give_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, const_cast<std::string*>(&passphrase));
    const bool fits = SSL_CTX_use_PrivateKey_file(ssl, pair.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
                      SSL_CTX_check_private_key(ssl) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(ssl, nullptr);
    if (!fits) return wrong_key(pair, !passphrase.empty());
    expires_unix_s_ = std::min(expires_unix_s_, expiry_of(SSL_CTX_get0_certificate(ssl)));
    contexts_.push_back(std::move(context));
    return {};
}

// The name is the client's word: it chooses among certificates and nothing else.
int TlsContext::choose_certificate(SSL* ssl, int*, void* self) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    for (const auto& context : static_cast<const TlsContext*>(self)->contexts_) {
        auto* const certificate = SSL_CTX_get0_certificate(context.get());
        if (X509_check_host(certificate, name, std::strlen(name), 0, nullptr) != 1) continue;
        SSL_set_SSL_CTX(ssl, context.get());
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace carillon::net
