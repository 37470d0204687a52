// http/chunked.h: a body whose length is told piece by piece, taken apart byte by byte.
//
//   body  := *chunk last *trailer CRLF          chunk := size [ ";" extension ] CRLF data CRLF
//   last  := 1*"0" [ ";" extension ] CRLF       size  := 1*16 HEXDIG
//   trailer := name ":" value CRLF
//
// Ours and not Beast's: that one wants a chunk header, and all trailers, contiguous, and scans them
// again whenever more arrives, so that somebody would have to collect them and a byte-wise sender
// would cost quadratic time. Extensions mean nothing to us and trailers are thrown away: a header
// that arrives after the decisions were made could only contradict them. Both are bounded together,
// as are the bytes of the body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon::http {

class ChunkedBody {
 public:
    ChunkedBody(std::size_t body_bytes_max, std::size_t extra_bytes_max)
        : body_bytes_max_(body_bytes_max), extra_left_(extra_bytes_max) {}

    // Consumes from `in`, appends data to `body`; true when the body is complete, false when it
    // wants more. Error.code is the HTTP status.
    Result<bool> next(std::string_view& in, std::string& body);

 private:
    enum class State : unsigned char {
        size_first,
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_first,
        trailer_name,
        trailer_value,
        trailer_lf,
        end_lf,
        done,
    };

    void take_data(std::string_view& in, std::string& body);
    Result<void> step(char c, std::size_t body_bytes);
    Result<void> on_size(char c, std::size_t body_bytes);
    Result<void> on_extension(char c);
    Result<void> on_trailer(char c);
    Result<void> expect(char c, char wanted, State next);

    std::size_t body_bytes_max_;
    std::size_t extra_left_;        // bytes of extensions and trailers still allowed
    std::uint64_t chunk_left_ = 0;  // while a size is read: the size so far
    unsigned char size_digits_ = 0;
    State state_ = State::size_first;
};

}  // namespace carillon::http
