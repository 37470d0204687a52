// hub/durable_state.h: what a named subscription writes down, in two notes, so that a thousand dead letters
// are not written with each acknowledgement:
//
//   heard := 0x01 'H' cursor newest count *( gap length ) count *( distance deliveries )
//   dead  := 0x01 'D' count *( offset deliveries replay flags unix_ms reason_bytes reason )
//
// Numbers are varints (seven bits each, the lowest first, as few bytes as possible). Everything up to `cursor`
// is heard, and everything up to `newest` but the ranges: each begins `gap` behind the end of the one before
// (the first behind the cursor, gap 1), and what is behind the last one is heard. Then the offsets above the
// cursor of which an attempt was counted, each as its distance from the one before.
// flags: bit 0, it is being replayed, and has been delivered so many times in this replay.
//
// What is read may be anything: a state that this did not write is an Error, never a wrong answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/durable.h"

namespace carillon::hub {

struct HeardState {
    struct Range {
        std::uint64_t first;
        std::uint64_t last;
        bool operator==(const Range&) const = default;
    };
    struct Attempt {
        std::uint64_t offset;
        std::uint32_t deliveries;  // begun, at least one
        bool operator==(const Attempt&) const = default;
    };
    std::uint64_t cursor = 0;         // everything up to here is heard,
    std::uint64_t newest = 0;         // and up to here, but…
    std::vector<Range> owed{};        // …these
    std::vector<Attempt> attempts{};  // ascending
    bool operator==(const HeardState&) const = default;
};

struct DeadState {
    DeadLetter letter{};
    std::uint64_t replay = 0;  // how many times it was replayed, with this one
    bool replaying = false;    // then letter.deliveries are those of this replay
};

std::string encode(const HeardState& state);
std::string encode(const std::vector<DeadState>& letters);
// Errors: unsupported (a newer version wrote it), invalid (says what is wrong).
Result<HeardState> decode_heard(std::string_view bytes);
Result<std::vector<DeadState>> decode_dead(std::string_view bytes);

}  // namespace carillon::hub
