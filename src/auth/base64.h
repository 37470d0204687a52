// auth/base64.h: bytes as text, RFC 4648 §4: the standard alphabet, padded.
#pragma once

#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace carillon::auth {

void append_base64(std::string_view bytes, base::Buffer& out);
// With its padding and nothing between: no white space.
Result<std::string> decode_base64(std::string_view text);

}  // namespace carillon::auth
