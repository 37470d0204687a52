// http/decoder.h: the request side of one HTTP/1.1 connection, from bytes to complete requests.
// Owned by its connection; knows no socket and no clock (408 is edge's to say). Feed it whatever
// arrived; it takes what belongs to the request at hand and leaves the rest, which is the next,
// pipelined request.
//
//   connection := *( [ CRLF ] head body )
//   head: see head.h       body: counted, chunked (chunked.h) or none
//
// Linear however the bytes are cut: the head is collected line by line until its blank line, then
// parsed once. An idle decoder holds no memory of its own, so 100k quiet keep-alive connections
// cost nothing here.
#pragma once

#include <memory>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/request.h"

namespace carillon::http {

struct Limits {
    std::size_t header_bytes_max =
        limits::http_header_bytes_max;                   // then 431; 414 if one target fills it all
    std::size_t headers_max = limits::http_headers_max;  // then 431
    std::size_t body_bytes_max = limits::http_body_bytes_max;  // then 413, as soon as it is known
};

enum class Event : unsigned char {
    need_more,        // `in` is used up and the request is not complete
    expect_continue,  // the client waits for "HTTP/1.1 100 Continue"; told once, before its body is
                      // read
    request_complete,  // request() is whole; call reset() before the next next()
};

class Decoder {
 public:
    explicit Decoder(Limits limits = {});
    ~Decoder();
    Decoder(Decoder&&) noexcept;
    Decoder& operator=(Decoder&&) noexcept;

    // Consumes from the front of `in`. An Error ends the connection: its code is the HTTP status to
    // answer with, its message a body for people. Calling again after an Error gives an Error.
    Result<Event> next(std::string_view& in);

    // After request_complete, until reset(). The caller may move from it.
    Request& request();

    // Ready for the next request; frees everything the last one held.
    void reset();

    // What the body takes in memory, as far as it has arrived.
    std::size_t body_bytes() const;

    // No byte of a request was seen yet: this connection is between requests (and may be closed
    // without a word).
    bool idle() const { return state_ == nullptr && !failed_; }

 private:
    struct State;

    Result<Event> advance(std::string_view& in);
    Result<bool> skip_line_end(std::string_view& in);
    Result<bool> take_head(std::string_view& in);
    Result<bool> take_body(std::string_view& in);
    Result<void> begin_body();

    Limits limits_;
    std::unique_ptr<State> state_;
    unsigned char line_end_bytes_ =
        0;  // of the one stray CRLF before a request that RFC 9112 §2.2 asks us to skip
    bool failed_ = false;
};

}  // namespace carillon::http
