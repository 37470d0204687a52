// net/address.h: where a socket is, from text and back. Stateless, any thread; resolving may block,
// so it belongs to start-up.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace carillon::net {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// An IPv4 or IPv6 literal without asking anybody, else a name ("localhost"), whose IPv4 address
// wins: it is what every client's "localhost" still reaches. An empty host is an error, not
// "everywhere".
Result<Address> resolve(const std::string& host, std::uint16_t port);

// "127.0.0.1:80", "[::1]:80", "-" for what is not IP.
std::string to_text(const sockaddr_storage& address);
std::string to_text(const std::string& host, std::uint16_t port);
// "192.0.2.1", "2001:db8::1"; IPv4 within IPv6 as IPv4; "-" for what is not IP.
std::string host_text(const sockaddr_storage& address);
std::uint16_t bound_port(int fd);  // 0: not bound

}  // namespace carillon::net
