// library/testing_fuzz.h: for the fuzz targets: what must hold of any body in any type.
#pragma once

#include <deque>

#include "base/assert.h"
#include "library/testing_messages.h"

namespace carillon::library::testing {

// The bytes are compared: a NaN equals nothing, and an unordered_map keeps no order (below).
template <Message T>
void try_type(std::string_view body, Encoding encoding) {
    const auto first = decode<T>(body, encoding);
    if (!first) {
        ASSERT(!first.error().message.empty());
        ASSERT(first.error().message.size() < 16384);
        return;
    }
    const auto packed = encode(*first, Encoding::msgpack);
    ASSERT(packed);
    const auto second = decode<T>(*packed, Encoding::msgpack);
    ASSERT(second);
    ASSERT(encode(*second, Encoding::msgpack).value() == *packed);
    ASSERT(check(*second));
    const auto json = encode(*first, Encoding::json);
    if (!json) {  // MessagePack alone can say it
        ASSERT(encoding == Encoding::msgpack);
        ASSERT(json.error().message.ends_with("JSON has no infinity and no NaN"));
        return;
    }
    const auto third = decode<T>(*json, Encoding::json);
    ASSERT(third);
    ASSERT(encode(*third, Encoding::msgpack).value() == *packed);
    if constexpr (std::equality_comparable<T>) ASSERT(*third == *first);
    ASSERT(detail::type_of<T>().weight(&*first) >= sizeof(T));
}

struct Sensor {
    std::string name;
    Level level = Level::low;
    std::map<std::string, std::vector<Reading>> readings;
    std::optional<Shape> shape;
    std::vector<std::optional<std::int16_t>> holes;
    std::deque<Sensor> parts;
    Bytes bytes;
    Value value;
    std::array<float, 2> pair{};
    bool operator==(const Sensor&) const = default;
};
CARILLON_DESCRIBE(Sensor, name, level, readings, shape, holes, parts, bytes, value, pair)

inline void try_all(std::string_view body, Encoding encoding) {
    try_type<Value>(body, encoding);
    try_type<Sensor>(body, encoding);
    try_type<Reading>(body, encoding);
    try_type<Nowhere>(body, encoding);
    try_type<std::vector<Shape>>(body, encoding);
    try_type<std::vector<bool>>(body, encoding);
    try_type<std::vector<float>>(body, encoding);
    try_type<std::vector<std::int8_t>>(body, encoding);
    try_type<std::vector<std::uint64_t>>(body, encoding);
    try_type<std::map<std::string, std::optional<std::int64_t>>>(body, encoding);
    try_type<std::string>(body, encoding);
    try_type<Bytes>(body, encoding);
    try_type<double>(body, encoding);
    // No order: the bytes differ, the members do not.
    const auto decoded = decode<Everything>(body, encoding);
    if (!decoded) return;
    const auto packed = encode(*decoded, Encoding::msgpack).value();
    ASSERT(decode<Everything>(packed, Encoding::msgpack));
}

}  // namespace carillon::library::testing
