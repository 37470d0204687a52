// net/socket.h: a connected stream: bytes in, bytes out, and a word when either is possible. Lives
// and dies on its loop. Plain TCP now, TLS later behind the same calls. Knows no frame, no protocol
// and no queue: what the kernel did not take stays with the caller.
//
// send() is the hottest line of the house: every delivery ends in it. Hence inline, no virtual, no
// ASSERT (the caller's write asserts its home once), and exactly one plain call of libc's send or
// sendmsg.
//
// How TLS will fit: a pointer to the connection's SSL, null for plain TCP, is one predictable
// branch in front of each call. WANT_READ and WANT_WRITE become `again`, and the Socket remembers
// which one OpenSSL asked for: want_writable() then arms that direction, so that the caller says
// what it wants to do and stays ignorant of handshakes. After `again` from a TLS send its bytes are
// committed: the next send begins with the same ones. edge's outbox keeps that promise already (it
// neither drops nor overtakes what is committed). Pieces go out one by one, 16 KB a record.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "net/descriptor.h"

namespace carillon::net {

struct Io {
    enum State {
        ok,      // `bytes` moved; fewer than offered is ok
        again,   // nothing moved; want_readable() or want_writable() says when to try
        closed,  // the peer is gone: orderly (error 0) or not (ECONNRESET, EPIPE)
        failed,  // the system said no: `error` says why
    };
    State state = ok;
    std::size_t bytes = 0;
    int error = 0;
};

class Socket {
 public:
    // Takes the descriptor: connected, or connecting (want_writable(), then connect_error()). Makes
    // it non-blocking and sets TCP_NODELAY: whoever calls send has already gathered what belongs
    // together.
    Socket(Loop& loop, int fd, Ready& ready);

    Io receive(std::span<char> into);  // one recv; `into` is not empty

    Io send(std::string_view bytes) {
        return sent(::send(descriptor_.fd(), bytes.data(), bytes.size(), flags_));
    }
    Io send(std::span<const iovec> pieces) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg only reads them
        message.msg_iovlen = pieces.size() < pieces_max ? pieces.size() : pieces_max;
        return sent(::sendmsg(descriptor_.fd(), &message, flags_));
    }

    // Armed once, fires once; calling while armed is free.
    void want_readable() { descriptor_.want_readable(); }
    void want_writable() { descriptor_.want_writable(); }

    void finish_sending();     // the peer reads the end after what was sent; we can still receive
    std::string peer() const;  // "ip:port" for logs, "-" when there is none
    std::string peer_host() const;  // "ip", "-" when there is none
    int connect_error() const;      // how a connect ended: 0 or its errno; reading it clears it

    static constexpr std::size_t pieces_max = 1024;  // IOV_MAX: the rest is the next call's

 private:
    static constexpr int flags_ = MSG_DONTWAIT | MSG_NOSIGNAL;

    static Io sent(ssize_t n) {
        if (__builtin_expect(n >= 0, 1)) return {Io::ok, static_cast<std::size_t>(n), 0};
        return refusal(errno);
    }
    static Io refusal(int error);
    sockaddr_storage peer_address() const;

    Descriptor descriptor_;
};

}  // namespace carillon::net
