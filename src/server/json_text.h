// server/json_text.h: a text as a JSON string that nothing inside can break out of: not out of the
// quotes, not out of the line, not out of UTF-8. What is no UTF-8 becomes U+FFFD; control
// characters, and what some readers take for the end of a line, are escaped.
#pragma once

#include <string>
#include <string_view>

namespace carillon::server {

void append_json_string(std::string& out, std::string_view text);

}  // namespace carillon::server
