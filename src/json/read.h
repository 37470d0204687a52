// json/read.h: JSON as protocols meet it: one object whose members are wanted
// as they were written. Bodies and user_info travel on byte for byte, so a value is handed over as
// a slice of the text, never as a tree: numbers beyond 2^53, duplicate keys and "1.0" stay what
// they are.
//
// Everything read is validated whole, also what nobody asked for: a slice that reaches another
// client is JSON. A lone surrogate is refused (many parsers choke on it); a number may be as long
// as it likes. The simdjson parser behind it is per thread and holds no state between calls.
//
// Texts come with `padding` readable bytes behind their end; slices of them inherit that.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carillon::json {

inline constexpr std::size_t padding = 64;  // simdjson reads blocks of this size
inline constexpr int depth_max = 128;       // deeper nesting is refused as malformed

struct Member {
    std::string_view key;
    std::string_view text{};  // the value as written, without space around it; empty: absent
};

// Fills in the wanted members of the one object that `text` is. Of two members with the same key
// the last counts, as in JSON.parse.
Result<void> read_object(std::string_view text, std::span<Member> wanted);

// The strings of an array, decoded; an element of another type is an Error.
Result<std::vector<std::string>> read_strings(std::string_view text);

// The elements of an array as they were written; of more than `elements_max`, the first ones.
Result<std::vector<std::string_view>> read_array(std::string_view text, std::size_t elements_max);

inline bool is_string(std::string_view value) { return value.starts_with('"'); }

// What a JSON string says. `value` is a slice that read_object gave.
Result<std::string> decode_string(std::string_view value);

// The value without the space between its tokens; the tokens stay as written.
std::string compact(std::string_view value);

}  // namespace carillon::json
