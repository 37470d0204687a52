// input := pattern LF name LF rename. What fills the hole of a pattern makes the name again; and a
// name made by filling it is one that it means.
// fuzzes: pattern.cpp
#include <algorithm>

#include "base/assert.h"
#include "bridge/pattern.h"

using namespace carillon;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto next_line = [&rest] {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        return line;
    };
    const auto text = next_line();
    const auto name = next_line();
    const auto pattern = bridge::Pattern::parse(text);
    ASSERT(pattern.has_value() == (!text.empty() && std::ranges::count(text, '*') <= 1));
    if (!pattern) return 0;
    ASSERT(pattern->text() == text &&
           pattern->has_star() == (text.find('*') != std::string_view::npos));

    const auto hole = pattern->match(name);
    if (hole) ASSERT(pattern->fill(*hole) == name);
    const auto filled = pattern->fill(name);
    const auto found = pattern->match(filled);
    ASSERT(found.has_value() && *found == (pattern->has_star() ? name : std::string_view()));

    const auto rename = bridge::Pattern::parse(rest);
    if (!hole || !rename) return 0;
    // A detour over the new name and back is the same name, where both have a hole.
    const auto renamed = rename->fill(*hole);
    const auto back = rename->match(renamed);
    ASSERT(back.has_value());
    if (rename->has_star()) ASSERT(pattern->fill(*back) == name);
    return 0;
}
