#include "http/url.h"

namespace carillon::http {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return Error{ErrorKind::invalid, "malformed percent sequence in the URL", 400};
        }
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) { return decode(text, false); }

Result<QueryParams> parse_query(std::string_view query) {
    QueryParams params;
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        TRY_AS(auto key, decode(pair.substr(0, equals), true));
        if (equals == std::string_view::npos) {
            params.emplace_back(std::move(key), std::string());
            continue;
        }
        TRY_AS(auto value, decode(pair.substr(equals + 1), true));
        params.emplace_back(std::move(key), std::move(value));
    }
    return params;
}

std::optional<std::string_view> find(const QueryParams& params, std::string_view key) {
    for (const auto& [name, value] : params) {
        if (name == key) return value;
    }
    return std::nullopt;
}

}  // namespace carillon::http
