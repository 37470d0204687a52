#include "protocol/notiflux/wire.h"

namespace carillon::notiflux {
namespace {

constexpr std::string_view space = " \t\n\v\f\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

Command parse_subscribe(std::string_view rest) {
    const auto blank = rest.find(' ');
    if (blank == 0 || blank == std::string_view::npos) return Malformed{};
    const auto token = rest.substr(blank + 1);
    if (token.empty() || token.find(' ') != std::string_view::npos) return Malformed{};
    return Subscribe{rest.substr(0, blank), token};
}

}  // namespace

bool is_command(std::string_view message) { return trimmed(message).starts_with('/'); }

Command parse_command(std::string_view message) {
    const auto text = trimmed(message);
    if (!text.starts_with('/')) return Ignored{};
    if (text == "/unsubscribe-all") return UnsubscribeAll{};
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) return Unknown{};
    const auto verb = text.substr(0, blank);
    const auto rest = text.substr(blank + 1);
    if (verb == "/subscribe") return parse_subscribe(rest);
    if (verb == "/unsubscribe") return Unsubscribe{rest};
    return Unknown{};
}

}  // namespace carillon::notiflux
