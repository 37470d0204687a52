// http/head.h: from the bytes of a complete request head (request line and headers, to the blank
// line) to a Request. Only the decoder calls this. The one place where Beast's parser stands, and
// where we are stricter than it is: what two servers in a row can read in two ways is how requests
// are smuggled.
//
//   head    := method SP target SP "HTTP/1." ( "0" | "1" ) CRLF
//              *( name ":" OWS value OWS CRLF ) CRLF
//   target  := "/" … | ( "http" | "https" ) "://" authority [ "/" … ] | "*" (OPTIONS only)
//
// Refused beside Beast's own refusals: folded headers, control bytes, bytes above 0x7e and "#" in
// the target, lowercase methods, two Content-Length headers (even equal) or a list in one,
// Content-Length with Transfer-Encoding, any Transfer-Encoding but `chunked` on 1.1, no Host
// on 1.1, two Hosts, any Expect but 100-continue.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "http/request.h"

namespace carillon::http {

struct Head {
    enum class Body : unsigned char { none, counted, chunked };

    Request request;
    Body body = Body::none;
    std::uint64_t content_length = 0;  // for Body::counted
    bool expects_continue = false;  // the client waits for "100 Continue" before it sends the body
};

// `bytes` ends with the blank line and has no LF without CR before it. Error.code is the HTTP
// status.
Result<Head> parse_head(std::string_view bytes, std::uint64_t body_bytes_max);

}  // namespace carillon::http
