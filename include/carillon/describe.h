// carillon/describe.h: what a struct or an enum of yours consists of, said once, in one line:
//
//   struct Reading { std::string sensor; double celsius = 0; std::optional<std::string> note; };
//   CARILLON_DESCRIBE(Reading, sensor, celsius, note)
//
//   enum class Level { low, high };
//   CARILLON_DESCRIBE_ENUM(Level, low, high)
//
// Write it in the namespace of the type (it is found from there), after the type, outside any
// class; 0 to 64 members, each accessible from there; members of a base may be listed too. What is
// not listed does not travel. Where members come in an order, it is that of the list. A type
// inside another is named by its own name: `Outer::Point` travels in a variant as "Point".
//
// All of it is constexpr: no RTTI, no registration, nothing at run time. A renamed member is
// another member to those who receive it; new ones are best std::optional (codec.h says why).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

// What lives in the library and not in a header: seen by whoever links it.
#ifndef CARILLON_API
#define CARILLON_API __attribute__((visibility("default")))
#endif

namespace carillon::detail {

template <class Class, class T>
struct Member {
    using Type = T;
    std::string_view name;
    T Class::* pointer;
};

template <class Class, class T>
constexpr Member<Class, T> member(std::string_view name, T Class::* pointer) {
    return {name, pointer};
}

constexpr std::string_view unqualified(std::string_view name) {
    const auto colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// `Type_` tells whose description it is: a pointer to a derived type would find its base's.
template <class Type_, class... Members>
struct Description {
    using Type = Type_;
    static constexpr bool is_enum = false;
    static constexpr std::size_t count = sizeof...(Members);
    static_assert(count <= 64, "CARILLON_DESCRIBE takes at most 64 members");

    constexpr explicit Description(std::string_view type_name, Members... list)
        : name(unqualified(type_name)), names{list.name...}, members(list...) {}

    std::string_view name;
    std::array<std::string_view, count> names;
    std::tuple<Members...> members;
};

template <class Type, class... Members>
constexpr auto describe(std::string_view name, Members... members) {
    return Description<Type, Members...>(name, members...);
}

template <class Type_, std::size_t size>
struct EnumDescription {
    using Type = Type_;
    static constexpr bool is_enum = true;

    std::string_view name;
    std::array<std::string_view, size> names;
    std::array<Type_, size> values;
};

template <class Type, class... Enumerators>
constexpr auto describe_enum(std::string_view name, Enumerators... enumerators) {
    return EnumDescription<Type, sizeof...(Enumerators)>{
        unqualified(name), {enumerators.first...}, {enumerators.second...}};
}

template <class T>
concept Described = std::is_class_v<T> && requires {
    requires std::is_same_v<
        typename decltype(carillon_describe(static_cast<const T*>(nullptr)))::Type, T>;
};

template <class T>
concept DescribedEnum =
    std::is_enum_v<T> && requires { carillon_describe(static_cast<const T*>(nullptr)); };

template <class T>
    requires Described<T> || DescribedEnum<T>
inline constexpr auto description = carillon_describe(static_cast<const T*>(nullptr));

// Calls `visit(member, index)` for each member, until one says false.
template <class T, class Visit>
constexpr bool every_member(Visit&& visit) {
    constexpr const auto& members = description<T>.members;
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
        return (visit(std::get<index>(members), index) && ...);
    }(std::make_index_sequence<description<T>.count>());
}

}  // namespace carillon::detail

namespace carillon {

// A struct with a CARILLON_DESCRIBE of its own.
template <class T>
concept Described = detail::Described<T>;

}  // namespace carillon

// NOLINTBEGIN(cppcoreguidelines-macro-usage): names of members are text only to the preprocessor
#define CARILLON_DESCRIBE(Type, ...)                                                           \
    [[maybe_unused]] constexpr auto carillon_describe(const Type*) {                           \
        return ::carillon::detail::describe<Type>(                                             \
            #Type __VA_OPT__(CARILLON_FOR_EACH(CARILLON_DESCRIBE_MEMBER, Type, __VA_ARGS__))); \
    }
#define CARILLON_DESCRIBE_ENUM(Type, ...)                                                          \
    [[maybe_unused]] constexpr auto carillon_describe(const Type*) {                               \
        return ::carillon::detail::describe_enum<Type>(                                            \
            #Type __VA_OPT__(CARILLON_FOR_EACH(CARILLON_DESCRIBE_ENUMERATOR, Type, __VA_ARGS__))); \
    }

#define CARILLON_DESCRIBE_MEMBER(Type, name) , ::carillon::detail::member(#name, &Type::name)
#define CARILLON_DESCRIBE_ENUMERATOR(Type, name) \
    , ::std::pair<::std::string_view, Type> { #name, Type::name }

// One step per rescan: the preprocessor knows no recursion. 85 rescans are enough for 64 members
// and for the message about a 65th.
#define CARILLON_PARENTHESES ()
#define CARILLON_RESCAN(...) \
    CARILLON_RESCAN_3(CARILLON_RESCAN_3(CARILLON_RESCAN_3(CARILLON_RESCAN_3(__VA_ARGS__))))
#define CARILLON_RESCAN_3(...) \
    CARILLON_RESCAN_2(CARILLON_RESCAN_2(CARILLON_RESCAN_2(CARILLON_RESCAN_2(__VA_ARGS__))))
#define CARILLON_RESCAN_2(...) \
    CARILLON_RESCAN_1(CARILLON_RESCAN_1(CARILLON_RESCAN_1(CARILLON_RESCAN_1(__VA_ARGS__))))
#define CARILLON_RESCAN_1(...) __VA_ARGS__
#define CARILLON_FOR_EACH(macro, Type, ...) \
    __VA_OPT__(CARILLON_RESCAN(CARILLON_FOR_EACH_STEP(macro, Type, __VA_ARGS__)))
#define CARILLON_FOR_EACH_STEP(macro, Type, first, ...) \
    macro(Type, first)                                  \
        __VA_OPT__(CARILLON_FOR_EACH_AGAIN CARILLON_PARENTHESES(macro, Type, __VA_ARGS__))
#define CARILLON_FOR_EACH_AGAIN() CARILLON_FOR_EACH_STEP
// NOLINTEND(cppcoreguidelines-macro-usage)
