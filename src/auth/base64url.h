// auth/base64url.h: bytes as text that needs no escaping in a URL, RFC 4648 §5, without padding.
//
// One text for one sequence of bytes: decoding refuses padding, space, the standard alphabet's '+'
// and '/', a length that no bytes have, and bits behind the last byte that are not zero. So a token
// cannot be changed and still say the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carillon::auth {

void append_base64url(std::string_view bytes, std::string& out);

// How many bytes a text of this length stands for; of a length that is impossible, too many.
constexpr std::size_t base64url_bytes(std::size_t text_size) { return text_size * 3 / 4; }

// Writes base64url_bytes(text.size()) bytes; what `out` holds after a refusal is undefined.
bool decode_base64url(std::string_view text, char* out);

}  // namespace carillon::auth
