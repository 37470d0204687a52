// net/socket.h: a connected stream: bytes in, bytes out, and a word when either is possible. Lives
// and dies on its loop. Plain TCP, or TLS behind the same calls (tls_stream.h), which is one
// predictable branch in front of each. Knows no frame, no protocol and no queue: what the kernel
// did not take stays with the caller.
//
// send() is the hottest line of the house: every delivery ends in it. Hence inline, no virtual, no
// ASSERT (the caller's write asserts its home once), and exactly one plain call of libc's send or
// sendmsg.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/descriptor.h"
#include "net/io.h"

namespace carillon::net {

class TlsContext;
class TlsStream;

class Socket {
 public:
    // Takes the descriptor: connected, or connecting (want_writable(), then connect_error()). Makes
    // it non-blocking and sets TCP_NODELAY: whoever calls send has already gathered what belongs
    // together.
    // With a context it serves TLS: then the first calls of receive() shake hands.
    Socket(Loop& loop, int fd, Ready& ready, std::shared_ptr<const TlsContext> tls = nullptr);
    ~Socket();

    // One recv; with TLS what has come of whole records. `into` is not empty; with TLS it has room
    // for 16 KB.
    Io receive(std::span<char> into);

    Io send(std::string_view bytes) {
        if (__builtin_expect(tls_ != nullptr, 0)) return send_records(bytes);
        return sent(::send(descriptor_.fd(), bytes.data(), bytes.size(), flags_));
    }
    // Not with TLS: copy what belongs into one record, or send what lies together.
    Io send(std::span<const iovec> pieces) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg only reads them
        message.msg_iovlen = pieces.size() < pieces_max ? pieces.size() : pieces_max;
        return sent(::sendmsg(descriptor_.fd(), &message, flags_));
    }

    // Armed once, fires once; calling while armed is free.
    void want_readable();
    void want_writable();

    bool has_tls() const { return tls_ != nullptr; }
    bool handshaking() const;  // nothing may be sent yet
    // After a send that the socket did not take whole: so many of the bytes behind those it took are
    // half on their way, and the next send begins with them.
    std::size_t committed() const;

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
    Io send_records(std::string_view bytes);
    sockaddr_storage peer_address() const;

    std::unique_ptr<TlsStream> tls_;  // null: plain
    Descriptor descriptor_;
};

}  // namespace carillon::net
