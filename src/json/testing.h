// json/testing.h: for tests only: texts as those who receive them keep them.
#pragma once

#include <string>
#include <string_view>

#include "json/read.h"

namespace carillon::json::testing {

// A text with the readable bytes behind it that reading asks for.
inline std::string padded(std::string_view text) {
    std::string copy;
    copy.reserve(text.size() + padding);
    copy.append(text);
    return copy;
}

}  // namespace carillon::json::testing
