// base/assert.h: a broken invariant of our own stops the process here, near its cause, in every
// build. What the world does wrong (a bad frame, a full disk) is a Result, never an ASSERT.
#pragma once

namespace carillon::base {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): the condition's text and place are the point.
#define ASSERT(condition)                              \
    (__builtin_expect(static_cast<bool>(condition), 1) \
         ? static_cast<void>(0)                        \
         : ::carillon::base::assertion_failed(#condition, __FILE__, __LINE__))
