// input := kind(1) state. What may be read is written again as the same bytes; what may not has a reason.
// fuzzes: durable_state.cpp
#include <string_view>

#include "base/assert.h"
#include "base/limits.h"
#include "hub/durable_state.h"

namespace {

using namespace carillon;

void check_heard(std::string_view bytes) {
    const auto state = hub::decode_heard(bytes);
    if (!state) {
        ASSERT(!state.error().message.empty());
        return;
    }
    ASSERT(hub::encode(*state) == bytes);
    ASSERT(state->cursor <= state->newest);
    auto end = state->cursor;
    for (const auto& range : state->owed) {
        ASSERT(range.first > end && range.last >= range.first && range.last < state->newest);
        end = range.last;
    }
    for (const auto& attempt : state->attempts) {
        ASSERT(attempt.offset > state->cursor && attempt.deliveries != 0);
    }
}

void check_dead(std::string_view bytes) {
    const auto letters = hub::decode_dead(bytes);
    if (!letters) {
        ASSERT(!letters.error().message.empty());
        return;
    }
    ASSERT(hub::encode(*letters) == bytes);
    for (const auto& dead : *letters) {
        ASSERT(dead.letter.reason.size() <= limits::dead_letter_reason_bytes_max);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view state(reinterpret_cast<const char*>(data) + 1, size - 1);
    data[0] % 2 == 0 ? check_heard(state) : check_dead(state);
    return 0;
}
