// protocol/refusals.h: what the protocols' tables of faults have in common. Each protocol has an
// `enum class Fault` and a row for each, in the enum's order: its name in logs and metrics, and what
// its clients see.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/count.h"
#include "hub/outcome.h"

namespace carillon::protocol {

// Whether a fault is the index of its row.
template <class Row, std::size_t rows>
constexpr bool in_order(const std::array<Row, rows>& table) {
    for (std::size_t i = 0; i < rows; ++i) {
        if (static_cast<std::size_t>(table[i].fault) != i) return false;
    }
    return true;
}

// How often each fault was said. Any thread.
template <class Fault, std::size_t faults, std::string_view (*name)(Fault)>
class Refusals {
 public:
    void add(Fault fault) { counts_[static_cast<std::size_t>(fault)].add(); }
    std::uint64_t get(Fault fault) const { return counts_[static_cast<std::size_t>(fault)].get(); }
    template <class Visitor>
    void each(Visitor&& visitor) const {
        for (std::size_t i = 0; i < faults; ++i) {
            visitor(name(static_cast<Fault>(i)), counts_[i].get());
        }
    }

 private:
    std::array<base::SharedCount, faults> counts_;
};

// Why the hub ended a session, for a Fault that has a word for each such end.
template <class Fault>
constexpr Fault fault_of(hub::CloseReason why) {
    switch (why) {
        case hub::CloseReason::slow:
            return Fault::too_slow;
        case hub::CloseReason::memory:
            return Fault::over_memory;
        case hub::CloseReason::shutdown:
            return Fault::shutdown;
        case hub::CloseReason::kicked:
            return Fault::kicked;
        case hub::CloseReason::renewed:
        case hub::CloseReason::lost:  // what it is to hear begins anew when it comes back
            return Fault::renewed;
        case hub::CloseReason::peer:
        case hub::CloseReason::protocol:
            break;
    }
    return Fault::ended;
}

}  // namespace carillon::protocol
