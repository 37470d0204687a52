// auth/md5.h: MD5 as a checksum. It proves nothing by itself (collisions are cheap); protocols that
// carry it sign it too.
#pragma once

#include <string>
#include <string_view>

namespace carillon::auth {

// 32 lower-case hexadecimal digits.
std::string md5_hex(std::string_view text);

}  // namespace carillon::auth
