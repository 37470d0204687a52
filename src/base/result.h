// base/result.h: the Result and the Error that the library shows its users (carillon/result.h), and two
// macros for "give me the value or hand the Error up".
#pragma once

#include <carillon/result.h>

namespace carillon::base {
using carillon::Error;
using carillon::ErrorKind;
using carillon::Result;
}  // namespace carillon::base

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
