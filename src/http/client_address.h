// http/client_address.h: who asks, for limits by address: the peer, or what trusted proxies say of
// whom they speak for. Pure.
//
//   X-Forwarded-For := client *( "," proxy )      each proxy appends the address it was asked from
//
// Only as many entries are believed as there are trusted proxies, counted from the right: what
// stands further left anybody may have written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request.h"

namespace carillon::http {

// With 0 trusted hops the peer itself. With fewer entries than hops, the leftmost: all of them were
// written by proxies that are trusted. The peer too where the entry is no address. Borrows from
// both arguments.
std::string_view client_address(std::string_view peer, const Request& request,
                                std::uint32_t trust_hops);

// What of an address counts as one client: an IPv4 address, or the /64 of an IPv6 address, for a
// household has that many to change between. IPv4 within IPv6 is IPv4. Whatever is no address is
// one client together.
struct ClientKey {
    enum class Kind : unsigned char { none, v4, v6 };
    std::uint64_t bits = 0;
    Kind kind = Kind::none;

    friend bool operator==(const ClientKey&, const ClientKey&) = default;
};

ClientKey client_key(std::string_view address);

struct ClientKeyHash {
    std::size_t operator()(const ClientKey& key) const;
};

}  // namespace carillon::http
