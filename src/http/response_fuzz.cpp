// input := status(2) flags(1) *( header LF ) LF body, where 01 in a header stands for LF. Whatever
// a handler answers, the bytes are one head with as many lines as there are headers, and behind it
// the body and nothing else.
// fuzzes: response.cpp
#include <algorithm>
#include <string>

#include "base/assert.h"
#include "http/response.h"

namespace {

using namespace carillon;

std::string_view next_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
        ++found;
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < 3) return 0;
    std::string_view rest(reinterpret_cast<const char*>(data) + 3, size - 3);
    http::Response response;
    response.status = 100 + (data[0] << 8 | data[1]) % 500;
    const bool head_only = (data[2] & 1) != 0;
    const bool keep_alive = (data[2] & 2) != 0;
    for (auto line = next_line(rest); !line.empty(); line = next_line(rest)) {
        // A name that is ours to write would be a bug of the handler's.
        std::string header(line);
        std::ranges::replace(header, '\x01', '\n');  // a line cannot hold one
        const auto half = header.size() / 2;
        response.headers.emplace_back("X-" + header.substr(0, half), header.substr(half));
    }
    response.body = rest;
    ASSERT(!http::reason_phrase(response.status).empty());

    base::Buffer out;
    http::encode(response, head_only, keep_alive, out);
    const auto head = out.view().substr(0, out.view().find("\r\n\r\n"));
    ASSERT(head.size() + 4 <= out.size());
    const auto body = out.view().substr(head.size() + 4);
    const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
    ASSERT(body == (bodiless || head_only ? std::string_view() : response.body));
    const std::size_t ours = (response.status >= 200 ? 1 : 0) + (bodiless ? 0 : 1);
    ASSERT(count(head, "\r\n") == response.headers.size() + ours);
    ASSERT(count(head, "\n") == count(head, "\r\n") && count(head, "\r") == count(head, "\r\n"));
    ASSERT(head.find('\0') == std::string_view::npos);
    if (response.status >= 200) {
        ASSERT(head.find(keep_alive ? "\r\nConnection: keep-alive" : "\r\nConnection: close") !=
               std::string_view::npos);
    }
    return 0;
}
