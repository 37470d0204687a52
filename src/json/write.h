// json/write.h: text into JSON, in one pass. Escaped is what JSON demands and no
// more: the quote, the backslash and bytes below 0x20. All else, U+2028 and whatever the sender
// thought UTF-8 to be included, goes through as it is.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"

namespace carillon::json {

// The inside of a JSON string.
void append_escaped(std::string_view text, base::Buffer& out);

// The string with its quotes.
inline void append_quoted(std::string_view text, base::Buffer& out) {
    out.append('"');
    append_escaped(text, out);
    out.append('"');
}

void append_number(std::int64_t number, base::Buffer& out);

}  // namespace carillon::json
