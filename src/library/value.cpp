#include "carillon/value.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "auth/base64.h"
#include "base/buffer.h"
#include "carillon/codec.h"

namespace carillon {
namespace {

const Value nothing;

// A whole double and an integer are equal when the double is that integer and no rounding of it.
bool equal_numbers(const Value& a, const Value& b) {
    const auto as_int = a.as_int();
    if (as_int) return as_int == b.as_int();
    const auto as_uint = a.as_uint();
    if (as_uint) return as_uint == b.as_uint();
    return !b.as_int() && !b.as_uint() && a.as_double() == b.as_double();
}

bool is_number(Value::Kind kind) {
    return kind == Value::Kind::integer || kind == Value::Kind::unsigned_integer ||
           kind == Value::Kind::real;
}

// As sets of names: of two with one name the last counts, in both.
bool equal_objects(const Value& a, const Value& b) {
    const auto covers = [](const Value& from, const Value& in) {
        return std::ranges::all_of(from.members(), [&](const auto& member) {
            const Value* const other = in.find(member.name);
            const Value* const own = from.find(member.name);
            return other != nullptr && *own == *other;
        });
    };
    return covers(a, b) && covers(b, a);
}

}  // namespace

Value::Value() noexcept = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value::Value(double number) noexcept : held_(number) {}
Value::Value(std::string string) noexcept : held_(std::move(string)) {}
Value::Value(std::string_view string) : held_(std::string(string)) {}
Value::Value(const char* string) : held_(std::string(string)) {}
Value::Value(Array elements) noexcept : held_(std::move(elements)) {}
Value::Value(Object members) noexcept : held_(std::move(members)) {}

Value Value::array(std::initializer_list<Value> elements) { return Array(elements); }
Value Value::object(std::initializer_list<Member> members) { return Object(members); }

std::optional<bool> Value::as_bool() const noexcept {
    const auto* const held = std::get_if<bool>(&held_);
    return held == nullptr ? std::nullopt : std::optional(*held);
}

std::optional<std::int64_t> Value::as_int() const noexcept {
    if (const auto* const held = std::get_if<std::int64_t>(&held_)) return *held;
    const auto* const held = std::get_if<double>(&held_);
    constexpr double bound = 9223372036854775808.0;
    if (held == nullptr || !(*held >= -bound && *held < bound)) return std::nullopt;
    return std::trunc(*held) == *held ? std::optional(static_cast<std::int64_t>(*held))
                                      : std::nullopt;
}

std::optional<std::uint64_t> Value::as_uint() const noexcept {
    if (const auto* const held = std::get_if<std::uint64_t>(&held_)) return *held;
    if (const auto held = as_int()) {
        return *held < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(*held));
    }
    const auto* const held = std::get_if<double>(&held_);
    constexpr double bound = 18446744073709551616.0;
    if (held == nullptr || !(*held >= 0 && *held < bound)) return std::nullopt;
    return std::trunc(*held) == *held ? std::optional(static_cast<std::uint64_t>(*held))
                                      : std::nullopt;
}

std::optional<double> Value::as_double() const noexcept {
    switch (kind()) {
        case Kind::integer:
            return static_cast<double>(*std::get_if<std::int64_t>(&held_));
        case Kind::unsigned_integer:
            return static_cast<double>(*std::get_if<std::uint64_t>(&held_));
        case Kind::real:
            return *std::get_if<double>(&held_);
        default:
            return std::nullopt;
    }
}

std::optional<std::string_view> Value::as_string() const noexcept {
    const auto* const held = std::get_if<std::string>(&held_);
    return held == nullptr ? std::nullopt : std::optional<std::string_view>(*held);
}

std::span<const Value> Value::elements() const noexcept {
    const auto* const held = std::get_if<Array>(&held_);
    return held == nullptr ? std::span<const Value>() : *held;
}

std::span<const Value::Member> Value::members() const noexcept {
    const auto* const held = std::get_if<Object>(&held_);
    return held == nullptr ? std::span<const Member>() : *held;
}

std::size_t Value::size() const noexcept { return elements().size() + members().size(); }

const Value* Value::find(std::string_view name) const noexcept {
    const auto all = members();
    const auto found = std::find_if(all.rbegin(), all.rend(),
                                    [&](const Member& member) { return member.name == name; });
    return found == all.rend() ? nullptr : &found->value;
}

const Value& Value::operator[](std::string_view name) const noexcept {
    const Value* const found = find(name);
    return found == nullptr ? nothing : *found;
}

const Value& Value::operator[](std::size_t index) const noexcept {
    const auto all = elements();
    return index < all.size() ? all[index] : nothing;
}

Value& Value::set(std::string_view name, Value value) {
    if (kind() != Kind::object) held_.emplace<Object>();
    if (const Value* const found = find(name)) {
        const_cast<Value&>(*found) = std::move(value);  // ours
    } else {
        std::get_if<Object>(&held_)->push_back({std::string(name), std::move(value)});
    }
    return *this;
}

Value& Value::push_back(Value value) {
    if (kind() != Kind::array) held_.emplace<Array>();
    std::get_if<Array>(&held_)->push_back(std::move(value));
    return *this;
}

std::string Value::to_json() const {
    detail::Writer writer(Encoding::json, true);
    (void)detail::write_value(writer, nullptr, *this);
    return std::string(writer.view());
}

void Value::set_boolean(bool boolean) noexcept { held_ = boolean; }
void Value::set_integer(std::int64_t number) noexcept { held_ = number; }

void Value::set_unsigned(std::uint64_t number) noexcept {
    if (std::in_range<std::int64_t>(number)) {
        held_ = static_cast<std::int64_t>(number);
    } else {
        held_ = number;
    }
}

bool operator==(const Value& a, const Value& b) noexcept {
    if (is_number(a.kind()) && is_number(b.kind())) return equal_numbers(a, b);
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
        case Value::Kind::boolean:
            return a.as_bool() == b.as_bool();
        case Value::Kind::string:
            return a.as_string() == b.as_string();
        case Value::Kind::array:
            return std::ranges::equal(a.elements(), b.elements());
        case Value::Kind::object:
            return equal_objects(a, b);
        default:
            return true;
    }
}

namespace detail {
namespace {

constexpr std::size_t few = 16;  // comparing each with each costs less than sorting

bool any_twice(const Value::Object& members) {
    for (std::size_t i = 1; i < members.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (members[i].name == members[j].name) return true;
        }
    }
    return false;
}

// Where the last of each name takes the place of the first: a hostile million of names must not
// cost a million searches each.
void keep_last_of_each(Value::Object& members) {
    if (members.size() <= few && !any_twice(members)) return;
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        const int names = members[a].name.compare(members[b].name);
        return names < 0 || (names == 0 && a < b);
    });
    std::vector<bool> dropped(members.size());
    for (std::size_t i = 0, first = 0; i < order.size(); ++i) {
        if (members[order[i]].name != members[order[first]].name) first = i;
        if (first == i) continue;
        members[order[first]].value = std::move(members[order[i]].value);
        dropped[order[i]] = true;
    }
    std::size_t at = 0;
    std::erase_if(members, [&](const Value::Member&) { return dropped[at++]; });
}

bool read_array(Error& error, const Path* path, const Node& node, Value& out) {
    Value::Array elements(node.size);
    Path here{path};
    const Node* element = node.first();
    for (auto& value : elements) {
        if (!read_value(error, &here, *element, value)) return false;
        element = element->next();
        ++here.index;
    }
    out = std::move(elements);
    return true;
}

bool read_object(Error& error, const Path* path, const Node& node, Value& out) {
    if (!check_object(error, path, node)) return false;
    Value::Object members(node.size);
    const Node* name = node.first();
    for (auto& member : members) {
        member.name.assign(name->view());
        const Path here{path, member.name};
        if (!read_value(error, &here, *name->next(), member.value)) return false;
        name = name->next()->next();
    }
    keep_last_of_each(members);
    out = std::move(members);
    return true;
}

bool write_elements(Writer& writer, const Path* path, std::span<const Value> elements) {
    if (!writer.begin_array(path, elements.size())) return writer.lenient();
    Path here{path};
    for (const auto& element : elements) {
        if (!write_value(writer, &here, element)) return false;
        ++here.index;
    }
    writer.end_array();
    return true;
}

bool write_members(Writer& writer, const Path* path, std::span<const Value::Member> members) {
    if (!writer.begin_object(path, members.size())) return writer.lenient();
    for (const auto& [name, value] : members) {
        const Path here{path, name};
        if (!writer.key(&here, name) || !write_value(writer, &here, value)) return false;
    }
    writer.end_object();
    return true;
}

}  // namespace

bool read_value(Error& error, const Path* path, const Node& node, Value& out) {
    switch (node.kind) {
        case Kind::null:
            out = nullptr;
            return true;
        case Kind::boolean:
            out = node.boolean;
            return true;
        case Kind::integer:
            out = node.integer;
            return true;
        case Kind::unsigned_integer:
            out = node.unsigned_integer;
            return true;
        case Kind::real:
            out = node.real;
            return true;
        case Kind::string:
            out = node.view();
            return true;
        case Kind::array:
            return read_array(error, path, node, out);
        case Kind::object:
            return read_object(error, path, node, out);
        case Kind::binary: {
            base::Buffer text;
            auth::append_base64(node.view(), text);
            out = text.view();
            return true;
        }
        case Kind::extension:
            break;
    }
    return fail_expected(error, path, node, "a value");
}

bool write_value(Writer& writer, const Path* path, const Value& value) {
    switch (value.kind()) {
        case Value::Kind::null:
            return writer.null(), true;
        case Value::Kind::boolean:
            return writer.boolean(*value.as_bool()), true;
        case Value::Kind::integer:
            return writer.integer(*value.as_int()), true;
        case Value::Kind::unsigned_integer:
            return writer.unsigned_integer(*value.as_uint()), true;
        case Value::Kind::real:
            return writer.real(path, *value.as_double());
        case Value::Kind::string:
            return writer.string(path, *value.as_string());
        case Value::Kind::array:
            return write_elements(writer, path, value.elements());
        case Value::Kind::object:
            return write_members(writer, path, value.members());
    }
    return true;
}

std::size_t value_weight(const Value& value) {
    std::size_t sum = value.as_string().value_or(std::string_view()).size();
    for (const auto& element : value.elements()) sum += sizeof(Value) + value_weight(element);
    for (const auto& [name, member] : value.members()) {
        sum += sizeof(Value::Member) + name.size() + value_weight(member);
    }
    return sum;
}

}  // namespace detail
}  // namespace carillon
