// carillon/value.h: a message of which nothing is known before it is read: what JSON can say.
//
//   Value v = Value::object({{"sensor", "k1"}, {"celsius", 21.5}, {"tags", Value::array({1, 2})}});
//   v["celsius"].as_double().value_or(0);      // 21.5
//   v["tags"][1].as_int();                     // 2
//   v["no"]["such"]["member"].is_null();       // true: what is absent reads as null
//
// Nothing here throws or aborts: asked for what it is not, a Value gives an empty optional, an
// empty span, or null. An object keeps the order of its members and finds them by walking; of two
// with one name, one read from a body keeps the last.
//
// Numbers are std::int64_t, std::uint64_t only above that, and double. Equality is that of
// numbers, exactly: 21 == 21.0, and 2^53 + 1 equals no double. Objects are equal whatever the
// order of their members.
//
// A plain value: copy it, move it, share it as const between threads. Nesting is the caller's
// affair when built by hand; a body read never nests deeper than DecodeLimits says.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "carillon/describe.h"

namespace carillon {

class CARILLON_API Value {
 public:
    enum class Kind : unsigned char {
        null,
        boolean,
        integer,           // fits std::int64_t
        unsigned_integer,  // above it
        real,
        string,
        array,
        object,
    };
    struct Member;
    using Array = std::vector<Value>;
    using Object = std::vector<Member>;

    Value() noexcept;
    Value(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(const Value&);
    Value& operator=(Value&&) noexcept;
    ~Value();

    // NOLINTBEGIN(google-explicit-constructor): Value v = 21;
    Value(std::nullptr_t) noexcept : Value() {}
    template <std::same_as<bool> T>  // and no pointer
    Value(T boolean) noexcept : Value() {
        set_boolean(boolean);
    }
    template <std::integral T>
        requires(!std::same_as<T, bool> && sizeof(T) <= sizeof(std::uint64_t))
    Value(T number) noexcept : Value() {
        if constexpr (std::is_signed_v<T>) {
            set_integer(number);
        } else {
            set_unsigned(number);
        }
    }
    Value(double number) noexcept;
    Value(std::string string) noexcept;
    Value(std::string_view string);
    Value(const char* string);
    Value(Array elements) noexcept;
    Value(Object members) noexcept;  // keeps all of them; find gives the last of a name
    // NOLINTEND(google-explicit-constructor)

    static Value array(std::initializer_list<Value> elements = {});
    static Value object(std::initializer_list<Member> members = {});

    Kind kind() const noexcept { return static_cast<Kind>(held_.index()); }
    bool is_null() const noexcept { return kind() == Kind::null; }

    std::optional<bool> as_bool() const noexcept;
    // A number that is one of these exactly, 21.0 included.
    std::optional<std::int64_t> as_int() const noexcept;
    std::optional<std::uint64_t> as_uint() const noexcept;
    // Any number; above 2^53 rounded.
    std::optional<double> as_double() const noexcept;
    std::optional<std::string_view> as_string() const noexcept;  // a view into this Value
    std::span<const Value> elements() const noexcept;            // none of what is no array
    std::span<const Member> members() const noexcept;            // none of what is no object

    // How many elements or members; 0 of anything else.
    std::size_t size() const noexcept;
    // The member or nullptr. What is no object has none.
    const Value* find(std::string_view name) const noexcept;
    // The member or element, or a null that belongs to nobody.
    const Value& operator[](std::string_view name) const noexcept;
    const Value& operator[](std::size_t index) const noexcept;

    // Replaces the member or appends it; what was no object becomes one.
    Value& set(std::string_view name, Value value);
    // Appends; what was no array becomes one.
    Value& push_back(Value value);

    // For people and logs: never fails. A number that JSON cannot say is null, a byte that is no
    // UTF-8 is U+FFFD, what is nested deeper than 1000 is null. encode() is the one that refuses.
    std::string to_json() const;

    friend CARILLON_API bool operator==(const Value& a, const Value& b) noexcept;

 private:
    // Not in this header: here the variant cannot be touched, Member is incomplete.
    void set_boolean(bool boolean) noexcept;
    void set_integer(std::int64_t number) noexcept;
    void set_unsigned(std::uint64_t number) noexcept;

    // In the order of Kind.
    std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
                 Object>
        held_;
};

struct Value::Member {
    std::string name;
    Value value{};
};

// Bytes that are no text: MessagePack's bin, in JSON a string in base64 (RFC 4648 §4, padded). A
// std::string is text, i.e. UTF-8, in both.
struct Bytes {
    std::string data{};

    friend bool operator==(const Bytes&, const Bytes&) = default;
};

}  // namespace carillon
