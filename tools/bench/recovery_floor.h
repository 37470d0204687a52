// bench/recovery_floor.h: what recovery_server does, with nothing but the kernel: one byte in, one buffer out, to whoever asks.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>

#include "bench/client.h"
#include "bench/fail.h"
#include "bench/poller.h"
#include "bench/recovery_server.h"

namespace bench {

class RecoveryFloor {
 public:
    RecoveryFloor(std::size_t bytes, unsigned core) : answer_(bytes, 'f') {
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd_, 4096) != 0)
            fail_errno("the floor's listener");
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, core] { run(core); });
    }
    ~RecoveryFloor() {
        stop_ = true;
        thread_.join();
        close(fd_);
    }
    RecoveryFloor(const RecoveryFloor&) = delete;
    RecoveryFloor& operator=(const RecoveryFloor&) = delete;
    std::uint16_t port() const { return port_; }

 private:
    struct Peer final : Source {
        Peer(RecoveryFloor& f, int fd) : floor(f), descriptor(fd) {}
        ~Peer() { close(descriptor); }
        Peer(const Peer&) = delete;
        Peer& operator=(const Peer&) = delete;
        void on_ready(std::uint32_t events) override {
            if ((events & EPOLLIN) != 0) {
                char byte = 0;
                if (recv(descriptor, &byte, 1, MSG_DONTWAIT) == 1) left = floor.answer_.size();
            }
            while (left != 0) {
                const auto from = floor.answer_.size() - left;
                const auto sent = send(descriptor, floor.answer_.data() + from, left,
                                       MSG_DONTWAIT | MSG_NOSIGNAL);
                if (sent <= 0) break;
                left -= static_cast<std::size_t>(sent);
            }
            const std::uint32_t wanted = left != 0 ? EPOLLIN | EPOLLOUT : EPOLLIN;
            if (wanted != watched) floor.poller_.change(descriptor, *this, watched = wanted);
        }
        RecoveryFloor& floor;
        const int descriptor;
        std::size_t left = 0;
        std::uint32_t watched = EPOLLIN;
    };
    struct Door final : Source {
        explicit Door(RecoveryFloor& f) : floor(f) {}
        void on_ready(std::uint32_t) override {
            const int fd = accept4(floor.fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            const int on = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            floor.peers_.emplace_back(floor, fd);
            floor.poller_.add(fd, floor.peers_.back(), EPOLLIN);
        }
        RecoveryFloor& floor;
    };
    void run(unsigned core) {
        pin_this_thread(core);
        poller_.add(fd_, door_, EPOLLIN);
        while (!stop_) poller_.wait(50'000'000);
    }

    const std::string answer_;
    int fd_;
    std::uint16_t port_;
    Poller poller_;
    Door door_{*this};
    std::deque<Peer> peers_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

struct FloorClient final : Source {
    FloorClient(const Target& target, Poller& poller) : fd(connect_from(target, 0)) {
        poller.add(fd, *this, EPOLLIN);
    }
    ~FloorClient() { close(fd); }
    FloorClient(const FloorClient&) = delete;
    FloorClient& operator=(const FloorClient&) = delete;
    void ask() {
        heard = 0;
        if (send(fd, "?", 1, MSG_NOSIGNAL) != 1) fail_errno("asking the floor");
    }
    void on_ready(std::uint32_t) override {
        thread_local std::array<char, 256 * 1024> buffer;
        const auto got = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) heard += static_cast<std::size_t>(got);
    }
    const int fd;
    std::size_t heard = 0;
};

}  // namespace bench
