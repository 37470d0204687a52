#include "hub/pattern.h"

#include <algorithm>

#include "base/limits.h"

namespace carillon::hub {

namespace {

constexpr std::string_view own_names = "$";  // how the server's own names begin

std::string number(std::size_t n) { return std::to_string(n); }

// Places are counted from 1, as people do.
Error at_byte(std::size_t index, std::string_view what) {
    return {ErrorKind::invalid,
            "byte " + number(index + 1) + " of the pattern: " + std::string(what)};
}

Result<void> check_bytes(std::string_view text) {
    if (text.empty()) return Error{ErrorKind::invalid, "the pattern is empty"};
    if (text.size() > limits::channel_name_bytes_max) {
        return Error{ErrorKind::too_large,
                     "the pattern has " + number(text.size()) + " bytes; at most " +
                         number(limits::channel_name_bytes_max) + " are allowed"};
    }
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    const auto at = std::ranges::find_if(text, is_control);
    if (at == text.end()) return {};
    return at_byte(static_cast<std::size_t>(at - text.begin()), "a control character");
}

// `begin`: where the level begins in the pattern.
Result<void> check_level(std::string_view level, std::size_t begin, bool last) {
    const auto at = level.find_first_of("+#*");
    if (at == std::string_view::npos) return {};
    if (level.size() > 1) {
        const std::string which(1, level[at]);
        const std::string_view advice = level[at] == '*' ? "; a glob may have it anywhere" : "";
        return at_byte(begin + at,
                       "'" + which + "' must be a level by itself" + std::string(advice));
    }
    if (level == "#" && !last) return at_byte(begin, "'#' must be the last level");
    return {};
}

Result<std::string> normalise_levels(std::string_view text) {
    const auto levels = static_cast<std::size_t>(std::ranges::count(text, '/')) + 1;
    if (levels > pattern_levels_max) {
        return Error{ErrorKind::too_large, "the pattern has " + number(levels) +
                                               " levels; at most " + number(pattern_levels_max) +
                                               " are allowed"};
    }
    std::string normal;
    normal.reserve(text.size());
    for (LevelReader reader(text); !reader.done();) {
        const auto begin = normal.size();  // no level changes its length
        const auto level = reader.next();
        TRY(check_level(level, begin, reader.done()));
        normal += level == "*" ? "+" : level;
        if (!reader.done()) normal += '/';
    }
    return normal;
}

Result<std::string> normalise_glob(std::string_view text) {
    std::string normal;
    normal.reserve(text.size());
    std::size_t stars = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '*') {
            if (!normal.empty() && normal.back() == '*') continue;
            if (++stars > glob_stars_max) {
                return Error{ErrorKind::too_large, "byte " + number(i + 1) +
                                                       " of the pattern: more than " +
                                                       number(glob_stars_max) + " stars"};
            }
        }
        normal += text[i];
    }
    return normal;
}

bool levels_match(std::string_view pattern, std::string_view name) {
    LevelReader wanted(pattern);
    LevelReader given(name);
    while (!wanted.done()) {
        const auto level = wanted.next();
        if (level == "#") return true;  // even if nothing is left: "a/#" matches "a"
        if (given.done()) return false;
        const auto there = given.next();
        if (level != "+" && level != there) return false;
    }
    return given.done();
}

bool begins_with_wildcard(Pattern::Kind kind, std::string_view text) {
    const std::string_view wildcards = kind == Pattern::Kind::glob ? "*?" : "+#";
    return wildcards.find(text.front()) != std::string_view::npos;
}

}  // namespace

Result<Pattern> Pattern::parse(Kind kind, std::string_view text) {
    TRY(check_bytes(text));
    TRY_AS(const auto normal, kind == Kind::glob ? normalise_glob(text) : normalise_levels(text));
    return Pattern(kind, normal);
}

bool Pattern::matches(std::string_view name) const {
    if (name.starts_with(own_names) && begins_with_wildcard(kind(), text())) return false;
    return kind() == Kind::glob ? glob_matches(text(), name) : levels_match(text(), name);
}

bool has_wildcard(std::string_view name) {
    return name.find_first_of("+#*") != std::string_view::npos;
}

bool glob_matches(std::string_view glob, std::string_view name) {
    constexpr auto none = std::string_view::npos;
    std::size_t at = 0;       // in the glob
    std::size_t star = none;  // behind the last star met
    std::size_t retry = 0;    // where in the name the run of that star ends, so far
    // An earlier star need never be tried again: what followed it was found as early as it can be,
    // which leaves the most for the rest.
    for (std::size_t i = 0; i < name.size();) {
        if (at < glob.size() && glob[at] == '*') {
            star = ++at;
            if (star == glob.size()) return true;
            retry = i;
        } else if (at < glob.size() && (glob[at] == '?' || glob[at] == name[i])) {
            ++at;
            ++i;
        } else if (star != none) {
            at = star;
            i = ++retry;
        } else {
            return false;
        }
    }
    return glob.find_first_not_of('*', at) == none;
}

std::string_view literal_prefix(std::string_view glob) {
    return glob.substr(0, glob.find_first_of("*?"));
}

}  // namespace carillon::hub
