// http/request.h: one request as a client sent it, complete: what the decoder makes, the router
// completes with path parameters, and a handler reads. Owns its bytes, so that a handler may move
// it somewhere and answer later. Of the connection it came from it knows the
// peer's address only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carillon::http {

struct Header {
    std::string name;  // as received; compare with equals_ignoring_case
    std::string value;
};

struct Request {
    std::string method;  // a token without lowercase letters
    std::string target;  // as received
    std::string path;   // of the target, raw: percent sequences untouched (signatures are made over
                        // these bytes)
    std::string query;  // what follows the first '?', raw; url.h takes it apart
    int version = 11;   // 10 or 11
    bool keep_alive = true;
    std::vector<Header> headers;  // in order of arrival; a name may come twice
    // The decoder leaves 64 bytes of capacity behind the content, which is what simdjson wants to
    // read into.
    std::string body;
    std::vector<std::pair<std::string, std::string>>
        params;  // {x} of the route's pattern, percent-decoded
    // Who is at the other end of the connection, "192.0.2.1" or "2001:db8::1", filled in by edge;
    // perhaps a proxy (client_address.h).
    std::string peer;

    // The first header of that name, in any case; empty if there is none.
    std::string_view header(std::string_view name) const;
    bool has_header(std::string_view name) const;
    std::size_t count_headers(std::string_view name) const;
    // Whether a list header (Connection, Upgrade, …), over all its lines, holds this token in any
    // case.
    bool header_has_token(std::string_view name, std::string_view token) const;
    // A path parameter; empty if the route's pattern has none of that name.
    std::string_view param(std::string_view name) const;
};

// ASCII only, which is all that header names and tokens may hold.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Without the spaces and tabs at its ends.
std::string_view trimmed(std::string_view text);

// Calls `visit(std::string_view)` with each element of a comma-separated list; empty elements are
// skipped, as RFC 9110 §5.6.1 asks of a recipient.
template <class Visit>
void for_each_element(std::string_view list, Visit visit) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        const auto element = trimmed(list.substr(0, comma));
        if (!element.empty()) visit(element);
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
}

}  // namespace carillon::http
