#include "http/request.h"

#include <algorithm>

namespace carillon::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

std::string_view Request::header(std::string_view name) const {
    for (const auto& header : headers) {
        if (equals_ignoring_case(header.name, name)) return header.value;
    }
    return {};
}

bool Request::has_header(std::string_view name) const { return count_headers(name) != 0; }

std::size_t Request::count_headers(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        headers, [&](const Header& header) { return equals_ignoring_case(header.name, name); }));
}

bool Request::header_has_token(std::string_view name, std::string_view token) const {
    bool found = false;
    for (const auto& header : headers) {
        if (!equals_ignoring_case(header.name, name)) continue;
        for_each_element(header.value, [&](std::string_view element) {
            found = found || equals_ignoring_case(element, token);
        });
    }
    return found;
}

std::string_view Request::param(std::string_view name) const {
    for (const auto& [key, value] : params) {
        if (key == name) return value;
    }
    return {};
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace carillon::http
