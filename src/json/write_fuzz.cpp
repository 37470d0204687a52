// Any bytes written as a JSON string are one JSON string that says the same, to Boost.JSON too. Any
// number is its own text.
// fuzzes: write.cpp
#include <boost/json.hpp>
#include <cstring>

#include "base/assert.h"
#include "json/write.h"

using namespace carillon;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    base::Buffer out;
    json::append_quoted(text, out);
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;  // what the sender thought UTF-8 to be goes through
    ASSERT(boost::json::parse(out.view(), {}, options).as_string() == text);

    std::int64_t number = 0;
    std::memcpy(&number, data, std::min(size, sizeof number));
    out.clear();
    json::append_number(number, out);
    ASSERT(out.view() == std::to_string(number));
    return 0;
}
