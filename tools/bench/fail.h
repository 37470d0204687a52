// bench/fail.h: a tool has one answer to whatever goes wrong: one sentence on stderr, exit code 1. A measurement that went on
// after a surprise would be worse than none.
#pragma once

#include <string_view>

namespace bench {

[[noreturn]] void fail(std::string_view what);
[[noreturn]] void fail_errno(std::string_view what);  // adds what errno says

}  // namespace bench
