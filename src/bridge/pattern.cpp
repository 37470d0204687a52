#include "bridge/pattern.h"

namespace carillon::bridge {

std::optional<Pattern> Pattern::parse(std::string_view text) {
    const auto star = text.find('*');
    if (text.empty() || star != text.rfind('*')) return std::nullopt;
    return Pattern(text, star);
}

std::optional<std::string_view> Pattern::match(std::string_view name) const {
    if (!has_star()) return name == text_ ? std::optional(std::string_view()) : std::nullopt;
    const auto before = std::string_view(text_).substr(0, star_);
    const auto behind = std::string_view(text_).substr(star_ + 1);
    // "a*a" does not stand for "a": the two ends are two.
    if (name.size() < before.size() + behind.size()) return std::nullopt;
    if (!name.starts_with(before) || !name.ends_with(behind)) return std::nullopt;
    return name.substr(before.size(), name.size() - before.size() - behind.size());
}

std::string Pattern::fill(std::string_view hole) const {
    std::string name = text_;
    if (has_star()) name.replace(star_, 1, hole);
    return name;
}

}  // namespace carillon::bridge
