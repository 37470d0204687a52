#include "auth/jwt_claims.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace carillon::auth {
namespace {

enum Registered : std::uint8_t { exp, nbf, iss, aud };

Error wrong_claim(const json::Member& claim, std::string_view wanted) {
    if (claim.text.empty()) return missing_claim(claim);
    return refused(JwtFault::claim,
                   "the claim \"" + std::string(claim.key) + "\" is no " + std::string(wanted));
}

constexpr std::string_view time_wanted = "number of seconds that 64 bits can hold";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Whole {
    std::int64_t seconds = 0;
    std::string_view rest;  // the fraction, and the exponent
};

std::optional<Whole> whole_of(std::string_view number) {
    Whole whole;
    const char* const begin = number.data();
    const char* const end = begin + number.size();
    const auto read = std::from_chars(begin, end, whole.seconds);
    if (read.ec != std::errc()) return {};
    whole.rest = {read.ptr, static_cast<std::size_t>(end - read.ptr)};
    return whole;
}

// 1.8e9, as programs write it whose numbers are all floating.
std::optional<std::int64_t> seconds_of_scientific(std::string_view number) {
    constexpr double limit = 9223372036854775808.0;  // 2^63: the first that does not fit
    double seconds = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (read.ec != std::errc() || !(seconds >= -limit && seconds < limit)) return {};
    return static_cast<std::int64_t>(seconds);
}

// Of a number as JSON writes it; nothing of any other value. Without an exponent the result is
// exact.
std::optional<std::int64_t> seconds_of(std::string_view value) {
    const auto whole = whole_of(value);
    if (whole && whole->rest.empty()) return whole->seconds;
    const bool number = !value.empty() && (value.front() == '-' || is_digit(value.front()));
    if (!number) return {};
    if (value.find_first_of("eE") != std::string_view::npos) return seconds_of_scientific(value);
    return whole ? std::optional(whole->seconds) : std::nullopt;
}

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return a < 0 ? std::numeric_limits<std::int64_t>::min()
                 : std::numeric_limits<std::int64_t>::max();
}

Result<bool> is_issuer_right(const json::Member& claim, const JwtRules& rules) {
    TRY_AS(const auto issuer, text_claim(claim));
    return issuer == rules.issuer;
}

struct Names {
    bool issuer_right = true;
    bool audience_right = true;
};

// "aud" is a text or a list of texts.
Result<bool> is_audience_right(const json::Member& claim, const JwtRules& rules) {
    if (rules.audience.empty()) return claim.text.empty();
    if (!claim.text.starts_with('[')) {
        TRY_AS(const auto audience, text_claim(claim));
        return audience == rules.audience;
    }
    TRY_AS(const auto audiences, texts_claim(claim));
    return std::ranges::find(audiences, rules.audience) != audiences.end();
}

}  // namespace

Error refused(JwtFault fault, std::string_view why) {
    return {ErrorKind::unauthorized, std::string(why), static_cast<int>(fault)};
}

Error missing_claim(const json::Member& claim) {
    return refused(JwtFault::claim, "the claim \"" + std::string(claim.key) + "\" is missing");
}

RegisteredClaims registered_claims() { return {{{"exp"}, {"nbf"}, {"iss"}, {"aud"}}}; }

Result<void> judge_claims(const RegisteredClaims& claims, const JwtRules& rules,
                          std::int64_t unix_s) {
    const auto expires = seconds_of(claims[exp].text);
    if (!expires) return wrong_claim(claims[exp], time_wanted);
    if (rules.whole_seconds && claims[exp].text.find_first_of(".eE") != std::string_view::npos) {
        return refused(JwtFault::claim, "the claim \"exp\" has a fraction or an exponent");
    }
    const auto begins = claims[nbf].text.empty() ? std::numeric_limits<std::int64_t>::min()
                                                 : seconds_of(claims[nbf].text);
    if (!begins) return wrong_claim(claims[nbf], time_wanted);
    Names names;
    if (!rules.issuer.empty()) {
        TRY_AS(names.issuer_right, is_issuer_right(claims[iss], rules));
    }
    if (!rules.audience.empty() || rules.audience_refused) {
        TRY_AS(names.audience_right, is_audience_right(claims[aud], rules));
    }

    // All are of the right type; now what they say.
    if (saturated_sum(*expires, rules.leeway_s) < unix_s) {
        return refused(JwtFault::expired, "the token has expired");
    }
    if (*begins > saturated_sum(unix_s, rules.leeway_s)) {
        return refused(JwtFault::not_yet_valid, "the token is not valid yet");
    }
    if (!names.issuer_right) return refused(JwtFault::issuer, "the token is from another issuer");
    if (!names.audience_right)
        return refused(JwtFault::audience, "the token is meant for somebody else");
    return {};
}

Result<std::int64_t> time_claim(const json::Member& claim) {
    const auto seconds = seconds_of(claim.text);
    if (!seconds) return wrong_claim(claim, time_wanted);
    return *seconds;
}

Result<std::string> text_claim(const json::Member& claim) {
    auto text = json::decode_string(claim.text);
    if (!text.has_value()) return wrong_claim(claim, "text");
    return text;
}

Result<std::vector<std::string>> texts_claim(const json::Member& claim) {
    if (!claim.text.starts_with('[')) return wrong_claim(claim, "list of texts");
    auto texts = json::read_strings(claim.text);
    if (!texts.has_value()) return wrong_claim(claim, "list of texts");
    return texts;
}

}  // namespace carillon::auth
