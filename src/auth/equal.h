// auth/equal.h: comparing what a stranger sent with what only we can compute. An ordinary
// comparison stops at the first difference, and the time it took tells how much was right.
#pragma once

#include <string_view>

namespace carillon::auth {

// The time depends on the lengths only; those are no secret.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace carillon::auth
