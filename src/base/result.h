// base/result.h: the one way an error of the world travels: as a value, in the type.
// boost::system::result carries it; this class only adds [[nodiscard]] (the library's is not) and
// two macros for "give me the value or hand the Error up".
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace carillon::base {

// What kind of wrong, for code that must decide; `message` is for people and never holds a secret.
enum class ErrorKind : unsigned char {
    invalid,       // malformed or out of range: the sender's fault
    too_large,     // over a stated limit
    unauthorized,  // who are you
    forbidden,     // not you
    not_found,
    unsupported,
    overloaded,  // come back later
    timeout,
    closed,  // the other side is gone
    io,      // the system said no
    internal,
};

struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string message;
    // The number the other side sees, where a protocol has one: an HTTP status, a WebSocket close
    // code. 0: none.
    int code = 0;
};

template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
    using Base = boost::system::result<T, Error>;

 public:
    using Base::Base;
    // NOLINTNEXTLINE(google-explicit-constructor): `return Error{...}` is how a function fails.
    Result(Error error) : Base(boost::system::in_place_error, std::move(error)) {}
};

template <>
class [[nodiscard]] Result<void> : public boost::system::result<void, Error> {
    using Base = boost::system::result<void, Error>;

 public:
    using Base::Base;
    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Error error) : Base(boost::system::in_place_error, std::move(error)) {}
};

[[noreturn]] inline void throw_exception_from_error(const Error&, const boost::source_location&) {
    // value() on an error is our own bug: callers ask has_value() or use TRY.
    std::terminate();
}

}  // namespace carillon::base

namespace carillon {
using base::Error;
using base::ErrorKind;
using base::Result;
}  // namespace carillon

// TRY(expression);            go on, or return its Error
// TRY_AS(auto x, expression); name its value, or return its Error
#define CARILLON_CONCAT_INNER(a, b) a##b
#define CARILLON_CONCAT(a, b) CARILLON_CONCAT_INNER(a, b)
#define TRY_INNER(name, expression) \
    auto name = (expression);       \
    if (!(name).has_value()) return std::move(name).error()
#define TRY(expression) TRY_INNER(CARILLON_CONCAT(try_, __LINE__), expression)
#define TRY_AS_INNER(name, declaration, expression)          \
    auto name = (expression);                                \
    if (!(name).has_value()) return std::move(name).error(); \
    declaration = std::move(name).value()
#define TRY_AS(declaration, expression) \
    TRY_AS_INNER(CARILLON_CONCAT(try_, __LINE__), declaration, expression)
