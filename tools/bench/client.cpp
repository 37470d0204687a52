#include "bench/client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "bench/fail.h"

namespace bench {
namespace {

constexpr std::size_t kConnectionsPerAddress = 10'000;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Only towards 127.0.0.1: the bound also keeps a large index inside 127.0.0.0/24.
void bind_source(int fd, std::size_t index) {
    const std::size_t last_byte = 1 + index / kConnectionsPerAddress;
    if (last_byte == 1) return;
    if (last_byte > 8) fail("more connections than this tool has source addresses for");
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
               sizeof on);  // the port is chosen by connect
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + static_cast<std::uint32_t>(last_byte));
    if (bind(fd, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0)
        fail_errno("bind to a 127.0.0.x address");
}

}  // namespace

int connect_from(const Target& target, std::size_t index) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail_errno("socket number " + std::to_string(index));
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (target.host.starts_with("127.")) bind_source(fd, index);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(target.port);
    if (inet_pton(AF_INET, target.host.c_str(), &address.sin_addr) != 1)
        fail("--host wants an IPv4 address");
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS)
        fail_errno("connect to " + target.host + ':' + std::to_string(target.port));
    return fd;
}

void Client::connect(std::size_t index) {
    index_ = index;
    stream_.take(connect_from(target_, index));
    poller_.add(stream_.fd(), *this, EPOLLOUT);
}

void Client::send(std::string_view bytes) {
    if (send_some(bytes) != bytes.size()) fail("a client could not send its few bytes at once");
}

std::string Client::channel(std::size_t number) const {
    const std::string& name = target_.channels[number];
    return target_.alone ? name + '-' + std::to_string(index_) : name;
}

void Client::on_ready(std::uint32_t) {
    switch (stage_) {
        case Stage::connecting:
            return finish_connecting();
        case Stage::securing:
            return shake_hands();
        default:
            return receive();
    }
}

void Client::finish_connecting() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(stream_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        errno = error;
        fail_errno("connect to " + target_.host + ':' + std::to_string(target_.port));
    }
    poller_.change(stream_.fd(), *this, EPOLLIN);
    if (!target_.tls) return upgrade();
    stage_ = Stage::securing;
    stream_.secure();
    shake_hands();
}

void Client::shake_hands() {
    if (stream_.shake_hands()) upgrade();
}

void Client::upgrade() {
    if (target_.raw) return open();
    stage_ = Stage::upgrading;
    send(upgrade_request(path_of(speech_, target_.credentials.app)));
}

void Client::receive() {
    std::array<char, 64 * 1024>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    const ssize_t got = stream_.receive(buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) fail_errno("a subscriber's connection broke");
    if (got == 0) fail("the server closed a subscriber's connection");
    const std::string_view fresh(buffer.data(), static_cast<std::size_t>(got));
    if (stage_ == Stage::open) tally_.bytes += fresh.size();
    if (pending_.empty()) {
        pending_ = consume(fresh);
    } else {
        pending_ += fresh;
        pending_ = std::string(consume(pending_));
    }
}

std::string_view Client::consume(std::string_view bytes) {
    if (stage_ == Stage::upgrading) {
        const std::size_t end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos) return bytes;
        const std::string_view head = bytes.substr(0, end);
        if (!is_upgraded(head))
            fail("the upgrade was answered with: " + std::string(head.substr(0, head.find('\r'))));
        come_in();
        bytes.remove_prefix(end + 4);
    }
    while (const auto frame = first_frame(bytes)) {
        on_frame(*frame);
        bytes.remove_prefix(frame->size);
    }
    return bytes;
}

void Client::on_frame(const Frame& frame) {
    switch (frame.opcode) {
        case kText:
            // The size tells a delivery from everything else without a look inside: this is the receivers' hot path.
            return stage_ == Stage::open && frame.size == frame_bytes()
                       ? count_delivery(frame.payload)
                       : on_text(frame);
        case kPing:
            return send(masked_frame(kPong, frame.payload));
        case kPong:
            return;
        case kClose:
            fail("the server sent Close: " +
                 std::string(frame.payload.substr(frame.payload.size() < 2 ? 0 : 2)));
        default:
            fail("a frame with opcode " + std::to_string(frame.opcode));
    }
}

void Client::on_text(const Frame& frame) {
    const std::string_view text = frame.payload;
    if (contains(text, "pusher:error") || contains(text, "pusher:subscription_error"))
        fail("the server said: " + std::string(text));
    if (stage_ == Stage::greeting) {
        const std::string socket_id = socket_id_in(text);
        if (socket_id.empty()) fail("the server greeted with: " + std::string(text));
        join(socket_id);
    } else if (stage_ == Stage::joining) {
        on_join_answer(text);
    } else {
        on_other_event(frame);
    }
}

// A server of Pusher's speaks first, the others wait.
void Client::come_in() {
    stage_ = Stage::greeting;
    if (speech_ == Speech::pusher) return;
    stage_ = Stage::joining;
    for (const auto& message : opening_of(speech_, target_.credentials, target_.channels))
        send(masked_frame(kText, message));
}

void Client::join(std::string_view socket_id) {
    stage_ = Stage::joining;
    for (std::size_t i = 0; i < target_.channels.size(); i++)
        send(
            masked_frame(kText, subscribe_message(target_.credentials.app, socket_id, channel(i))));
}

void Client::on_join_answer(std::string_view text) {
    if (speech_ == Speech::pusher) {
        if (!contains(text, "subscription_succeeded")) fail("not joined: " + std::string(text));
        if (++joined_ == target_.channels.size()) open();
    } else if (is_joined(speech_, text, target_.channels.size())) {
        open();
    } else if (!is_half_joined(speech_, text)) {
        fail("not joined: " + std::string(text));
    }
}

void Client::on_other_event(const Frame& frame) {
    const std::string_view text = frame.payload;
    if (contains(text, "\"pusher:ping\""))
        return send(masked_frame(kText, R"({"event":"pusher:pong","data":{}})"));
    if (contains(text, "\"pusher:pong\"")) {
        tally_.pongs++;
        return;
    }
    const bool is_first_delivery = frame_bytes() == 0 && is_delivery(speech_, text, target_.event);
    if (!is_first_delivery) fail("a subscriber heard something unexpected: " + std::string(text));
    frame_bytes() = frame.size;
    count_delivery(text);
}

void Client::count_delivery(std::string_view payload) {
    heard_++;
    if (heard_ > tally_.round) fail("a subscriber heard a publication twice");
    if (heard_ == tally_.round) tally_.complete++;
    if (tally_.ear != nullptr) tally_.ear->on_delivery(payload);
}

void Client::open() {
    stage_ = Stage::open;
    tally_.open++;
}

}  // namespace bench
