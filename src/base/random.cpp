#include "base/random.h"

#include <sys/random.h>

#include "base/assert.h"

namespace carillon::base {

std::uint64_t SystemRandom::next() {
    if (left_ == 0) {
        auto* at = reinterpret_cast<char*>(pool_);
        for (std::size_t got = 0; got < sizeof pool_;) {
            const auto n = getrandom(at + got, sizeof pool_ - got, 0);
            ASSERT(n > 0);  // the kernel's pool never fails once the machine is up
            got += static_cast<std::size_t>(n);
        }
        left_ = words_;
    }
    return pool_[--left_];
}

}  // namespace carillon::base
