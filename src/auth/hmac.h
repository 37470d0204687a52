// auth/hmac.h: the keyed digest that signatures are made of. Any thread. Knows no protocol: what is
// signed, and where the result travels, is the caller's.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace carillon::auth {

// HMAC-SHA256 of the pieces, one after another, as 64 lower-case hexadecimal digits. The pieces
// save the caller from gluing a string together only to have it read once.
std::string hmac_sha256_hex(std::string_view key, std::initializer_list<std::string_view> pieces);

}  // namespace carillon::auth
