// carillon/detail/writing.h: a T into the Writer, and the walk that asks every validate() of it.
#pragma once

#include "carillon/detail/mapping.h"
#include "carillon/detail/writer.h"

namespace carillon::detail {

CARILLON_API bool write_value(Writer& writer, const Path* path, const Value& value);

template <class T>
bool write(Writer& writer, const Path* path, const T& value);

template <Described T>
bool write_members(Writer& writer, const Path* path, const T& object) {
    return every_member<T>([&](const auto& member, std::size_t) {
        using M = typename std::remove_cvref_t<decltype(member)>::Type;
        static_assert(Mapped<M>, "a described member is of a type that does not travel");
        if constexpr (is_optional<M>) {
            if (!(object.*member.pointer).has_value()) return true;
        }
        const Path here{path, member.name};
        writer.member(member.name);
        return detail::write(writer, &here, object.*member.pointer);
    });
}

// Empty optional members are left out.
template <Described T>
std::size_t count_members(const T& object) {
    std::size_t count = 0;
    every_member<T>([&](const auto& member, std::size_t) {
        if constexpr (is_optional<typename std::remove_cvref_t<decltype(member)>::Type>) {
            count += (object.*member.pointer).has_value() ? 1 : 0;
        } else {
            ++count;
        }
        return true;
    });
    return count;
}

template <Described T>
bool write_described(Writer& writer, const Path* path, const T& object) {
    if (!writer.begin_object(path, detail::count_members(object))) return false;
    if (!detail::write_members(writer, path, object)) return false;
    writer.end_object();
    return true;
}

template <class Alternative>
bool write_alternative(Writer& writer, const Path* path, const Alternative& object) {
    static_assert(
        [] {
            for (const auto name : description<Alternative>.names) {
                if (name == "type") return false;
            }
            return true;
        }(),
        "what travels in a variant has no member `type`: that is where its name goes");
    if (!writer.begin_object(path, detail::count_members(object) + 1)) return false;
    writer.member("type");
    writer.string(path, description<Alternative>.name);
    if (!detail::write_members(writer, path, object)) return false;
    writer.end_object();
    return true;
}

template <class... Alternatives>
bool write_variant(Writer& writer, const Path* path, const std::variant<Alternatives...>& value) {
    static_assert(
        [] {
            const std::array names{description<Alternatives>.name...};
            for (std::size_t i = 0; i < names.size(); ++i) {
                for (std::size_t j = 0; j < i; ++j) {
                    if (names[i] == names[j]) return false;
                }
            }
            return true;
        }(),
        "two alternatives of a variant have one name");
    if (value.valueless_by_exception()) return fail(writer.error(), path, "holds nothing");
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
        return ((value.index() == index &&
                 detail::write_alternative(writer, path, *std::get_if<index>(&value))) ||
                ...);
    }(std::index_sequence_for<Alternatives...>());
}

template <class T>
bool write_sequence(Writer& writer, const Path* path, const T& list) {
    if (!writer.begin_array(path, list.size())) return false;
    Path here{path};
    for (const auto& element : list) {
        if (!detail::write<typename T::value_type>(writer, &here, element)) return false;
        ++here.index;
    }
    writer.end_array();
    return true;
}

template <Mapping T>
bool write_mapping(Writer& writer, const Path* path, const T& map) {
    if (!writer.begin_object(path, map.size())) return false;
    for (const auto& [name, value] : map) {
        const Path here{path, name};
        if (!writer.key(&here, name)) return false;
        if (!detail::write<typename T::mapped_type>(writer, &here, value)) return false;
    }
    writer.end_object();
    return true;
}

template <DescribedEnum T>
bool write_enum(Writer& writer, const Path* path, T value) {
    for (std::size_t i = 0; i < description<T>.values.size(); ++i) {
        if (description<T>.values[i] == value) {
            return writer.string(path, description<T>.names[i]);
        }
    }
    return fail(writer.error(), path, "is an enumerator without a name");
}

template <class T>
bool write(Writer& writer, const Path* path, const T& value) {
    static_assert(Mapped<T>);
    if constexpr (std::is_same_v<T, bool>) {
        return writer.boolean(value), true;
    } else if constexpr (Integer<T>) {
        if constexpr (std::is_signed_v<T>) return writer.integer(value), true;
        return writer.unsigned_integer(static_cast<std::uint64_t>(value)), true;
    } else if constexpr (std::is_same_v<T, float>) {
        return writer.single(path, value);
    } else if constexpr (std::is_same_v<T, double>) {
        return writer.real(path, value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        return writer.string(path, value);
    } else if constexpr (std::is_same_v<T, Value>) {
        return write_value(writer, path, value);
    } else if constexpr (std::is_same_v<T, Bytes>) {
        return writer.binary(path, value.data);
    } else if constexpr (DescribedEnum<T>) {
        return detail::write_enum(writer, path, value);
    } else if constexpr (Described<T>) {
        return detail::write_described(writer, path, value);
    } else if constexpr (is_optional<T>) {
        return value ? detail::write(writer, path, *value) : (writer.null(), true);
    } else if constexpr (is_variant<T>) {
        return detail::write_variant(writer, path, value);
    } else if constexpr (Mapping<T>) {
        return detail::write_mapping(writer, path, value);
    } else {
        return detail::write_sequence(writer, path, value);
    }
}

// Asks every validate() in it, innermost first, as reading does.
template <class T>
bool check_all(Error& error, const Path* path, const T& value) {
    if constexpr (Described<T>) {
        const bool all = every_member<T>([&](const auto& member, std::size_t) {
            const Path here{path, member.name};
            return detail::check_all(error, &here, value.*member.pointer);
        });
        if (!all) return false;
        if constexpr (Validated<T>) return detail::passes(error, path, value);
    } else if constexpr (is_optional<T>) {
        return !value || detail::check_all(error, path, *value);
    } else if constexpr (is_variant<T>) {
        return value.valueless_by_exception() ||
               std::visit([&](const auto& held) { return detail::check_all(error, path, held); },
                          value);
    } else if constexpr (Mapping<T>) {
        for (const auto& [name, held] : value) {
            const Path here{path, name};
            if (!detail::check_all(error, &here, held)) return false;
        }
    } else if constexpr (Sequence<T> || is_fixed_array<T>) {
        using Element = typename T::value_type;
        if constexpr (!std::is_arithmetic_v<Element> && !std::is_same_v<Element, std::string>) {
            Path here{path};
            for (const auto& element : value) {
                if (!detail::check_all(error, &here, element)) return false;
                ++here.index;
            }
        }
    }
    return true;
}

}  // namespace carillon::detail
