// http/response.h: an answer, and its bytes. What a handler fills in, and what the connection
// encodes once it knows whether it stays open and whether the client asked for the head only.
//
//   response := "HTTP/1.1 " status " " reason CRLF
//               *( name ": " value CRLF ) [connection] [content-length] CRLF body
//
// No chunked answers: every body is complete when it is encoded. No Date: this room has no clock
// (RFC 9110 allows it).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"

namespace carillon::http {

struct Response {
    int status = 200;
    // Never Content-Length or Transfer-Encoding, and Connection only in a 101: encode() writes
    // those.
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool close = false;  // this answer is the connection's last
};

Response text(int status, std::string body);
Response json(int status, std::string body);

// "Not Found" for 404; "Unknown" for a number without a name.
std::string_view reason_phrase(int status);

// Appends the answer to `out`. `head_only` is for HEAD: all headers of the GET, and no body.
// CR, LF and NUL in a header become spaces: a value may hold what a client sent, and must not
// become a second header.
void encode(const Response& response, bool head_only, bool keep_alive, base::Buffer& out);

}  // namespace carillon::http
