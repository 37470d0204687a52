// abuse/attacks.h: what the attackers do, as bytes. What the server is to answer stands in attacks.py.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "abuse/visitor.h"

namespace abuse {

// The `spoken`th thing that one connection says, the `number`th of all.
using Words = std::function<std::string(std::uint64_t spoken, std::uint64_t number)>;

struct Attack {
    Manner manner;
    // That stand, and are replaced when they fall; 0: each thing is said by a new connection, which then stays.
    std::size_t connections = 0;
    std::uint64_t unanswered_max = 64;  // of one connection that stands; 0: no matter
    Words words{};                      // none: to come is all
};

// Fails if there is none of that name.
Attack attack_named(std::string_view name, const bench::App& app);

}  // namespace abuse
