// carillon/detail/path.h: where in a message something is wrong, as a chain of stack frames: free
// while all is well, a JSON pointer (/readings/3/celsius) once it is not.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

#include "carillon/describe.h"
#include "carillon/result.h"

namespace carillon::detail {

struct Path {
    const Path* up = nullptr;  // nullptr: the message itself
    std::string_view name{};   // of a member; without one, an element
    std::size_t index = 0;
};

// Each says what is wrong where, and false.
CARILLON_API bool fail(Error& error, const Path* path, std::string_view reason);
CARILLON_API bool fail_missing(Error& error, const Path* path);

// `bool validate(const T&)`, false meaning no, or one that gives the reason, empty meaning fine.
void validate() = delete;  // nothing of ours is ever meant
template <class T>
concept Validated = Described<T> && requires(const T& object) { validate(object); };

template <Validated T>
bool passes(Error& error, const Path* path, const T& object) {
    using Verdict = decltype(validate(object));
    constexpr bool with_reason = std::convertible_to<Verdict, std::string_view>;
    static_assert(with_reason || std::same_as<Verdict, bool>,
                  "validate(const T&) returns bool, or a text that is empty when all is well");
    try {
        if constexpr (with_reason) {
            const Verdict verdict = validate(object);
            const std::string_view reason = verdict;
            return reason.empty() || fail(error, path, reason);
        } else {
            return validate(object) || fail(error, path, "is not valid");
        }
    } catch (const std::exception& thrown) {
        return fail(error, path, thrown.what());
    } catch (...) {
        return fail(error, path, "validate() threw");
    }
}

}  // namespace carillon::detail
