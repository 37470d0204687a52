// bench/floor.cpp: what a publish costs when nothing is left but the kernel. `floor <frame bytes>` prints its port, accepts
// receivers that never speak and one publisher (whoever sends `POST`), and answers each publish by one send per receiver.
// No JSON, no HMAC, no handshake; socket options and flags are the server's. Ends when the load tool has gone.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    const std::size_t size = argc == 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
    if (size < 4 || size > 65539) return std::fprintf(stderr, "usage: floor <frame bytes>\n"), 2;
    std::string frame = {'\x81', '\x7e', char((size - 4) >> 8), char(size - 4)};
    frame.resize(size, 'x');
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL, on = 1, poll = epoll_create1(0);

    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    socklen_t length = sizeof address;
    const auto place = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, place, length) || listen(listener, 4096)) return std::perror("floor"), 1;
    getsockname(listener, place, &length);
    epoll_event ready[64] = {{EPOLLIN, {.fd = listener}}};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, ready);
    std::printf("%d\n", ntohs(address.sin_port)), std::fflush(stdout);

    std::vector<int> receivers;
    std::string request, bytes(65536, '\0');
    for (int publisher = -1, count; (count = epoll_wait(poll, ready, 64, -1)) >= 0;) {
        for (int i = 0; i < count; i++) {
            const int fd = ready[i].data.fd;
            for (int peer;
                 fd == listener && (peer = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
                setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                epoll_event readable{EPOLLIN, {.fd = peer}};
                epoll_ctl(poll, EPOLL_CTL_ADD, peer, &readable);
                receivers.push_back(peer);
            }
            if (fd == listener) continue;
            const ssize_t got = recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (got <= 0) return 0;
            request.append(bytes, 0, std::size_t(got));
            if (fd != publisher && request.starts_with("POST"))
                std::erase(receivers, publisher = fd);
            const std::size_t head = request.find("\r\n\r\n"),
                              field = request.find("Content-Length: ");
            if (head == std::string::npos) continue;
            const std::size_t end = head + 4 + std::strtoul(&request[field + 16], nullptr, 10);
            if (request.size() < end) continue;
            request.erase(0, end);
            for (int peer : receivers)
                if (send(peer, frame.data(), size, flags) != ssize_t(size)) return 1;
            send(fd, answer.data(), answer.size(), flags);
        }
    }
}
