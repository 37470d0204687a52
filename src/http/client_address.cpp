#include "http/client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace carillon::http {
namespace {

// Some proxies append the port they were asked from: "192.0.2.1:4711", "[2001:db8::1]:4711".
std::string_view without_port(std::string_view entry) {
    const auto bracket = entry.find(']');
    if (entry.starts_with('[') && bracket != std::string_view::npos) {
        return entry.substr(1, bracket - 1);
    }
    return std::ranges::count(entry, ':') == 1 ? entry.substr(0, entry.find(':')) : entry;
}

std::uint64_t first_bytes(const unsigned char* bytes, std::size_t count) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < count; ++i) bits = bits << 8 | bytes[i];
    return bits;
}

}  // namespace

std::string_view client_address(std::string_view peer, const Request& request,
                                std::uint32_t trust_hops) {
    if (trust_hops == 0) return peer;
    std::vector<std::string_view> entries;
    for (const auto& header : request.headers) {
        if (!equals_ignoring_case(header.name, "X-Forwarded-For")) continue;
        for_each_element(header.value, [&](std::string_view entry) { entries.push_back(entry); });
    }
    if (entries.empty()) return peer;
    const auto from_right = std::min<std::size_t>(trust_hops, entries.size());
    const auto address = without_port(entries[entries.size() - from_right]);
    return client_key(address).kind == ClientKey::Kind::none ? peer : address;
}

ClientKey client_key(std::string_view address) {
    char text[INET6_ADDRSTRLEN];  // ends with a NUL, which inet_pton needs
    if (address.size() >= sizeof text) return {};
    text[address.copy(text, sizeof text - 1)] = '\0';
    unsigned char v4[4];
    if (::inet_pton(AF_INET, text, v4) == 1) return {first_bytes(v4, 4), ClientKey::Kind::v4};
    in6_addr v6;
    if (::inet_pton(AF_INET6, text, &v6) != 1) return {};
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return {first_bytes(v6.s6_addr + 12, 4), ClientKey::Kind::v4};
    return {first_bytes(v6.s6_addr, 8), ClientKey::Kind::v6};
}

// The finalizer of splitmix64: neighbours, which addresses are, end far apart.
std::size_t ClientKeyHash::operator()(const ClientKey& key) const {
    auto x = key.bits + 0x9e3779b97f4a7c15 * (1 + static_cast<std::uint64_t>(key.kind));
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

}  // namespace carillon::http
