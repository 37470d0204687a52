#include "abuse/visitor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "bench/fail.h"

namespace abuse {
namespace {

constexpr std::uint32_t kAddresses = 7;
constexpr int kDeafBytes = 4096;

// Spread over 127.0.0.1 to .7, so that ports never run out however fast they come and go.
int connect_from(const bench::Target& target, std::size_t number, int receive_bytes) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) bench::fail_errno("socket");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    // Before it connects: afterwards the window is promised already.
    if (receive_bytes != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(number) % kAddresses);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        bench::fail_errno("bind to a 127.0.0.x address");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(target.port);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS)
        bench::fail_errno("connect");
    return fd;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// The number behind `"name":`.
std::string number_in(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    if (at == std::string_view::npos) return "?";
    const auto begin = text.find_first_of("0123456789n", at + name.size());
    if (begin == std::string_view::npos) return "?";
    return std::string(text.substr(begin, text.find_first_not_of("0123456789", begin) - begin));
}

std::string word_for(std::string_view text) {
    if (contains(text, "pusher:subscription_error"))
        return "refused " + number_in(text, R"("status":)");
    if (contains(text, "subscription_succeeded")) return "joined";
    if (contains(text, "pusher:error")) return "error " + number_in(text, R"("code":)");
    if (contains(text, "pusher:pong")) return "pusher:pong";
    return "heard";
}

}  // namespace

Visitor::Visitor(const bench::Target& target, const Manner& manner, bench::Poller& poller,
                 Outcomes& outcomes, std::size_t number)
    : target_(target),
      manner_(manner),
      poller_(poller),
      outcomes_(outcomes),
      number_(number),
      fd_(connect_from(target, number, manner.deaf ? kDeafBytes : 0)) {
    poller_.add(fd_, *this, EPOLLIN | EPOLLOUT);
}

Visitor::~Visitor() { leave(); }

void Visitor::leave() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Visitor::say(std::string_view bytes) {
    said_++;
    unsent_ += bytes;
    if (stage_ == Stage::in) send_some();
}

void Visitor::on_ready(std::uint32_t events) {
    if (gone()) return;  // one event of a batch ended it, another was for it too
    if (stage_ == Stage::connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
        connected();
    if (!gone() && (events & EPOLLOUT) != 0) send_some();
    const std::uint32_t heard = manner_.deaf && in() ? 0U : EPOLLIN;
    if (!gone() && (events & (heard | EPOLLHUP | EPOLLERR)) != 0) receive();
}

void Visitor::connected() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        note("not connected");
        return leave();
    }
    if (!manner_.websocket) {
        stage_ = Stage::in;
        return;
    }
    stage_ = Stage::upgrading;
    const auto request =
        bench::upgrade_request(bench::path_of(bench::Speech::pusher, target_.credentials.app));
    if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        note("reset");
        leave();
    }
}

void Visitor::send_some() {
    if (stage_ != Stage::in) return;
    const auto sent = unsent_.empty()
                          ? 0
                          : send(fd_, unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
    // A broken connection still has something to be read: why.
    if (sent < 0 && errno != EAGAIN) unsent_.clear();
    if (wants_write_ == !unsent_.empty()) return;
    wants_write_ = !unsent_.empty();
    poller_.change(fd_, *this, (manner_.deaf ? 0U : EPOLLIN) | (wants_write_ ? EPOLLOUT : 0U));
}

void Visitor::receive() {
    std::array<char, 64 * 1024>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    const auto got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) {
        received_.append(buffer.data(), static_cast<std::size_t>(got));
        return consume();
    }
    if (!told_) note(got == 0 ? "end" : "reset");
    leave();
}

void Visitor::consume() {
    while (!gone() && (manner_.websocket && stage_ >= Stage::greeting ? consume_frame()
                                                                      : consume_response())) {
    }
}

bool Visitor::consume_response() {
    const auto end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const char* const length = strcasestr(received_.c_str(), "\r\ncontent-length:");
    std::size_t body = 0;
    if (length != nullptr && length < received_.c_str() + end)
        body = std::strtoul(length + 17, nullptr, 10);
    if (received_.size() < end + 4 + body) return false;
    const auto status = received_.substr(9, 3);
    received_.erase(0, end + 4 + body);
    if (manner_.websocket && status == "101") {
        stage_ = Stage::greeting;
    } else {
        note("HTTP " + status);
        told_ = true;
    }
    return true;
}

bool Visitor::consume_frame() {
    const auto frame = bench::first_frame(received_);
    if (!frame) return false;
    if (frame->opcode == bench::kText) {
        on_text(frame->payload);
    } else if (frame->opcode == bench::kPing) {
        unsent_ += bench::masked_frame(bench::kPong, frame->payload);
        send_some();
    } else if (frame->opcode == bench::kPong) {
        note("pong");
    } else if (frame->payload.size() >= 2) {
        const auto high = static_cast<unsigned char>(frame->payload[0]);
        note("close " + std::to_string(high << 8 | static_cast<unsigned char>(frame->payload[1])));
        told_ = true;
    }
    if (!gone()) received_.erase(0, frame->size);
    return true;
}

void Visitor::on_text(std::string_view text) {
    if (stage_ == Stage::greeting) {
        if (manner_.joins.empty()) return come_in();
        stage_ = Stage::joining;
        auto channel = manner_.joins;
        if (channel.ends_with('-')) channel += std::to_string(number_);
        const auto frame = bench::masked_frame(
            bench::kText,
            bench::subscribe_message(target_.credentials.app, bench::socket_id_in(text), channel));
        send(fd_, frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
    }
    if (contains(text, "\"pusher:ping\"")) {
        unsent_ += bench::masked_frame(bench::kText, R"({"event":"pusher:pong","data":{}})");
        return send_some();
    }
    const auto word = word_for(text);
    note(word);
    if (stage_ != Stage::joining || word != "joined") return;
    come_in();
    if (manner_.leaves) leave();
}

void Visitor::come_in() {
    stage_ = Stage::in;
    wants_write_ = true;  // so that send_some sets what is waited for
    send_some();
    if (manner_.deaf && !gone()) poller_.change(fd_, *this, 0);
}

void Visitor::note(const std::string& outcome) {
    outcomes_[outcome]++;
    noted_++;
}

}  // namespace abuse
