// carillon/result.h: the one way an error of the world travels: as a value, in the type. The library
// throws nothing; what a handler of yours throws ends in the broker's error sink.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace carillon {

// What kind of wrong, for code that must decide.
enum class ErrorKind : unsigned char {
    invalid,       // malformed or out of range: the sender's fault
    too_large,     // over a stated limit
    unauthorized,  // who are you
    forbidden,     // not you, or a hook said no
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
    std::string message;  // for people; never holds a secret
    // The number the other side sees, where a protocol has one: an HTTP status, a WebSocket close
    // code. 0: none.
    int code = 0;
};

// A T or the Error that stands in its place. Asking for the value of an Error is a bug of whoever
// asks: it ends the program and says why.
template <class T>
class [[nodiscard]] Result {
 public:
    using value_type = T;

    // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return Error{...};`
    template <class U = T>
        requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Error> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Result>)
    Result(U&& value) : held_(std::in_place_index<0>, std::forward<U>(value)) {}
    Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}
    // NOLINTEND(google-explicit-constructor)

    bool has_value() const { return held_.index() == 0; }
    bool has_error() const { return !has_value(); }
    explicit operator bool() const { return has_value(); }

    T& value() & { return check(), *std::get_if<0>(&held_); }
    const T& value() const& { return check(), *std::get_if<0>(&held_); }
    T&& value() && { return check(), std::move(*std::get_if<0>(&held_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    template <class U>
    T value_or(U&& other) const& {
        return has_value() ? value() : static_cast<T>(std::forward<U>(other));
    }

    Error& error() & { return *std::get_if<1>(&held_); }
    const Error& error() const& { return *std::get_if<1>(&held_); }
    Error&& error() && { return std::move(*std::get_if<1>(&held_)); }

 private:
    void check() const {
        if (has_value()) return;
        std::fprintf(stderr, "carillon: value() of an error: %s\n", error().message.c_str());
        std::abort();
    }

    std::variant<T, Error> held_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
    using value_type = void;

    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Error error) : held_(std::move(error)) {}

    bool has_value() const { return held_.index() == 0; }
    bool has_error() const { return !has_value(); }
    explicit operator bool() const { return has_value(); }
    void value() const {
        if (has_value()) return;
        std::fprintf(stderr, "carillon: value() of an error: %s\n", error().message.c_str());
        std::abort();
    }

    Error& error() & { return *std::get_if<1>(&held_); }
    const Error& error() const& { return *std::get_if<1>(&held_); }
    Error&& error() && { return std::move(*std::get_if<1>(&held_)); }

 private:
    std::variant<std::monostate, Error> held_;
};

}  // namespace carillon
