#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace carillon::base {

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: ASSERT(%s) failed\n", file, line, condition);
    std::abort();
}

}  // namespace carillon::base
