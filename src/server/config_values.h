// server/config_values.h: the kinds of values that settings have: how each is read from text and
// written again. Only the lists of settings (config_fields.cpp, config_app_fields.cpp) use these.
#pragma once

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/base64.h"
#include "http/request.h"
#include "server/config_fields.h"

namespace carillon::server {

// Where a value lands: AT(Config, metrics.port).
#define AT(Owner, member) [](Owner& owner) -> auto& { return owner.member; }

inline constexpr std::uint32_t any_number = UINT32_MAX;

struct Range {
    std::uint32_t least = 0;
    std::uint32_t most = any_number;
    std::string_view unit{};         // "seconds"
    std::uint32_t scale = 1;         // what is written in KB is kept in bytes
    bool minus_one_is_none = false;  // soketi writes "no limit" as -1, we as 0
};

std::string expectation(const Range& range);
bool read_number(std::string_view text, const Range& range, std::uint32_t& value);

// `at` is AT(…): from an Owner& to the number in it, of whatever width.
template <class Owner, class At>
Value<Owner> number(At at, Range range) {
    return {Value<Owner>::Kind::number, expectation(range),
            [at, range](Owner& owner, std::string_view text) {
                std::uint32_t value = 0;
                if (!read_number(text, range, value)) return false;
                auto& place = at(owner);
                place = static_cast<std::remove_reference_t<decltype(place)>>(value);
                return true;
            },
            [at, range](const Owner& owner) {
                return std::to_string(at(const_cast<Owner&>(owner)) / range.scale);
            }};
}

template <class Owner, class At>
Value<Owner> boolean(At at) {
    return {Value<Owner>::Kind::boolean, "true or false",
            [at](Owner& owner, std::string_view text) { return read_boolean(text, at(owner)); },
            [at](const Owner& owner) {
                return std::string(at(const_cast<Owner&>(owner)) ? "true" : "false");
            }};
}

inline bool is_white_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Never empty, for an empty host or secret is a mistake with consequences, and so is a line's end
// that came along from a file.
template <class Owner, class At>
Value<Owner> text(At at) {
    return {Value<Owner>::Kind::text, "a text, not empty, without control characters",
            [at](Owner& owner, std::string_view value) {
                if (value.empty() || std::ranges::any_of(value, is_control)) return false;
                at(owner) = value;
                return true;
            },
            [at](const Owner& owner) { return at(const_cast<Owner&>(owner)); }};
}

// The same; not set is empty, which cannot be said.
template <class Owner, class At>
Value<Owner> optional_text(At at) {
    auto value = text<Owner>(at);
    value.optional = true;
    return value;
}

// Without the white space that tools put into base64.
template <class Owner, class At>
Value<Owner> base64_text(At at) {
    return {.kind = Value<Owner>::Kind::text,
            .expected = "base64, with or without line breaks",
            .read =
                [at](Owner& owner, std::string_view value) {
                    std::string kept;
                    std::ranges::remove_copy_if(value, std::back_inserter(kept), is_white_space);
                    if (!auth::decode_base64(kept).has_value()) return false;
                    at(owner) = std::move(kept);
                    return true;
                },
            .write = [at](const Owner& owner) { return at(const_cast<Owner&>(owner)); },
            .optional = true};
}

struct Choice {
    std::string_view name;
    unsigned char value;
};

// One of a few names; the first that has a value is how it is written. `unbuilt`: those of Sockudo
// that are known and do nothing yet.
template <class Owner, class At>
Value<Owner> choice(At at, const std::vector<Choice>& choices,
                    std::vector<std::string_view> unbuilt = {}) {
    std::string expected;
    for (const auto& one : choices) {
        expected += (expected.empty() ? "one of " : ", ") + std::string(one.name);
    }
    return {Value<Owner>::Kind::text, expected,
            [at, choices](Owner& owner, std::string_view name) {
                for (const auto& one : choices) {
                    if (!http::equals_ignoring_case(one.name, name)) continue;
                    auto& place = at(owner);
                    place = static_cast<std::remove_reference_t<decltype(place)>>(one.value);
                    return true;
                }
                return false;
            },
            [at, choices](const Owner& owner) {
                const auto value = static_cast<unsigned char>(at(const_cast<Owner&>(owner)));
                const auto found = std::ranges::find(choices, value, &Choice::value);
                return std::string(found->name);
            },
            std::move(unbuilt)};
}

// A text that is brought into one form first; `normal` gives nothing for what it does not take.
template <class Owner, class At>
Value<Owner> normal_text(At at, std::string expected,
                         std::optional<std::string> (*normal)(std::string_view)) {
    return {Value<Owner>::Kind::text, std::move(expected),
            [at, normal](Owner& owner, std::string_view value) {
                auto text = normal(value);
                if (!text) return false;
                at(owner) = std::move(*text);
                return true;
            },
            [at](const Owner& owner) { return at(const_cast<Owner&>(owner)); }};
}

// Of words without a comma, each of which `fits`; perhaps none.
template <class Owner, class At>
Value<Owner> list(At at, std::string expected, bool (*fits)(std::string_view)) {
    return {Value<Owner>::Kind::list, std::move(expected),
            [at, fits](Owner& owner, std::string_view value) {
                std::vector<std::string> words;
                http::for_each_element(value,
                                       [&](std::string_view word) { words.emplace_back(word); });
                if (!std::ranges::all_of(words, fits)) return false;
                at(owner) = std::move(words);
                return true;
            },
            [at](const Owner& owner) {
                std::string text;
                for (const auto& word : at(const_cast<Owner&>(owner))) {
                    text += (text.empty() ? "" : ",") + word;
                }
                return text;
            }};
}

// The settings of protocols other than Pusher (config_protocol_fields.cpp).
std::vector<Field<Config>> protocol_fields();

// What both the server (for all apps) and an app may set.
inline constexpr Range optional_limit{.minus_one_is_none = true};
inline constexpr Range presence_members{1, any_number};
inline constexpr Range presence_member_kb{1, 1024, "kilobytes", 1024};
inline constexpr Range channel_name{1, limits::channel_name_bytes_max, "bytes"};
inline constexpr Range event_name{1, 4096, "bytes"};
inline constexpr Range event_channels{1, limits::publish_channels_max};
inline constexpr Range event_payload_kb{1, limits::http_body_bytes_max / limits::kib, "kilobytes",
                                        1024};
inline constexpr Range event_batch{1, 10'000};
inline constexpr std::string_view origin_list =
    "a list of origins such as https://a.example, each with one * at most";

// "/ws" of "/ws" and "/ws/"; empty of "/" and of nothing. Segments of letters, digits and -._~, so
// that it means the same to every proxy; "." and ".." are none.
std::optional<std::string> normal_path_prefix(std::string_view text);

// What may begin the name of a Prometheus metric, or nothing.
std::optional<std::string> normal_metric_prefix(std::string_view text);

// A method's or a header's name.
bool is_token(std::string_view word);

}  // namespace carillon::server
