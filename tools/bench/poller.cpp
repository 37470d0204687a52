#include "bench/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "bench/fail.h"

namespace bench {

Poller::Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) fail_errno("epoll_create1");
}

Poller::~Poller() { close(fd_); }

void Poller::add(int fd, Source& source, std::uint32_t events) {
    epoll_event event{events, {.ptr = &source}};
    if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) fail_errno("epoll_ctl");
}

void Poller::change(int fd, Source& source, std::uint32_t events) {
    epoll_event event{events, {.ptr = &source}};
    if (epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event) != 0) fail_errno("epoll_ctl");
}

void Poller::wait(std::int64_t timeout_ns) {
    std::array<epoll_event, 512>
        ready;  // NOLINT(cppcoreguidelines-pro-type-member-init): the kernel fills it
    const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
    const int count = epoll_pwait2(fd_, ready.data(), ready.size(), &timeout, nullptr);
    if (count < 0 && errno != EINTR) fail_errno("epoll_pwait2");
    for (int i = 0; i < count; i++)
        static_cast<Source*>(ready[i].data.ptr)->on_ready(ready[i].events);
}

}  // namespace bench
