#include "bench/fail.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {

void fail(std::string_view what) {
    std::fprintf(stderr, "load: %.*s\n", static_cast<int>(what.size()), what.data());
    std::exit(1);
}

void fail_errno(std::string_view what) {
    const int error = errno;
    std::fprintf(stderr, "load: %.*s: %s\n", static_cast<int>(what.size()), what.data(),
                 std::strerror(error));
    std::exit(1);
}

}  // namespace bench
