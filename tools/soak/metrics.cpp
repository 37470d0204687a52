#include "soak/metrics.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "bench/fail.h"

namespace soak {
namespace {

constexpr int kAnswerMs = 60'000;

// /proc/net/tcp: number: local remote state … uid timeout inode …; no inode: nobody's.
std::set<unsigned long> inodes_of_connections() {
    constexpr unsigned kListen = 0x0a;
    std::set<unsigned long> inodes;
    for (const auto* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream file(path);
        std::string line;
        for (std::getline(file, line); std::getline(file, line);) {
            unsigned state = 0;
            unsigned long inode = 0;
            const int read =
                std::sscanf(line.c_str(), "%*s %*s %*s %x %*s %*s %*s %*u %*u %lu", &state, &inode);
            if (read == 2 && state != kListen && inode != 0) inodes.insert(inode);
        }
    }
    return inodes;
}

}  // namespace

Scrape::Scrape(std::string_view page) {
    std::istringstream lines{std::string(page)};
    for (std::string line; std::getline(lines, line);) {
        const auto blank = line.rfind(' ');
        if (line.starts_with('#') || blank == std::string::npos) continue;
        values_[line.substr(0, blank)] = std::strtoll(line.c_str() + blank, nullptr, 10);
    }
}

std::int64_t Scrape::sum(std::string_view name, std::string_view label) const {
    std::int64_t total = 0;
    bool is_there = false;
    for (auto at = values_.lower_bound(name); at != values_.end() && at->first.starts_with(name);
         ++at) {
        const auto labels = std::string_view(at->first).substr(name.size());
        if (!labels.empty() && labels[0] != '{') continue;  // a longer name
        is_there = true;
        if (labels.find(label) != std::string_view::npos) total += at->second;
    }
    if (!is_there) bench::fail("the server has no metric " + std::string(name));
    return total;
}

std::int64_t Scrape::lane(std::string_view name, std::size_t lane) const {
    return sum(name, "lane=\"" + std::to_string(lane) + '"');
}

std::size_t Scrape::lanes() const {
    std::size_t lanes = 0;
    while (values_.contains("carillon_matched_total{lane=\"" + std::to_string(lanes) + "\"}"))
        lanes++;
    if (lanes == 0) bench::fail("the server has no lanes in carillon_matched_total");
    return lanes;
}

Metrics::Metrics(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        bench::fail_errno("connect to the metrics port");
}

Metrics::~Metrics() { close(fd_); }

// Waits for the answer: the server needs none of the clients, which stand still meanwhile, for it.
Scrape Metrics::scrape() {
    constexpr std::string_view request = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
        bench::fail_errno("ask for /metrics");
    std::string answer;
    while (true) {
        pollfd readable{fd_, POLLIN, 0};
        if (poll(&readable, 1, kAnswerMs) != 1) bench::fail("no answer from /metrics for 60 s");
        std::array<char, 16 * 1024>
            buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
        const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
        if (got <= 0) bench::fail_errno("read /metrics; it had said: " + answer);
        answer.append(buffer.data(), static_cast<std::size_t>(got));
        const auto head = answer.find("\r\n\r\n");
        const auto length = answer.find("Content-Length: ");
        if (head == std::string::npos || length > head) continue;
        const auto body = std::strtoul(answer.c_str() + length + 16, nullptr, 10);
        if (answer.size() >= head + 4 + body)
            return Scrape(std::string_view(answer).substr(head + 4));
    }
}

Descriptors descriptors_of(pid_t pid) {
    const auto sockets = inodes_of_connections();
    Descriptors descriptors;
    std::error_code error;
    std::filesystem::directory_iterator at("/proc/" + std::to_string(pid) + "/fd", error);
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
        std::error_code gone;  // it was closed meanwhile
        const auto target = std::filesystem::read_symlink(*at, gone).string();
        unsigned long inode = 0;
        const bool socket = std::sscanf(target.c_str(), "socket:[%lu]", &inode) == 1;
        (socket && sockets.contains(inode) ? descriptors.connections : descriptors.others)++;
    }
    if (error) bench::fail("the server's descriptors cannot be read: " + error.message());
    return descriptors;
}

std::int64_t resident_kb(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    std::int64_t size = 0;
    std::int64_t resident = 0;
    if (!(file >> size >> resident)) bench::fail("the server has gone");
    return resident * sysconf(_SC_PAGESIZE) / 1024;
}

}  // namespace soak
