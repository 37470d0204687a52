#include "server/config_values.h"

#include <cctype>

namespace carillon::server {
namespace {

bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool is_one_of(std::string_view characters, char c) {
    return characters.find(c) != std::string_view::npos;
}

bool is_path_segment(std::string_view segment) {
    return !segment.empty() && segment != "." && segment != ".." &&
           std::ranges::all_of(segment,
                               [](char c) { return is_alphanumeric(c) || is_one_of("-._~", c); });
}

}  // namespace

std::string expectation(const Range& range) {
    std::string text = "a number";
    if (!range.unit.empty()) text += " of " + std::string(range.unit);
    text += " from " + std::to_string(range.least);
    if (range.most != any_number) text += " to " + std::to_string(range.most);
    if (range.minus_one_is_none) text += " (0: no limit)";
    return text;
}

bool read_number(std::string_view text, const Range& range, std::uint32_t& value) {
    std::int64_t number = 0;
    const auto* const end = text.end();
    const auto [stopped, error] = std::from_chars(text.begin(), end, number);
    if (error != std::errc{} || stopped != end) return false;
    if (range.minus_one_is_none && number == -1) number = 0;
    if (number < range.least || number > range.most) return false;
    value = static_cast<std::uint32_t>(number) * range.scale;
    return true;
}

std::optional<std::string> normal_path_prefix(std::string_view text) {
    if (text.ends_with('/')) text.remove_suffix(1);
    std::string prefix(text);
    while (!text.empty()) {
        if (text.front() != '/') return std::nullopt;
        text.remove_prefix(1);
        const auto end = std::min(text.find('/'), text.size());
        if (!is_path_segment(text.substr(0, end))) return std::nullopt;
        text.remove_prefix(end);
    }
    return prefix;
}

std::optional<std::string> normal_metric_prefix(std::string_view text) {
    const bool fits =
        (text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) == 0) &&
        std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
    return fits ? std::optional(std::string(text)) : std::nullopt;
}

bool is_token(std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](char c) {
        return is_alphanumeric(c) || is_one_of("!#$%&'*+-.^_`|~", c);
    });
}

}  // namespace carillon::server
