#include "bench/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "bench/fail.h"

namespace bench {
namespace {

// Ten thousand clients of one process: their buffers are given back while they are quiet.
SSL_CTX* client_context() {
    static SSL_CTX* const context = [] {
        SSL_CTX* const made = SSL_CTX_new(TLS_client_method());
        if (made == nullptr) fail("no TLS context");
        SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
        SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                   SSL_MODE_RELEASE_BUFFERS);
        return made;
    }();
    return context;
}

[[noreturn]] void fail_tls(const std::string& what) {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    fail(what + ": " + (reason == nullptr ? "the server closed the connection" : reason));
}

}  // namespace

Stream::~Stream() {
    SSL_free(tls_);
    if (fd_ >= 0) close(fd_);
}

void Stream::take(int fd) { fd_ = fd; }

void Stream::secure() {
    tls_ = SSL_new(client_context());
    if (tls_ == nullptr || SSL_set_fd(tls_, fd_) != 1) fail("no TLS object");
    SSL_set_connect_state(tls_);
}

bool Stream::shake_hands() {
    const int done = SSL_do_handshake(tls_);
    if (done == 1) return true;
    const int reason = SSL_get_error(tls_, done);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE)
        fail_tls("the TLS handshake");
    return false;
}

std::size_t Stream::send(std::string_view bytes) {
    if (tls_ != nullptr) {
        const int sent = SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
        if (sent > 0) return static_cast<std::size_t>(sent);
        if (SSL_get_error(tls_, sent) != SSL_ERROR_WANT_WRITE) fail_tls("a client's SSL_write");
        return 0;
    }
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno != EAGAIN) fail_errno("a client could not send");
    return 0;
}

ssize_t Stream::receive(char* to, std::size_t size) {
    if (tls_ == nullptr) return recv(fd_, to, size, MSG_DONTWAIT);
    const int got = SSL_read(tls_, to, static_cast<int>(size));
    if (got > 0) return got;
    const int reason = SSL_get_error(tls_, got);
    if (reason == SSL_ERROR_ZERO_RETURN) return 0;
    if (reason != SSL_ERROR_WANT_READ) fail_tls("a client's SSL_read");
    errno = EAGAIN;
    return -1;
}

}  // namespace bench
