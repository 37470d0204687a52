// net/test_peer.h: for tests: the other end of a connection over real loopback, blocking and plain,
// and a Ready made of closures.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "net/address.h"
#include "net/descriptor.h"
#include "net/listener.h"

namespace carillon::net {

struct CallReady final : Ready {
    void on_readable() override { readable(); }
    void on_writable() override { writable(); }
    std::function<void()> readable = [] {};
    std::function<void()> writable = [] {};
};

class Peer {
 public:
    Peer() = default;
    explicit Peer(int fd) : fd_(fd) {}
    Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Peer& operator=(Peer&&) = delete;
    ~Peer() { close(); }

    // In two steps, for tests in which no descriptor will be left to make a socket from.
    static Peer unconnected(int family = AF_INET) {
        return Peer(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }
    bool connect(std::uint16_t port, const char* host = "127.0.0.1") const {
        const Address to = resolve(host, port).value();
        return ::connect(fd_, to.get(), to.size) == 0;
    }
    static Peer connected(std::uint16_t port, const char* host = "127.0.0.1") {
        Peer peer = unconnected(resolve(host, port).value().storage.ss_family);
        EXPECT_TRUE(peer.connect(port, host));
        return peer;
    }

    int fd() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    void close() {
        if (fd_ >= 0) ::close(release());
    }
    void reset() {  // closes with a RST
        const linger now{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }

    bool send(std::string_view bytes) const {
        return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    // Up to `n` bytes, fewer when the other side ends or ten seconds pass without any.
    std::string receive(std::size_t n) const {
        std::string bytes(n, '\0');
        std::size_t have = 0;
        while (have < n && wait_readable()) {
            const ssize_t got = ::recv(fd_, bytes.data() + have, n - have, 0);
            if (got <= 0) break;
            have += static_cast<std::size_t>(got);
        }
        bytes.resize(have);
        return bytes;
    }
    // The other side has ended the stream, one way or the other, and left nothing to read.
    bool sees_end() const {
        char byte = 0;
        return wait_readable() && ::recv(fd_, &byte, 1, 0) <= 0;
    }

 private:
    bool wait_readable() const {
        pollfd one{fd_, POLLIN, 0};
        return ::poll(&one, 1, 10'000) == 1;
    }

    int fd_ = -1;
};

struct Pair {
    int ours;
    Peer theirs;
};

// Over TCP and loopback: what a socketpair does at reset and with full buffers is not what the
// world does.
inline Pair connected_pair(const char* host = "127.0.0.1") {
    const Peer listener(bind_listener(host, 0, true, 1).value());
    ::fcntl(listener.fd(), F_SETFL, 0);
    Peer theirs = Peer::connected(bound_port(listener.fd()), host);
    const int ours = ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    EXPECT_GE(ours, 0);
    return {ours, std::move(theirs)};
}

}  // namespace carillon::net
