// carillon/detail/mapping.h: which C++ types travel, told apart by their shape so that no container
// needs to be included here. The list for people is in carillon/codec.h.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <variant>

#include "carillon/describe.h"
#include "carillon/value.h"

namespace carillon::detail {

template <class T, class... Others>
inline constexpr bool is_one_of = (std::is_same_v<T, Others> || ...);

template <class T>
concept Integer = std::is_integral_v<T> && sizeof(T) <= sizeof(std::uint64_t) &&
                  !is_one_of<T, bool, char, wchar_t, char8_t, char16_t, char32_t>;
template <class T>
concept Real = is_one_of<T, float, double>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_fixed_array = false;
template <class T, std::size_t size>
inline constexpr bool is_fixed_array<std::array<T, size>> = true;

template <class T>
concept Mapping = !Described<T> && requires(T map, typename T::mapped_type value) {
    requires std::is_same_v<typename T::key_type, std::string>;
    map.insert_or_assign(std::string(), std::move(value));
    map.begin();
    map.end();
    map.size();
    map.clear();
};

template <class T>
concept Sequence = !Described<T> && !std::is_same_v<T, std::string> && requires(T list) {
    typename T::value_type;
    list.emplace_back();
    list.begin();
    list.end();
    list.size();
    list.clear();
};

template <class T>
inline constexpr bool is_variant = false;
template <class... Alternatives>
inline constexpr bool is_variant<std::variant<Alternatives...>> = true;

template <class T>
inline constexpr bool is_described_variant = false;
template <class... Alternatives>
inline constexpr bool is_described_variant<std::variant<Alternatives...>> =
    (Described<Alternatives> && ...);

// Whether a T may stand inside a message. A described struct answers for itself, so that it may
// contain a list of itself; its members are held to this where they are read and written.
template <class T>
constexpr bool is_mapped() {
    if constexpr (is_one_of<T, bool, std::string, Value, Bytes> || Integer<T> || Real<T> ||
                  Described<T> || DescribedEnum<T> || is_described_variant<T>) {
        return true;
    } else if constexpr (is_optional<T>) {
        // Nothing could tell an empty one from one that holds an empty one.
        return !is_optional<typename T::value_type> && is_mapped<typename T::value_type>();
    } else if constexpr (Mapping<T>) {
        return is_mapped<typename T::mapped_type>();
    } else if constexpr (Sequence<T> || is_fixed_array<T>) {
        return is_mapped<typename T::value_type>();
    } else {
        return false;
    }
}

template <class T>
concept Mapped = is_mapped<T>();

// For people and error messages: a described type's own name, the others by their shape.
template <class T>
constexpr std::string_view name_of() {
    if constexpr (Described<T> || DescribedEnum<T>) {
        return description<T>.name;
    } else if constexpr (std::is_same_v<T, bool>) {
        return "bool";
    } else if constexpr (Integer<T>) {
        constexpr std::string_view names[] = {"int8",  "int16",  "int32",  "int64",
                                              "uint8", "uint16", "uint32", "uint64"};
        constexpr int log_size = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
        return names[log_size + (std::is_unsigned_v<T> ? 4 : 0)];
    } else if constexpr (Real<T>) {
        return std::is_same_v<T, float> ? "float" : "double";
    } else if constexpr (std::is_same_v<T, std::string>) {
        return "string";
    } else if constexpr (std::is_same_v<T, Value>) {
        return "value";
    } else if constexpr (std::is_same_v<T, Bytes>) {
        return "bytes";
    } else if constexpr (is_optional<T>) {
        return "optional";
    } else if constexpr (is_variant<T>) {
        return "variant";
    } else if constexpr (Mapping<T>) {
        return "map";
    } else if constexpr (Sequence<T> || is_fixed_array<T>) {
        return "list";
    } else {
        return "raw";
    }
}

}  // namespace carillon::detail
