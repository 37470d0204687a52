// bench/floor.cpp: what a fan-out costs when nothing is left but the kernel. Prints its port, accepts
// receivers that never speak and one publisher, whoever does. What it hears is not understood, only
// its end is found. No JSON, no HMAC, no handshake; socket options and flags are the server's.
//   floor <frame bytes>                       answers an HTTP request by one frame to each receiver
//   floor <frame bytes> <frames> <burst bytes> joined|copied
//                                             so many frames to each receiver by one send per burst:
//                                             joined once and for all, or copied for each receiver
// Ends when the load tool has gone.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Plan {
    std::size_t frame_bytes = 0;
    std::size_t frames = 1;
    std::size_t burst_bytes = 0;  // 0: a request says itself where it ends
    bool is_copied = false;
};

constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

std::string frames_of(const Plan& plan) {
    const std::size_t payload = plan.frame_bytes - 4;
    std::string frame = {'\x81', '\x7e', char(payload >> 8), char(payload)};
    frame.resize(plan.frame_bytes, 'x');
    std::string joined;
    for (std::size_t i = 0; i < plan.frames; i++) joined += frame;
    return joined;
}

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

class Floor {
 public:
    explicit Floor(const Plan& plan) : plan_(plan), joined_(frames_of(plan)) { listen(); }

    void serve() {
        epoll_event ready[64];
        for (int count; (count = epoll_wait(poll_, ready, 64, -1)) >= 0;) {
            for (int i = 0; i < count; i++) {
                const int fd = ready[i].data.fd;
                if (fd == listener_)
                    accept_all();
                else if (!hear(fd))
                    return;
            }
        }
    }

 private:
    void listen() {
        sockaddr_in address{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
        socklen_t length = sizeof address;
        const auto place = reinterpret_cast<sockaddr*>(&address);
        if (bind(listener_, place, length) || ::listen(listener_, 4096)) give_up("floor: listen");
        getsockname(listener_, place, &length);
        watch(listener_);
        std::printf("%d\n", ntohs(address.sin_port)), std::fflush(stdout);
    }

    void watch(int fd) const {
        epoll_event readable{EPOLLIN, {.fd = fd}};
        epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &readable);
    }

    void accept_all() {
        const int on = 1;
        for (int peer; (peer = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
            setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            watch(peer);
            receivers_.push_back(peer);
        }
    }

    // False if the load tool has gone.
    bool hear(int fd) {
        const ssize_t got = recv(fd, bytes_.data(), bytes_.size(), MSG_DONTWAIT);
        if (got <= 0) return false;
        if (fd != publisher_) std::erase(receivers_, publisher_ = fd);
        request_.append(bytes_, 0, std::size_t(got));
        const std::size_t end = plan_.burst_bytes ? plan_.burst_bytes : http_end();
        if (request_.size() < end) return true;
        request_.erase(0, end);
        for (int peer : receivers_) send_to(peer);
        if (plan_.burst_bytes == 0) send(fd, kAnswer.data(), kAnswer.size(), kFlags);
        return true;
    }

    std::size_t http_end() const {
        const std::size_t head = request_.find("\r\n\r\n");
        if (head == std::string::npos) return head;
        const std::size_t field = request_.find("Content-Length: ");
        return head + 4 + std::strtoul(&request_[field + 16], nullptr, 10);
    }

    void send_to(int peer) {
        const std::string& from = plan_.is_copied ? copied() : joined_;
        if (send(peer, from.data(), from.size(), kFlags) != ssize_t(from.size()))
            give_up("floor: a send that took not all");
    }

    // Frame by frame, as who has several pieces must.
    const std::string& copied() {
        scratch_.resize(joined_.size());
        for (std::size_t at = 0; at < joined_.size(); at += plan_.frame_bytes)
            std::memcpy(&scratch_[at], &joined_[at], plan_.frame_bytes);
        return scratch_;
    }

    const Plan plan_;
    const int poll_ = epoll_create1(0);
    const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int publisher_ = -1;
    std::vector<int> receivers_;
    std::string joined_, scratch_, request_, bytes_ = std::string(65536, '\0');
};

}  // namespace

int main(int argc, char** argv) {
    const auto number = [&](int i) {
        return std::size_t(i < argc ? std::strtoul(argv[i], nullptr, 10) : 0);
    };
    Plan plan{.frame_bytes = number(1)};
    if (argc == 5) plan = {number(1), number(2), number(3), argv[4] == std::string_view("copied")};
    const bool is_burst = argc == 5 && plan.frames != 0 && plan.burst_bytes != 0;
    if (plan.frame_bytes < 4 || plan.frame_bytes > 65539 || !(argc == 2 || is_burst)) {
        std::fputs("usage: floor <frame bytes> [<frames> <burst bytes> joined|copied]\n", stderr);
        return 2;
    }
    Floor(plan).serve();
}
