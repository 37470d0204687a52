// auth/base64.h: bytes as text, RFC 4648 §4: the standard alphabet, padded.
#pragma once

#include <string_view>

#include "base/buffer.h"

namespace carillon::auth {

void append_base64(std::string_view bytes, base::Buffer& out);

}  // namespace carillon::auth
