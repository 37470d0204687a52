#include "http/head.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>

#include "base/assert.h"

namespace carillon::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::string_view;

Error bad(std::string why) { return Error{ErrorKind::invalid, std::move(why), 400}; }

std::string_view as_std(string_view text) { return {text.data(), text.size()}; }

// Beast splits the lines and fields; we collect them. Never fed a body: the chunk and body
// callbacks stay silent.
class HeadParser final : public beast::http::basic_parser<true> {
 public:
    explicit HeadParser(Request& request) : request_(request) {}

 private:
    void on_request_impl(beast::http::verb, string_view method, string_view target, int version,
                         error_code&) override {
        request_.method = as_std(method);
        request_.target = as_std(target);
        request_.version = version;
    }
    void on_field_impl(beast::http::field, string_view name, string_view value,
                       error_code&) override {
        request_.headers.push_back({std::string(as_std(name)), std::string(as_std(value))});
    }
    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
    void on_finish_impl(error_code&) override {}

    Request& request_;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Tab is the one control byte with a place in a header. A CR in the middle of a line is caught here
// too.
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

Result<void> check_lines(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto line = bytes.substr(0, bytes.find('\n') - 1);
        bytes.remove_prefix(line.size() + 2);
        if (line.starts_with(' ') || line.starts_with('\t')) {
            return bad("a header line begins with a space: folded headers are not accepted");
        }
        if (std::ranges::any_of(line, is_control)) return bad("a control byte in the head");
    }
    return {};
}

// Beast says bad_version for "HTTP/2.0" and for nonsense alike; clients deserve to know which.
Result<void> check_version(std::string_view bytes) {
    const auto line = bytes.substr(0, bytes.find('\r'));
    constexpr std::string_view shape = " HTTP/";
    if (line.size() < shape.size() + 3) return {};
    const auto version = line.substr(line.size() - 3);
    if (!line.substr(0, line.size() - 3).ends_with(shape)) return {};
    if (!is_digit(version[0]) || version[1] != '.' || !is_digit(version[2])) return {};
    if (version == "1.0" || version == "1.1") return {};
    return Error{ErrorKind::unsupported, "only HTTP/1.1 and HTTP/1.0 are spoken here", 505};
}

Result<void> run_beast(std::string_view bytes, Request& request) {
    HeadParser parser(request);
    parser.header_limit(static_cast<std::uint32_t>(bytes.size()) + 1);
    parser.body_limit(
        boost::none);  // check_framing() knows the limit and the status to refuse with
    error_code error;
    const auto taken = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (error) return bad("malformed request: " + error.message());
    if (!parser.is_header_done() || taken != bytes.size()) return bad("malformed request head");
    request.keep_alive = request.version == 11 && parser.keep_alive();
    return {};
}

Result<void> check_method(const Request& request) {
    if (std::ranges::any_of(request.method, [](char c) { return c >= 'a' && c <= 'z'; })) {
        return bad("the method has lowercase letters");
    }
    if (request.method == "CONNECT") {
        return Error{ErrorKind::unsupported, "this server is not a proxy", 501};
    }
    return {};
}

// What a host may be made of, brackets of IPv6 and the port's colon included; no '@': nobody logs
// in through a URL.
bool is_host(std::string_view text) {
    return text.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "-._~!$&'()*+;=%:[]") == std::string_view::npos;
}

Result<void> check_host(const Request& request) {
    const auto hosts = request.count_headers("Host");
    if (hosts > 1) return bad("more than one Host header");
    if (hosts == 0 && request.version == 11) return bad("no Host header");
    if (!is_host(request.header("Host"))) return bad("malformed Host header");
    return {};
}

// RFC 9112 §3.2.2: with an absolute target the authority in it counts, and the Host header does
// not.
Result<std::string_view> without_authority(Request& request, std::string_view target) {
    const auto colon = target.find("://");
    if (colon == std::string_view::npos) return bad("malformed request target");
    const auto scheme = target.substr(0, colon);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
        return bad("the request target has an unknown scheme");
    }
    target.remove_prefix(colon + 3);
    const auto authority = target.substr(0, target.find_first_of("/?"));
    if (authority.empty() || !is_host(authority))
        return bad("malformed host in the request target");
    for (auto& header : request.headers) {
        if (equals_ignoring_case(header.name, "Host")) header.value = authority;
    }
    return target.substr(authority.size());
}

Result<void> split_target(Request& request) {
    const auto unfit = [](char c) {
        return c <= ' ' || c >= 0x7f || c == '#';
    };  // char is signed: ≥ 0x80 is < 0
    if (std::ranges::any_of(request.target, unfit)) return bad("a forbidden byte in the target");
    std::string_view rest = request.target;
    if (rest == "*" && request.method == "OPTIONS") {
        request.path = rest;
        return {};
    }
    if (!rest.starts_with('/')) {
        TRY_AS(rest, without_authority(request, rest));
    }
    const auto question = rest.find('?');
    request.path = rest.substr(0, question);
    if (request.path.empty()) request.path = "/";
    if (question != std::string_view::npos) request.query = rest.substr(question + 1);
    return {};
}

Result<void> check_transfer_encoding(Head& head) {
    const auto& request = head.request;
    if (request.version != 11) return bad("Transfer-Encoding does not exist in HTTP/1.0");
    if (request.has_header("Content-Length")) return bad("Content-Length and Transfer-Encoding");
    if (request.count_headers("Transfer-Encoding") > 1) return bad("two Transfer-Encoding headers");
    if (!equals_ignoring_case(request.header("Transfer-Encoding"), "chunked")) {
        return Error{ErrorKind::unsupported, "the only Transfer-Encoding understood is chunked",
                     501};
    }
    head.body = Head::Body::chunked;
    return {};
}

Result<void> check_content_length(Head& head, std::uint64_t body_bytes_max) {
    if (head.request.count_headers("Content-Length") > 1) return bad("two Content-Length headers");
    const auto value = head.request.header("Content-Length");
    if (value.empty() || !std::ranges::all_of(value, is_digit))
        return bad("malformed Content-Length");
    std::uint64_t length = 0;
    for (const char c : value) {
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
        if (length > body_bytes_max) {
            return Error{ErrorKind::too_large,
                         "the body is over " + std::to_string(body_bytes_max) + " bytes", 413};
        }
    }
    head.content_length = length;
    head.body = length == 0 ? Head::Body::none : Head::Body::counted;
    return {};
}

Result<void> check_framing(Head& head, std::uint64_t body_bytes_max) {
    if (head.request.has_header("Transfer-Encoding")) return check_transfer_encoding(head);
    if (head.request.has_header("Content-Length")) {
        return check_content_length(head, body_bytes_max);
    }
    return {};
}

Result<void> check_expect(Head& head) {
    if (!head.request.has_header("Expect")) return {};
    if (head.request.count_headers("Expect") > 1 ||
        !equals_ignoring_case(head.request.header("Expect"), "100-continue")) {
        return Error{ErrorKind::unsupported, "the only Expect understood is 100-continue", 417};
    }
    // A 1.0 client does not know interim answers: RFC 9110 §10.1.1.
    head.expects_continue = head.request.version == 11 && head.body != Head::Body::none;
    return {};
}

}  // namespace

Result<Head> parse_head(std::string_view bytes, std::uint64_t body_bytes_max) {
    ASSERT(bytes.ends_with("\r\n\r\n"));
    Head head;
    TRY(check_lines(bytes));
    TRY(check_version(bytes));
    TRY(run_beast(bytes, head.request));
    TRY(check_method(head.request));
    TRY(check_host(head.request));
    TRY(split_target(head.request));
    TRY(check_framing(head, body_bytes_max));
    TRY(check_expect(head));
    return head;
}

}  // namespace carillon::http
