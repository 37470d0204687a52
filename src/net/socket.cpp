#include "net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <utility>

#include "base/assert.h"
#include "net/address.h"
#include "net/tls_stream.h"

namespace carillon::net {

Socket::Socket(Loop& loop, int fd, Ready& ready, std::shared_ptr<const TlsContext> tls)
    : tls_(tls == nullptr ? nullptr
                          : std::make_unique<TlsStream>(std::move(tls), ready, descriptor_)),
      descriptor_(loop, fd, tls_ != nullptr ? static_cast<Ready&>(*tls_) : ready) {
    // accept4 has usually done this, and all calls here say MSG_DONTWAIT anyway.
    const int status = ::fcntl(fd, F_GETFL);
    if ((status & O_NONBLOCK) == 0) ::fcntl(fd, F_SETFL, status | O_NONBLOCK);
    const int on = 1;  // refused by what is not TCP (a socketpair), which needs no such thing
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Socket::~Socket() = default;

Io Socket::receive(std::span<char> into) {
    if (tls_ != nullptr) return tls_->receive(into);
    ASSERT(!into.empty());  // recv would answer 0, which means "closed"
    const ssize_t n = ::recv(descriptor_.fd(), into.data(), into.size(), MSG_DONTWAIT);
    if (n > 0) return {Io::ok, static_cast<std::size_t>(n), 0};
    if (n == 0) return {Io::closed, 0, 0};
    return refusal(errno);
}

Io Socket::send_records(std::string_view bytes) { return tls_->send(bytes); }

void Socket::want_readable() {
    tls_ == nullptr ? descriptor_.want_readable() : tls_->want_readable();
}

void Socket::want_writable() {
    tls_ == nullptr ? descriptor_.want_writable() : tls_->want_writable();
}

bool Socket::handshaking() const { return tls_ != nullptr && tls_->handshaking(); }

std::size_t Socket::committed() const { return tls_ == nullptr ? 0 : tls_->committed(); }

void Socket::finish_sending() {
    if (tls_ != nullptr) tls_->finish_sending();
    ::shutdown(descriptor_.fd(), SHUT_WR);
}

std::string Socket::peer() const { return to_text(peer_address()); }

std::string Socket::peer_host() const { return host_text(peer_address()); }

// Of no family where there is none.
sockaddr_storage Socket::peer_address() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(descriptor_.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return {};
    return address;
}

int Socket::connect_error() const {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(descriptor_.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
}

// ---- io.h ----

Io refusal(int error) {
    switch (error) {
        case EAGAIN:
#if EWOULDBLOCK != EAGAIN
        case EWOULDBLOCK:
#endif
        case EINTR:  // nothing moved; the readiness asked for next comes at once
            return {Io::again, 0, 0};
        case EPIPE:
        case ECONNRESET:
            return {Io::closed, 0, error};
        default:
            return {Io::failed, 0, error};
    }
}

}  // namespace carillon::net
