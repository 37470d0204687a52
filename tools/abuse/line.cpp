#include "abuse/line.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "bench/fail.h"

namespace abuse {

SSL_CTX* client_context() {
    static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr) bench::fail("no TLS client");
    return context;
}

std::string client_hello() {
    SSL* const tls = SSL_new(client_context());
    SSL_set_bio(tls, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_connect(tls);
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(SSL_get_wbio(tls), &bytes);
    std::string hello(bytes, static_cast<std::size_t>(size));
    SSL_free(tls);
    return hello;
}

Line::Line(std::uint16_t port, SSL_CTX* tls) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const timeval patience{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        bench::fail_errno("a healthy client could not connect");
    if (tls != nullptr) {
        tls_ = SSL_new(tls);
        SSL_set_fd(tls_, fd_);
        if (SSL_connect(tls_) != 1) bench::fail("a healthy client's TLS handshake failed");
    }
    fcntl(fd_, F_SETFL, O_NONBLOCK);
}

Line::~Line() {
    SSL_free(tls_);
    close(fd_);
}

// A busy server reads late: then this waits, and the latency that is measured tells.
void Line::send(std::string_view bytes) {
    while (true) {
        const auto sent = tls_ != nullptr
                              ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent == static_cast<ssize_t>(bytes.size())) return;
        pollfd room{fd_, POLLOUT, 0};
        if (sent >= 0 || errno != EAGAIN || ::poll(&room, 1, 10'000) != 1)
            bench::fail_errno("a healthy client could not send");
    }
}

bool Line::receive(std::string& to) {
    std::array<char, 64 * 1024>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    if (tls_ == nullptr) {
        const auto got = recv(fd_, buffer.data(), buffer.size(), 0);
        if (got > 0) to.append(buffer.data(), static_cast<std::size_t>(got));
        return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    }
    for (;;) {
        const int got = SSL_read(tls_, buffer.data(), static_cast<int>(buffer.size()));
        if (got <= 0) return SSL_get_error(tls_, got) == SSL_ERROR_WANT_READ;
        to.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace abuse
