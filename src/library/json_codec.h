// library/json_codec.h: JSON (RFC 8259) into nodes, by simdjson, and the pieces of JSON out.
//
// Read is one text, validated whole: UTF-8, no lone surrogate, nothing behind it but space. A number
// without fraction or exponent that no 64 bits hold is refused, as is one beyond the doubles, also
// in a member nobody asks for: simdjson knows no such numbers. Written is the shortest text that
// reads back as the same double, with ".0" where it would be taken for an integer.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "carillon/detail/document.h"

namespace carillon::library {

// simdjson's parser and the padded copy that it reads.
class JsonReader {
 public:
    JsonReader();
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;
    ~JsonReader();

    // Appends to `nodes`, whose strings live in here until the next read.
    Result<void> read(std::string_view body, const DecodeLimits& limits,
                      std::vector<detail::Node>& nodes);
    std::size_t bytes() const;  // what it keeps, about

 private:
    struct Room;
    std::unique_ptr<Room> room_;
};

bool is_utf8(std::string_view text);

// Finite ones only.
void append_json(double number, base::Buffer& out);
void append_json(float number, base::Buffer& out);
void append_json(std::int64_t number, base::Buffer& out);
void append_json(std::uint64_t number, base::Buffer& out);
// With U+FFFD for each byte that is not UTF-8, so that the text is.
std::string repaired(std::string_view text);

}  // namespace carillon::library
