// library/testing_messages.h: for tests only: a message with a member of each kind that travels,
// in itself, and random ones of it.
#pragma once

#include <bit>
#include <cmath>
#include <list>
#include <map>
#include <unordered_map>

#include "base/random.h"
#include "carillon/codec.h"

namespace carillon::library::testing {

enum class Level { low, high, critical };
CARILLON_DESCRIBE_ENUM(Level, low, high, critical)

struct Reading {
    std::string sensor;
    double celsius = 0;
    std::optional<std::string> note;
    bool operator==(const Reading&) const = default;
};
CARILLON_DESCRIBE(Reading, sensor, celsius, note)

// Its own say, with a reason.
inline std::string validate(const Reading& reading) {
    return reading.celsius >= -273.15 ? "" : "colder than can be";
}

struct Circle {
    double radius = 1;
    bool operator==(const Circle&) const = default;
};
CARILLON_DESCRIBE(Circle, radius)
inline bool validate(const Circle& circle) { return circle.radius >= 0; }

struct Square {
    float side = 1;
    bool operator==(const Square&) const = default;
};
CARILLON_DESCRIBE(Square, side)

struct Nowhere {
    bool operator==(const Nowhere&) const = default;
};
CARILLON_DESCRIBE(Nowhere)

using Shape = std::variant<Nowhere, Circle, Square>;

struct Everything {
    bool yes = false;
    std::int8_t small = 0;
    std::uint16_t medium = 0;
    std::int32_t number = 0;
    std::int64_t large = 0;
    std::uint64_t larger = 0;
    float single = 0;
    double real = 0;
    std::string text;
    Level level = Level::low;
    std::optional<Level> perhaps;
    Reading reading;
    std::optional<Reading> other;
    std::vector<Reading> readings;
    std::list<std::string> names;
    std::array<std::int16_t, 3> three{};
    std::vector<bool> bits;
    std::map<std::string, Reading> by_name;
    std::unordered_map<std::string, std::uint32_t> counts;
    std::vector<std::optional<std::int32_t>> holes;
    Shape shape;
    std::vector<Shape> shapes;
    Bytes bytes;
    Value value;
    std::vector<Everything> children;
    bool operator==(const Everything&) const = default;
};
CARILLON_DESCRIBE(Everything, yes, small, medium, number, large, larger, single, real, text, level,
                  perhaps, reading, other, readings, names, three, bits, by_name, counts, holes,
                  shape, shapes, bytes, value, children)

class Generator {
 public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    template <class T>
    T any(int depth = 0) {
        if constexpr (std::is_same_v<T, Value>) {
            return value(depth);
        } else if constexpr (std::is_same_v<T, std::string>) {
            return text();
        } else if constexpr (std::is_same_v<T, Bytes>) {
            return {bytes()};
        } else if constexpr (detail::DescribedEnum<T>) {
            return detail::description<T>.values[below(detail::description<T>.values.size())];
        } else if constexpr (std::is_same_v<T, Circle>) {
            return {std::abs(any<double>())};
        } else if constexpr (std::is_same_v<T, Reading>) {
            return {text(), std::abs(any<double>()), any<std::optional<std::string>>()};
        } else if constexpr (Described<T>) {
            return described<T>(depth + 1);
        } else if constexpr (detail::is_optional<T>) {
            return below(2) == 0 ? T() : T(any<typename T::value_type>(depth));
        } else if constexpr (detail::is_variant<T>) {
            return alternative(T(), depth);
        } else if constexpr (std::is_arithmetic_v<T>) {
            return number<T>();
        } else {
            return container<T>(depth);
        }
    }

    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

    std::string text() {
        static constexpr std::string_view pieces[] = {"a",
                                                      "\"",
                                                      "\\",
                                                      "\n",
                                                      std::string_view("\0", 1),
                                                      "\x1f",
                                                      "\x7f",
                                                      "/",
                                                      "~",
                                                      "ü",
                                                      "€",
                                                      "😀",
                                                      "\xe2\x80\xa8",
                                                      "type",
                                                      " ",
                                                      "0123456789abcdef",
                                                      "</script>"};
        std::string out;
        for (auto left = length(); left > 0; --left) out += pieces[below(std::size(pieces))];
        return out;
    }

 private:
    std::uint64_t length() { return below(10) == 0 ? below(400) : below(4); }

    std::string bytes() {
        std::string out(length(), '\0');
        for (auto& byte : out) byte = static_cast<char>(random_.next());
        return out;
    }

    // Of every magnitude, and the edges.
    template <class T>
    T number() {
        const std::uint64_t bits = random_.next() >> below(64);
        if constexpr (std::is_floating_point_v<T>) {
            using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
            if (below(3) == 0) return static_cast<T>(static_cast<std::int64_t>(bits));
            const T any_bits = std::bit_cast<T>(static_cast<Bits>(random_.next()));
            return std::isfinite(any_bits) ? any_bits : std::numeric_limits<T>::max();
        } else {
            if (below(8) == 0) return std::numeric_limits<T>::max();
            if (below(8) == 0) return std::numeric_limits<T>::min();
            return static_cast<T>(below(2) == 0 ? bits : ~bits);
        }
    }

    template <class T>
    T described(int depth) {
        T out{};
        detail::every_member<T>([&](const auto& member, std::size_t) {
            using M = typename std::remove_cvref_t<decltype(member)>::Type;
            out.*member.pointer = any<M>(depth);
            return true;
        });
        return out;
    }

    template <class... Alternatives>
    std::variant<Alternatives...> alternative(std::variant<Alternatives...> out, int depth) {
        const auto wanted = below(sizeof...(Alternatives));
        std::size_t index = 0;
        ((wanted == index++ ? void(out = any<Alternatives>(depth)) : void()), ...);
        return out;
    }

    template <class T>
    T container(int depth) {
        T out{};
        if constexpr (detail::is_fixed_array<T>) {
            for (auto& element : out) element = any<typename T::value_type>(depth);
        } else {
            for (auto left = depth > 2 ? 0 : below(4); left > 0; --left) {
                if constexpr (detail::Mapping<T>) {
                    out.insert_or_assign(text(), any<typename T::mapped_type>(depth));
                } else {
                    out.push_back(any<typename T::value_type>(depth));
                }
            }
        }
        return out;
    }

    Value value(int depth) {
        switch (below(depth > 4 ? 6 : 8)) {
            case 0:
                return nullptr;
            case 1:
                return below(2) == 0;
            case 2:
                return number<std::int64_t>();
            case 3:
                return number<std::uint64_t>();
            case 4:
                return number<double>();
            case 5:
                return text();
            case 6: {
                Value out = Value::array();
                for (auto left = below(4); left > 0; --left) out.push_back(value(depth + 1));
                return out;
            }
            default: {
                Value out = Value::object();
                for (auto left = below(4); left > 0; --left) out.set(text(), value(depth + 1));
                return out;
            }
        }
    }

    base::SeededRandom random_;
};

}  // namespace carillon::library::testing
