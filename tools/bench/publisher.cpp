#include "bench/publisher.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "bench/clock.h"
#include "bench/fail.h"

namespace bench {

Publisher::Publisher(const Target& target, Poller& poller)
    : target_(target), fd_(connect_from(target, 0)) {
    pollfd connecting{fd_, POLLOUT, 0};
    if (poll(&connecting, 1, 5000) != 1 || (connecting.revents & POLLERR))
        fail("the publisher could not connect");
    poller.add(fd_, *this, EPOLLIN);
}

Publisher::~Publisher() { close(fd_); }

void Publisher::sign(std::string_view data) {
    const std::string body = publish_body(target_.event, target_.channels.front(), data);
    request_ = publish_request(target_.credentials.app, body);
}

void Publisher::publish() {
    unanswered_++;
    if (send(fd_, request_.data(), request_.size(), MSG_DONTWAIT | MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request_.size()))
        fail_errno("the publisher could not send its request at once");
}

void Publisher::on_ready(std::uint32_t) {
    std::array<char, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0)
        fail("the publisher's connection was closed; a publish had been answered with: " +
             response_);
    response_.append(buffer.data(), static_cast<std::size_t>(got));
    while (take_answer()) unanswered_--;
}

// False if there is none yet as a whole.
bool Publisher::take_answer() {
    const std::size_t head = response_.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    if (!response_.starts_with("HTTP/1.1 200")) fail("a publish was answered with: " + response_);
    const char* length = strcasestr(response_.c_str(), "\r\ncontent-length:");
    if (length == nullptr) fail("a publish was answered without Content-Length: " + response_);
    const std::size_t size = head + 4 + std::strtoul(std::strchr(length, ':') + 1, nullptr, 10);
    if (response_.size() < size) return false;
    if (unanswered_ == 0) fail("an answer that nobody asked for: " + response_);
    response_.erase(0, size);
    return true;
}

}  // namespace bench
