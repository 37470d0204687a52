#include "http/response.h"

#include <array>

#include "base/assert.h"
#include "http/request.h"

namespace carillon::http {
namespace {

struct Reason {
    int status;
    std::string_view phrase;
};

constexpr std::array reasons{
    Reason{100, "Continue"},
    Reason{101, "Switching Protocols"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{411, "Length Required"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{417, "Expectation Failed"},
    Reason{422, "Unprocessable Content"},
    Reason{426, "Upgrade Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
};

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

Response with_type(int status, std::string body, const char* type) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", type);
    response.body = std::move(body);
    return response;
}

void append_clean(std::string_view value, base::Buffer& out) {
    for (const char c : value) out.append(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
}

void append_header(std::string_view name, std::string_view value, base::Buffer& out) {
    append_clean(name, out);
    out.append(": ");
    append_clean(value, out);
    out.append("\r\n");
}

// A handler that writes its own framing would desynchronise the connection: a bug of ours, found in
// its first test.
void check_framing_is_ours(const Response& response) {
    for (const auto& [name, value] : response.headers) {
        ASSERT(!equals_ignoring_case(name, "Content-Length"));
        ASSERT(!equals_ignoring_case(name, "Transfer-Encoding"));
        ASSERT(response.status == 101 || !equals_ignoring_case(name, "Connection"));
    }
}

}  // namespace

Response text(int status, std::string body) {
    return with_type(status, std::move(body), "text/plain; charset=utf-8");
}

Response json(int status, std::string body) {
    return with_type(status, std::move(body), "application/json");
}

std::string_view reason_phrase(int status) {
    for (const auto& reason : reasons) {
        if (reason.status == status) return reason.phrase;
    }
    return "Unknown";
}

void encode(const Response& response, bool head_only, bool keep_alive, base::Buffer& out) {
    ASSERT(response.status >= 100 && response.status <= 599);
    check_framing_is_ours(response);
    out.append("HTTP/1.1 ");
    out.append(std::to_string(response.status));
    out.append(' ');
    out.append(reason_phrase(response.status));
    out.append("\r\n");
    for (const auto& [name, value] : response.headers) append_header(name, value, out);
    if (response.status >= 200) {
        append_header("Connection", keep_alive && !response.close ? "keep-alive" : "close", out);
    }
    if (has_body(response.status)) {
        append_header("Content-Length", std::to_string(response.body.size()), out);
    }
    out.append("\r\n");
    if (has_body(response.status) && !head_only) out.append(response.body);
}

}  // namespace carillon::http
