// carillon/detail/reading.h: nodes into a T. What is straight and not a template is in the library
// (src/library/reading.cpp), so that a type of yours costs little to compile.
#pragma once

#include <array>
#include <limits>
#include <span>

#include "carillon/detail/document.h"
#include "carillon/detail/mapping.h"
#include "carillon/detail/path.h"

namespace carillon::detail {

// Each says false and fills in the error. What `out` was does not matter.
CARILLON_API bool fail_expected(Error&, const Path*, const Node& found, std::string_view expected);
CARILLON_API bool fail_one_of(Error&, const Path*, const Node& found,
                              std::span<const std::string_view> names);
// Whatever is this number exactly and within the bounds; 3.0 is 3.
CARILLON_API bool read_signed(Error&, const Path*, const Node&, std::int64_t min, std::int64_t max,
                              std::int64_t& out);
CARILLON_API bool read_unsigned(Error&, const Path*, const Node&, std::uint64_t max,
                                std::uint64_t& out);
CARILLON_API bool read_real(Error&, const Path*, const Node&, double max, double& out);
CARILLON_API bool read_bytes(Error&, const Path*, const Node&, Bytes& out);
CARILLON_API bool read_value(Error&, const Path*, const Node&, Value& out);
// The object's members by name, nullptr where there is none; of two with one name the last.
CARILLON_API bool match_members(Error&, const Path*, const Node& object,
                                std::span<const std::string_view> names, const Node** found);
// Whether it is an object whose names are strings.
CARILLON_API bool check_object(Error&, const Path*, const Node&);
CARILLON_API std::size_t position(std::span<const std::string_view> names, const Node& name);

template <class T>
bool read(Error& error, const Path* path, const Node& node, T& out);

template <Described T>
bool read_described(Error& error, const Path* path, const Node& node, T& out) {
    constexpr std::size_t count = description<T>.count;
    std::array<const Node*, count> found{};
    if (!match_members(error, path, node, description<T>.names, found.data())) return false;
    const bool all = every_member<T>([&](const auto& member, std::size_t index) {
        using M = typename std::remove_cvref_t<decltype(member)>::Type;
        static_assert(Mapped<M>, "a described member is of a type that does not travel");
        M& into = out.*member.pointer;
        const Path here{path, member.name};
        if (found[index] != nullptr) return detail::read(error, &here, *found[index], into);
        if constexpr (is_optional<M>) {
            into.reset();
            return true;
        } else {
            return fail_missing(error, &here);
        }
    });
    if (!all) return false;
    if constexpr (Validated<T>) return detail::passes(error, path, out);
    return true;
}

template <class... Alternatives>
bool read_variant(Error& error, const Path* path, const Node& node,
                  std::variant<Alternatives...>& out) {
    static constexpr std::array type{std::string_view("type")};
    static constexpr std::array names{description<Alternatives>.name...};
    const Node* tag = nullptr;
    if (!match_members(error, path, node, type, &tag)) return false;
    const Path here{path, type[0]};
    if (tag == nullptr) return fail_missing(error, &here);
    const std::size_t wanted = position(names, *tag);
    if (wanted == names.size()) return fail_one_of(error, &here, *tag, names);
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
        return ((wanted == index &&
                 detail::read_described(error, path, node, out.template emplace<index>())) ||
                ...);
    }(std::index_sequence_for<Alternatives...>());
}

template <class T>
bool read_sequence(Error& error, const Path* path, const Node& node, T& out) {
    if (node.kind != Kind::array) return fail_expected(error, path, node, "an array");
    out.clear();
    if constexpr (requires { out.reserve(node.size); }) out.reserve(node.size);
    Path here{path};
    for (const Node* element = node.first(); here.index < node.size;
         ++here.index, element = element->next()) {
        if constexpr (std::is_same_v<typename T::value_type, bool>) {  // std::vector<bool>
            bool boolean = false;
            if (!detail::read(error, &here, *element, boolean)) return false;
            out.emplace_back(boolean);
        } else {
            if (!detail::read(error, &here, *element, out.emplace_back())) return false;
        }
    }
    return true;
}

template <class T, std::size_t size>
bool read_fixed(Error& error, const Path* path, const Node& node, std::array<T, size>& out) {
    if (node.kind != Kind::array || node.size != size) {
        return fail_expected(error, path, node, "an array of " + std::to_string(size));
    }
    Path here{path};
    for (const Node* element = node.first(); here.index < size;
         ++here.index, element = element->next()) {
        if (!detail::read(error, &here, *element, out[here.index])) return false;
    }
    return true;
}

template <Mapping T>
bool read_mapping(Error& error, const Path* path, const Node& node, T& out) {
    if (!check_object(error, path, node)) return false;
    out.clear();
    const Node* name = node.first();
    for (std::uint32_t i = 0; i < node.size; ++i) {
        const Path here{path, name->view()};
        typename T::mapped_type value{};
        if (!detail::read(error, &here, *name->next(), value)) return false;
        out.insert_or_assign(std::string(name->view()), std::move(value));
        name = name->next()->next();
    }
    return true;
}

template <class T>
bool read_number(Error& error, const Path* path, const Node& node, T& out) {
    using Limits = std::numeric_limits<T>;
    if constexpr (Real<T>) {
        // A float's own text may, as a double, lie above it: up to here it rounds to the float.
        constexpr double max = std::is_same_v<T, float> ? 0x1.fffffefffffffp127 : Limits::max();
        double number = 0;
        if (!read_real(error, path, node, max, number)) return false;
        out = static_cast<T>(number);
    } else if constexpr (std::is_signed_v<T>) {
        std::int64_t number = 0;
        if (!read_signed(error, path, node, Limits::min(), Limits::max(), number)) return false;
        out = static_cast<T>(number);
    } else {
        std::uint64_t number = 0;
        if (!read_unsigned(error, path, node, Limits::max(), number)) return false;
        out = static_cast<T>(number);
    }
    return true;
}

template <DescribedEnum T>
bool read_enum(Error& error, const Path* path, const Node& node, T& out) {
    const std::size_t index = position(description<T>.names, node);
    if (index == description<T>.names.size()) {
        return fail_one_of(error, path, node, description<T>.names);
    }
    out = description<T>.values[index];
    return true;
}

template <class T>
bool read(Error& error, const Path* path, const Node& node, T& out) {
    static_assert(Mapped<T>);
    if constexpr (std::is_same_v<T, bool>) {
        if (node.kind != Kind::boolean) return fail_expected(error, path, node, "true or false");
        out = node.boolean;
        return true;
    } else if constexpr (Integer<T> || Real<T>) {
        return detail::read_number(error, path, node, out);
    } else if constexpr (std::is_same_v<T, std::string>) {
        if (node.kind != Kind::string) return fail_expected(error, path, node, "a string");
        out.assign(node.view());
        return true;
    } else if constexpr (std::is_same_v<T, Value>) {
        return read_value(error, path, node, out);
    } else if constexpr (std::is_same_v<T, Bytes>) {
        return read_bytes(error, path, node, out);
    } else if constexpr (DescribedEnum<T>) {
        return detail::read_enum(error, path, node, out);
    } else if constexpr (Described<T>) {
        return detail::read_described(error, path, node, out);
    } else if constexpr (is_optional<T>) {
        out.reset();
        return node.kind == Kind::null || detail::read(error, path, node, out.emplace());
    } else if constexpr (is_variant<T>) {
        return detail::read_variant(error, path, node, out);
    } else if constexpr (is_fixed_array<T>) {
        return detail::read_fixed(error, path, node, out);
    } else if constexpr (Mapping<T>) {
        return detail::read_mapping(error, path, node, out);
    } else {
        return detail::read_sequence(error, path, node, out);
    }
}

}  // namespace carillon::detail
