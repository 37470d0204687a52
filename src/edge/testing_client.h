// edge/testing_client.h: for tests only: a client over real loopback, blocking; plain, or TLS if the
// environment says CARILLON_TEST_TLS, so that one set of tests plays both (ctest edge.over_tls). It waits
// up to ten seconds for what it expects, and never for what it does not: what a settled loop has
// sent is there to be read.
#pragma once

#include <gtest/gtest.h>
#include <linux/tcp.h>  // libc's tcp_info ends too early
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/test_peer.h"
#include "net/test_tls.h"
#include "websocket/testing.h"

namespace carillon::edge::testing {

using websocket::Opcode;
using websocket::testing::client_frame;
using websocket::testing::close_payload;

struct Answer {
    int status = 0;  // 0: none came
    std::string head;
    std::string body;

    bool has(std::string_view header) const {
        return head.find(std::string(header) + "\r\n") != std::string::npos;
    }
};

struct Frame {
    Opcode opcode = Opcode::continuation;
    std::string payload;  // "(no frame)" with a continuation: none came

    int close_code() const {
        if (opcode != Opcode::close || payload.size() < 2) return 0;
        return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
    friend bool operator==(const Frame&, const Frame&) = default;
};

inline void PrintTo(const Frame& frame, std::ostream* out) {
    *out << "opcode " << static_cast<int>(frame.opcode) << " [" << frame.payload.substr(0, 100)
         << "] of " << frame.payload.size();
}

inline Frame text_frame(std::string_view payload) { return {Opcode::text, std::string(payload)}; }
inline Frame close_frame(int code, std::string_view reason = {}) {
    return {Opcode::close, close_payload(code, reason)};
}

inline std::string get(std::string_view path, std::string_view headers = {}) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n";
}
inline constexpr std::string_view upgrade_headers =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// SO_SNDBUF or SO_RCVBUF. Both small on the way to a client make it slow at once; the kernel rounds
// them up.
inline void set_buffer(int fd, int which, int bytes) {
    EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, which, &bytes, sizeof bytes), 0);
}

inline bool over_tls() {
    static const bool asked = std::getenv("CARILLON_TEST_TLS") != nullptr;
    return asked;
}

class Client {
 public:
    explicit Client(std::uint16_t port, int buffer_bytes = 0, bool tls = over_tls())
        : peer_(net::Peer::unconnected()) {
        if (buffer_bytes != 0) {
            set_buffer(peer_.fd(), SO_RCVBUF, buffer_bytes);
        }
        const int on = 1;  // what is sent byte by byte arrives byte by byte, and at once
        ::setsockopt(peer_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const timeval patience{10, 0};
        ::setsockopt(peer_.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        EXPECT_TRUE(peer_.connect(port));
        if (!tls) return;
        tls_.emplace(peer_);
        EXPECT_TRUE(tls_->shake_hands());
    }

    // ---- bytes ----

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto n = tls_ ? tls_->send_some(bytes)
                                : ::send(peer_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                ADD_FAILURE() << "the server took no more for ten seconds, or is gone";
                return;
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    // Whatever fits without waiting; how much that was.
    std::size_t send_some(std::string_view bytes) const {
        if (tls_) return tls_->send_now(bytes);
        const auto n = ::send(peer_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }
    void half_close() const {
        if (tls_) SSL_shutdown(tls_->native());
        ::shutdown(peer_.fd(), SHUT_WR);
    }
    void reset() { peer_.reset(); }
    void close() { peer_.close(); }

    // Nothing is here to be read, not even the end. For a settled loop.
    bool has_nothing() {
        pollfd one{peer_.fd(), POLLIN, 0};
        if (held_.empty() && ::poll(&one, 1, 0) == 0) return true;
        if (!tls_ || !held_.empty()) return false;
        return tls_->receive_now(held_) && held_.empty();  // it may be TLS's own word
    }
    // The orderly end, and not a byte before it.
    bool sees_end() {
        if (!held_.empty()) return false;
        char byte = 0;
        pollfd one{peer_.fd(), POLLIN, 0};
        if (tls_) return tls_->sees_end();
        return ::poll(&one, 1, 10'000) == 1 && ::recv(peer_.fd(), &byte, 1, 0) == 0;
    }
    // Everything up to the end.
    std::string rest() {
        while (fill()) {
        }
        return std::exchange(held_, {});
    }
    std::string take(std::size_t n) {
        while (held_.size() < n && fill()) {
        }
        auto bytes = held_.substr(0, n);
        held_.erase(0, bytes.size());
        return bytes;
    }

    // By this the server's side can tell whose bytes it has: House::intake_of.
    std::uint16_t port() const { return net::bound_port(peer_.fd()); }

    // How many pieces with data the server's kernel has sent.
    std::uint64_t segments_received() const {
        tcp_info info{};
        socklen_t size = sizeof info;
        EXPECT_EQ(::getsockopt(peer_.fd(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
        return info.tcpi_data_segs_in;
    }

    // ---- HTTP ----

    Answer answer(bool head_only = false) {
        Answer answer;
        std::size_t end = 0;
        while ((end = held_.find("\r\n\r\n")) == std::string::npos) {
            if (!fill()) return answer;
        }
        answer.head = take(end + 4);
        answer.status = std::stoi(answer.head.substr(9, 3));
        const auto at = answer.head.find("Content-Length: ");
        if (at != std::string::npos && !head_only) {
            answer.body = take(std::stoul(answer.head.substr(at + 16)));
        }
        return answer;
    }
    Answer ask(std::string_view request) {
        send(request);
        return answer();
    }

    // ---- WebSocket ----

    Client& upgrade(std::string_view channel) {
        const auto got = ask(get("/ws/" + std::string(channel), upgrade_headers));
        EXPECT_EQ(got.status, 101) << got.head << got.body;
        return *this;
    }
    void say(std::string_view text) const { send(client_frame(text)); }
    void say(Opcode opcode, std::string_view payload) const {
        send(client_frame(payload, {.opcode = opcode}));
    }
    Frame hear() {
        const auto start = take(2);
        if (start.size() < 2) return {Opcode::continuation, "(no frame)"};
        EXPECT_EQ(start[1] & 0x80, 0) << "a server does not mask";
        EXPECT_EQ(start[0] & 0xf0, 0x80) << "a server does not fragment";
        std::uint64_t size = static_cast<unsigned char>(start[1]);
        const std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
        if (more != 0) size = 0;
        for (const char c : take(more)) size = size << 8 | static_cast<unsigned char>(c);
        return {static_cast<Opcode>(start[0] & 0x0f), take(size)};
    }

 private:
    bool fill() {
        if (tls_) return tls_->receive_some(held_);
        pollfd one{peer_.fd(), POLLIN, 0};
        if (::poll(&one, 1, 10'000) != 1) return false;
        const auto begin = held_.size();
        held_.resize(begin + 64 * 1024);
        const auto n = ::recv(peer_.fd(), held_.data() + begin, held_.size() - begin, 0);
        held_.resize(begin + (n > 0 ? static_cast<std::size_t>(n) : 0));
        return n > 0;
    }

    net::Peer peer_;
    std::optional<net::TlsClient> tls_;
    std::string held_;  // received, not asked for yet
};

}  // namespace carillon::edge::testing
