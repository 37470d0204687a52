#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>

namespace carillon::net {

namespace {

using Found = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Found look_up(const std::string& host, std::uint16_t port, int flags, int& error) {
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
    return {found, &::freeaddrinfo};
}

const addrinfo* preferred(const addrinfo* found) {
    for (const auto* one = found; one != nullptr; one = one->ai_next) {
        if (one->ai_family == AF_INET) return one;
    }
    return found;
}

}  // namespace

Result<Address> resolve(const std::string& host, std::uint16_t port) {
    if (host.empty())
        return Error{ErrorKind::invalid, "no host given for port " + std::to_string(port)};
    int error = 0;
    // Loopback by definition (RFC 6761), also where no resolver or hosts file knows it.
    Found found = look_up(host == "localhost" ? "127.0.0.1" : host, port, AI_NUMERICHOST, error);
    if (error == EAI_NONAME) found = look_up(host, port, 0, error);
    if (error != 0) {
        return Error{ErrorKind::invalid, "cannot resolve " + host + ": " + ::gai_strerror(error)};
    }
    const addrinfo* best = preferred(found.get());
    Address address;
    std::memcpy(&address.storage, best->ai_addr, best->ai_addrlen);
    address.size = best->ai_addrlen;
    return address;
}

std::string to_text(const sockaddr_storage& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.ss_family == AF_INET) {
        const auto& ip = reinterpret_cast<const sockaddr_in&>(address);
        ::inet_ntop(AF_INET, &ip.sin_addr, text, sizeof text);
        return to_text(text, ntohs(ip.sin_port));
    }
    if (address.ss_family == AF_INET6) {
        const auto& ip = reinterpret_cast<const sockaddr_in6&>(address);
        ::inet_ntop(AF_INET6, &ip.sin6_addr, text, sizeof text);
        return to_text(text, ntohs(ip.sin6_port));
    }
    return "-";
}

std::string host_text(const sockaddr_storage& address) {
    char text[INET6_ADDRSTRLEN] = "-";
    if (address.ss_family == AF_INET) {
        const auto& ip = reinterpret_cast<const sockaddr_in&>(address);
        ::inet_ntop(AF_INET, &ip.sin_addr, text, sizeof text);
    } else if (address.ss_family == AF_INET6) {
        const auto& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
        const bool v4 = IN6_IS_ADDR_V4MAPPED(&ip);
        const void* const bytes = v4 ? ip.s6_addr + 12 : ip.s6_addr;
        ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
    }
    return text;
}

std::string to_text(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::uint16_t bound_port(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    if (address.ss_family == AF_INET)
        return ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
    return 0;
}

}  // namespace carillon::net
