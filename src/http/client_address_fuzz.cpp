// input := hops(1) peer LF *( X-Forwarded-For LF ). Whatever is forwarded, the client is the peer
// or an address that stands there; and what stands left of the trusted entries changes nothing.
// fuzzes: client_address.cpp request.cpp
#include <arpa/inet.h>

#include <array>
#include <string>

#include "base/assert.h"
#include "http/client_address.h"

namespace {

using namespace carillon;

std::string_view next_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

void check_key(std::string_view address) {
    const auto key = http::client_key(address);
    ASSERT(http::ClientKeyHash()(key) == http::ClientKeyHash()(http::client_key(address)));
    std::array<unsigned char, 16> bytes{};
    const std::string text(address);
    const bool v4 = ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1;
    const bool v6 = !v4 && ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
    const bool has_nul = address.find('\0') != std::string_view::npos;
    if (!has_nul) ASSERT((key.kind == http::ClientKey::Kind::none) == (!v4 && !v6));
    if (key.kind == http::ClientKey::Kind::v4) ASSERT(key.bits <= 0xffff'ffff);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::uint32_t hops = data[0] % 8;
    const auto peer = next_line(rest);
    http::Request request;
    std::size_t entries = 0;
    while (!rest.empty()) {
        const auto line = next_line(rest);
        http::for_each_element(line, [&](std::string_view) { ++entries; });
        request.headers.push_back({"x-forwarded-FOR", std::string(line)});
    }
    check_key(peer);
    const auto client = http::client_address(peer, request, hops);
    if (hops == 0 || entries == 0) ASSERT(client == peer);
    if (client != peer) ASSERT(http::client_key(client).kind != http::ClientKey::Kind::none);

    // What a client writes itself stands to the left of what the proxies add.
    if (hops > entries) return 0;
    const std::string before(client);
    request.headers.insert(request.headers.begin(), {"X-Forwarded-For", "198.51.100.1, a"});
    ASSERT(http::client_address(peer, request, hops) == before);
    return 0;
}
