// hub/session_id.h: a session's name across loops and nodes: random, its low 8 bits the lane it lives
// on. 0: nobody.
#pragma once

#include <cstdint>

namespace carillon::hub {

struct SessionId {
    std::uint64_t value = 0;
    unsigned lane() const { return static_cast<unsigned>(value & 0xff); }
    explicit operator bool() const { return value != 0; }
    friend bool operator==(SessionId, SessionId) = default;
};

}  // namespace carillon::hub
