// test/crash/life.h: what a process does with the journal before it is killed: one thread publishes, one
// works, and what they did is written into a pipe, a line each:
//
//   O channel epoch last     the channel was opened
//   A channel offset who     appended
//   S channel offset who     told that it is stored
//   H offset deliveries who  the handler has it
//   K offset                 acknowledged, behind the handler's effect
//   B                        some are lost to the subscription, for they were trimmed
//   L count                  so many
//   Q                        nothing more is appended, and all of it is stored: killed in peace
//   C                        all done, closed well
//   E what                   it went wrong
#pragma once

#include <cstdint>
#include <string>

#include "place.h"

namespace carillon::crash {

struct Life {
    std::uint64_t number = 0;  // who: of all lives of this journal
    std::uint64_t seed = 0;
    std::uint64_t messages = 40;  // to publish
    std::uint64_t last_step = 0;  // before which it is killed; 0: it is not
    bool killed_in_peace = false;
};

// In a process of its own. Does not return.
[[noreturn]] void live(const Settings& settings, const Life& life, int pipe);

}  // namespace carillon::crash
