#include "carillon/detail/reading.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "auth/base64.h"
#include "library/json_codec.h"

namespace carillon::detail {
namespace {

constexpr std::size_t shown_bytes_max = 64;

// A name from the wire as it may stand in a log: short, one line, UTF-8.
std::string shown(std::string_view name) {
    const bool cut = name.size() > shown_bytes_max;
    std::string out = library::repaired(name.substr(0, shown_bytes_max));
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return cut ? out + "..." : out;
}

void append_pointer(std::string& out, const Path* path) {
    if (path == nullptr) return;
    append_pointer(out, path->up);
    out += '/';
    if (path->name.data() == nullptr) {
        out += std::to_string(path->index);
        return;
    }
    for (const char c : shown(path->name)) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
}

std::string number_text(double number) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

std::string found_text(const Node& node) {
    switch (node.kind) {
        case Kind::null:
            return "null";
        case Kind::boolean:
            return node.boolean ? "true" : "false";
        case Kind::integer:
            return std::to_string(node.integer);
        case Kind::unsigned_integer:
            return std::to_string(node.unsigned_integer);
        case Kind::real:
            return number_text(node.real);
        case Kind::string:
            return "a string";  // it may be a secret
        case Kind::binary:
            return "binary";
        case Kind::extension:
            return "a MessagePack extension of type " + std::to_string(node.integer);
        case Kind::array:
            return "an array of " + std::to_string(node.size);
        case Kind::object:
            return "an object";
    }
    return "nothing";
}

// The integer that this node is, if it is one.
bool is_integer(const Node& node, std::int64_t& out) {
    if (node.kind == Kind::integer) out = node.integer;
    constexpr double bound = 9223372036854775808.0;
    const bool whole = node.kind == Kind::real && node.real >= -bound && node.real < bound &&
                       std::trunc(node.real) == node.real;
    if (whole) out = static_cast<std::int64_t>(node.real);
    return whole || node.kind == Kind::integer;
}

bool is_integer(const Node& node, std::uint64_t& out) {
    std::int64_t number = 0;
    if (is_integer(node, number)) {
        out = static_cast<std::uint64_t>(number);
        return number >= 0;
    }
    if (node.kind == Kind::unsigned_integer) out = node.unsigned_integer;
    constexpr double bound = 18446744073709551616.0;
    const bool whole = node.kind == Kind::real && node.real >= 0 && node.real < bound &&
                       std::trunc(node.real) == node.real;
    if (whole) out = static_cast<std::uint64_t>(node.real);
    return whole || node.kind == Kind::unsigned_integer;
}

std::string bounds(const std::string& min, const std::string& max) {
    return "an integer from " + min + " to " + max;
}

bool fail_name(Error& error, const Path* path, const Node& name) {
    return fail(error, path, "has a member whose name is " + found_text(name) + ", not a string");
}

}  // namespace

bool fail(Error& error, const Path* path, std::string_view reason) {
    std::string message;
    append_pointer(message, path);
    if (path == nullptr) message = "the message";
    error = {ErrorKind::invalid, message.append(": ").append(reason)};
    return false;
}

bool fail_missing(Error& error, const Path* path) { return fail(error, path, "missing"); }

bool fail_expected(Error& error, const Path* path, const Node& found, std::string_view expected) {
    return fail(error, path, "expected " + std::string(expected) + ", found " + found_text(found));
}

bool fail_one_of(Error& error, const Path* path, const Node& found,
                 std::span<const std::string_view> names) {
    constexpr std::size_t named_max = 8;
    std::string expected = "one of ";
    for (std::size_t i = 0; i < names.size() && i < named_max; ++i) {
        expected.append(i == 0 ? "" : ", ").append(names[i]);
    }
    if (names.size() > named_max) expected += ", ...";
    if (found.kind != Kind::string) return fail_expected(error, path, found, expected);
    return fail(error, path, "expected " + expected + ", found \"" + shown(found.view()) + '"');
}

bool read_signed(Error& error, const Path* path, const Node& node, std::int64_t min,
                 std::int64_t max, std::int64_t& out) {
    if (is_integer(node, out) && out >= min && out <= max) return true;
    return fail_expected(error, path, node, bounds(std::to_string(min), std::to_string(max)));
}

bool read_unsigned(Error& error, const Path* path, const Node& node, std::uint64_t max,
                   std::uint64_t& out) {
    if (is_integer(node, out) && out <= max) return true;
    return fail_expected(error, path, node, bounds("0", std::to_string(max)));
}

bool read_real(Error& error, const Path* path, const Node& node, double max, double& out) {
    switch (node.kind) {
        case Kind::integer:
            out = static_cast<double>(node.integer);
            break;
        case Kind::unsigned_integer:
            out = static_cast<double>(node.unsigned_integer);
            break;
        case Kind::real:
            out = node.real;
            break;
        default:
            return fail_expected(error, path, node, "a number");
    }
    if (std::abs(out) <= max || !std::isfinite(out)) return true;
    return fail_expected(error, path, node, "a number up to " + number_text(max));
}

bool read_bytes(Error& error, const Path* path, const Node& node, Bytes& out) {
    const bool empty = node.kind == Kind::string && node.size == 0;  // decode_base64 takes none
    if (node.kind == Kind::binary || empty) {
        out.data.assign(node.view());
        return true;
    }
    // From MessagePack too: what was converted from JSON has no other way to say it.
    if (node.kind != Kind::string) return fail_expected(error, path, node, "binary or base64");
    auto decoded = auth::decode_base64(node.view());
    if (!decoded) return fail(error, path, "expected base64, found other text");
    out.data = std::move(decoded).value();
    return true;
}

bool match_members(Error& error, const Path* path, const Node& object,
                   std::span<const std::string_view> names, const Node** found) {
    if (object.kind != Kind::object) return fail_expected(error, path, object, "an object");
    std::size_t expected = 0;  // senders mostly keep the order of the description
    const Node* name = object.first();
    for (std::uint32_t i = 0; i < object.size; ++i) {
        if (name->kind != Kind::string) return fail_name(error, path, *name);
        const Node* const value = name->next();
        const bool as_expected = expected < names.size() && names[expected] == name->view();
        const std::size_t index = as_expected ? expected : position(names, *name);
        if (index < names.size()) {
            found[index] = value;
            expected = index + 1;
        }
        name = value->next();
    }
    return true;
}

bool check_object(Error& error, const Path* path, const Node& node) {
    return match_members(error, path, node, {}, nullptr);
}

std::size_t position(std::span<const std::string_view> names, const Node& name) {
    if (name.kind != Kind::string) return names.size();
    return static_cast<std::size_t>(std::ranges::find(names, name.view()) - names.begin());
}

}  // namespace carillon::detail
