#include "soak/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "bench/fail.h"

namespace soak {

Stream::~Stream() {
    if (fd_ >= 0) close(fd_);
}

void Stream::connect(int receive_buffer) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) bench::fail_errno("socket");
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer != 0)
        setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS)
        bench::fail_errno("connect");
    is_connecting_ = true;
    reading_ = Reading::all;
    pending_.clear();
    poller_.add(fd_, *this, EPOLLOUT);
}

// A peer that has gone is noticed by reading: there lies what it said before.
void Stream::send(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
    if (sent != static_cast<ssize_t>(bytes.size()))
        bench::fail_errno("a client could not send its few bytes at once");
}

void Stream::finish_sending() { shutdown(fd_, SHUT_WR); }

void Stream::read(Reading how) {
    reading_ = how;
    poller_.change(fd_, *this, how == Reading::nothing ? 0U : EPOLLIN);
}

void Stream::on_ready(std::uint32_t) {
    if (!is_connecting_) return receive();
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    if (error != 0) bench::fail_errno("connect");
    is_connecting_ = false;
    poller_.change(fd_, *this, EPOLLIN);
    on_connected();
}

void Stream::receive() {
    static std::array<char, 64 * 1024> buffer;  // one thread, and nothing stays in it
    // Single bytes, but many per wake-up: the point is where messages are cut, not to be slow.
    for (int turns = reading_ == Reading::single_bytes ? 64 : 1; turns > 0 && fd_ >= 0; turns--) {
        const auto most = reading_ == Reading::single_bytes ? 1 : buffer.size();
        const ssize_t got = recv(fd_, buffer.data(), most, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got < 0 && errno != ECONNRESET) bench::fail_errno("recv");
        if (got <= 0) return end(got < 0);
        take_in({buffer.data(), static_cast<std::size_t>(got)});
    }
}

void Stream::take_in(std::string_view fresh) {
    if (pending_.empty()) {
        pending_ = on_bytes(fresh);
        return;
    }
    pending_ += fresh;
    const auto left = on_bytes(pending_).size();
    pending_.erase(0, pending_.size() - left);
}

void Stream::end(bool is_reset) {
    close(std::exchange(fd_, -1));
    on_end(pending_, is_reset);
}

}  // namespace soak
