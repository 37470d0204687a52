// carillon/detail/type.h: a message type as a row of functions, for a broker that keeps values of
// many types in one queue. One object per C++ type in the process; its address is its identity.
#pragma once

#include <cstddef>
#include <new>

#include "carillon/detail/reading.h"
#include "carillon/detail/writing.h"

namespace carillon::detail {

struct Type {
    std::string_view name;  // for people: the described name, or "string", "int64", "list", ...
    std::size_t size;
    std::size_t align;
    void (*construct)(void* to);
    void (*copy)(void* to, const void* from);  // both into room that holds nothing yet
    void (*move)(void* to, void* from);
    void (*destroy)(void*) noexcept;
    // About how many bytes it holds in memory, its own included: what a queue's bound counts.
    std::size_t (*weight)(const void*);
    Result<void> (*encode)(const void*, Encoding, std::string& out);  // appends
    // Into a constructed T, with the default limits and validate(). After an Error, parts of it
    // are new.
    Result<void> (*decode)(void* to, std::string_view body, Encoding);
    Result<void> (*check)(const void*);
};

// What hangs on it elsewhere; 0 is known to the compiler for types that hold nothing elsewhere.
template <class T>
std::size_t weight_elsewhere(const T& value);

CARILLON_API std::size_t value_weight(const Value& value);  // without its own size

template <class T>
constexpr bool may_hold_elsewhere() {
    return !(std::is_arithmetic_v<T> || std::is_enum_v<T>);
}

template <class T>
std::size_t weight_of_elements(const T& list) {
    std::size_t sum = 0;
    if constexpr (may_hold_elsewhere<typename T::value_type>()) {
        for (const auto& element : list) sum += detail::weight_elsewhere(element);
    }
    return sum;
}

inline constexpr std::size_t tree_node_bytes = 48;  // what a map keeps per member beside it

template <class T>
std::size_t weight_elsewhere(const T& value) {
    std::size_t sum = 0;
    if constexpr (Described<T>) {
        every_member<T>([&](const auto& member, std::size_t) {
            sum += detail::weight_elsewhere(value.*member.pointer);
            return true;
        });
    } else if constexpr (std::is_same_v<T, std::string>) {
        sum = value.size();
    } else if constexpr (std::is_same_v<T, Bytes>) {
        sum = value.data.size();
    } else if constexpr (std::is_same_v<T, Value>) {
        sum = value_weight(value);
    } else if constexpr (is_optional<T>) {
        sum = value ? detail::weight_elsewhere(*value) : 0;
    } else if constexpr (is_variant<T>) {
        if (!value.valueless_by_exception()) {
            sum =
                std::visit([](const auto& held) { return detail::weight_elsewhere(held); }, value);
        }
    } else if constexpr (Mapping<T>) {
        sum = value.size() * (tree_node_bytes + sizeof(typename T::value_type));
        for (const auto& [name, held] : value) sum += name.size() + detail::weight_elsewhere(held);
    } else if constexpr (is_fixed_array<T>) {
        sum = detail::weight_of_elements(value);
    } else if constexpr (Sequence<T>) {
        sum = value.size() * sizeof(typename T::value_type) + detail::weight_of_elements(value);
    }
    return sum;
}

}  // namespace carillon::detail
