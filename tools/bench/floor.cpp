// bench/floor.cpp: what the server's work costs when nothing is left but the kernel. Prints its port, accepts
// receivers that never speak and publishers, whoever speaks. What it hears is not understood, only
// its end is found. No JSON, no handshake but TLS's; socket options and flags are the server's.
//   floor frames <frame bytes>                       answers an HTTP request by one frame to each receiver
//   floor signed <frame bytes>                       the same for the first who came, when MD5 and HMAC are right
//   floor bursts <frame bytes> <frames> <burst bytes> joined|copied
//                                                    so many frames to each receiver by one send per burst:
//                                                    joined once and for all, or copied for each receiver
//   floor blocks <frame bytes> <block bytes>         answers each block by one frame to its sender
// `--tls CERTIFICATE KEY` in front: everything under TLS. Ends when the load tool has gone.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/floor_peer.h"
#include "bench/floor_signature.h"

namespace bench {
namespace {

struct Plan {
    std::string kind;
    std::size_t frame_bytes = 0;
    std::size_t frames = 1;
    std::size_t burst_bytes = 0;  // 0: a request says itself where it ends
    bool is_copied = false;
    SSL_CTX* tls = nullptr;
};

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

std::string frames_of(const Plan& plan) {
    const std::size_t payload = plan.frame_bytes - 4;
    std::string frame = {'\x81', '\x7e', char(payload >> 8), char(payload)};
    frame.resize(plan.frame_bytes, 'x');
    std::string joined;
    for (std::size_t i = 0; i < plan.frames; i++) joined += frame;
    return joined;
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
                else if (!hear(peers_[std::size_t(fd)]))
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
        for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            watch(fd);
            if (peers_.size() <= std::size_t(fd)) peers_.resize(std::size_t(fd) + 1);
            peers_[std::size_t(fd)].open(fd, plan_.tls);
            if (plan_.kind != "signed" || receivers_.empty()) receivers_.push_back(fd);
        }
    }

    // False if the load tool has gone.
    bool hear(Peer& peer) {
        const ssize_t got = peer.receive(bytes_.data(), bytes_.size());
        if (got <= 0) return got == 0;
        if (plan_.kind == "blocks") return hear_block(peer, std::size_t(got));
        if (!peer.speaks) std::erase(receivers_, peer.fd);
        peer.speaks = true;
        std::string& request = requests_[peer.fd];
        request.append(bytes_, 0, std::size_t(got));
        const std::size_t end = plan_.burst_bytes ? plan_.burst_bytes : http_end(request);
        if (request.size() < end) return true;
        if (plan_.kind == "signed" && !signature_.is_good(request)) give_up("floor: a signature");
        request.erase(0, end);
        for (int fd : receivers_) send_to(peers_[std::size_t(fd)]);
        if (plan_.burst_bytes == 0) peer.send(kAnswer);
        return true;
    }

    bool hear_block(Peer& peer, std::size_t bytes) const {
        peer.heard += bytes;
        if (peer.heard < plan_.burst_bytes) return true;
        peer.heard -= plan_.burst_bytes;
        peer.send(joined_);
        return true;
    }

    static std::size_t http_end(const std::string& request) {
        const std::size_t head = request.find("\r\n\r\n");
        if (head == std::string::npos) return head;
        const std::size_t field = request.find("Content-Length: ");
        return head + 4 + std::strtoul(&request[field + 16], nullptr, 10);
    }

    void send_to(const Peer& peer) { peer.send(plan_.is_copied ? copied() : joined_); }

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
    std::vector<Peer> peers_;     // by descriptor
    std::vector<int> receivers_;  // who has not spoken
    std::map<int, std::string> requests_;
    FloorSignature signature_;
    std::string joined_, scratch_, bytes_ = std::string(65536, '\0');
};

int usage() {
    std::fputs(
        "usage: floor [--tls CERTIFICATE KEY] frames|signed <frame bytes>\n"
        "       floor […] bursts <frame bytes> <frames> <burst bytes> joined|copied\n"
        "       floor […] blocks <frame bytes> <block bytes>\n",
        stderr);
    return 2;
}

int run(std::vector<std::string> words) {
    Plan plan;
    if (words.size() > 3 && words[0] == "--tls") {
        plan.tls = server_context(words[1].c_str(), words[2].c_str());
        words.erase(words.begin(), words.begin() + 3);
    }
    const auto number = [&](std::size_t i) { return std::strtoul(words[i].c_str(), nullptr, 10); };
    if (words.size() < 2) return usage();
    plan.kind = words[0];
    plan.frame_bytes = number(1);
    if (plan.kind == "bursts" && words.size() == 5) {
        plan.frames = number(2), plan.burst_bytes = number(3),
        plan.is_copied = words[4] == "copied";
    } else if (plan.kind == "blocks" && words.size() == 3) {
        plan.burst_bytes = number(2);
    } else if ((plan.kind != "frames" && plan.kind != "signed") || words.size() != 2) {
        return usage();
    }
    if (plan.frame_bytes < 4 || plan.frame_bytes > 65539 || plan.frames == 0) return usage();
    if ((plan.kind == "bursts" || plan.kind == "blocks") && plan.burst_bytes == 0) return usage();
    Floor(plan).serve();
    return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run({argv + 1, argv + argc}); }
