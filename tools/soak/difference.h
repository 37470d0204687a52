// soak/difference.h: what a soak is for: two numbers that should be one. The first difference ends
// it, because everything after it would be a consequence.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace soak {

template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

template <class... Parts>
[[noreturn]] void differ(const Parts&... parts) {
    std::fprintf(stderr, "soak: DIFFERENCE: %s\n", text(parts...).c_str());
    std::exit(1);
}

}  // namespace soak
