// server/config_fields.h: one line per setting: what it is called in the file, in the environment
// and on the command line, what it may be, and where in the Config it lands. The one source for
// reading all three, for "did you mean" and for printing what is in force, so that no two of them
// can disagree. Adding a setting is a field in config.h and a line in config_fields.cpp.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "server/config.h"

namespace carillon::server {

// What a value may be, in words and as code. Everything is read from text: a number is written the
// same way in all three places.
template <class Owner>
struct Value {
    enum class Kind : unsigned char {
        text,
        number,
        boolean,
        list  // words with commas between them; in the file also an array
    };
    Kind kind = Kind::text;
    std::string expected;  // completes "expected …"
    // False: not what was expected; the owner is untouched.
    std::function<bool(Owner&, std::string_view)> read;
    std::function<std::string(const Owner&)> write;
    // What it may be one day: said, and the owner is untouched.
    std::vector<std::string_view> unbuilt{};
    bool optional = false;  // not set is an empty text

    bool is_unbuilt(std::string_view text) const {
        return std::ranges::any_of(
            unbuilt, [&](std::string_view name) { return http::equals_ignoring_case(name, text); });
    }
};

// What a setting is called; empty: it is not there.
struct Names {
    std::string_view path{};      // in the file: "metrics.port"
    std::string_view also{};      // another name in the file for the same, with its unit
    std::string_view variable{};  // in the environment
    std::string_view flag{};      // on the command line
};

template <class Owner>
struct Field : Names {
    Value<Owner> value;
    bool secret = false;  // never printed
};

const std::vector<Field<Config>>& config_fields();

// An app's: in app_manager.array.apps[], and the environment's default app. In the file each may
// also be written in the camelCase of older servers.
const std::vector<Field<hub::App>>& app_fields();

// true, 1, yes, on; false, 0, no, off; in any case.
bool read_boolean(std::string_view text, bool& value);

}  // namespace carillon::server
