// hub/spread.h: what of one publication concerns one lane, where more than the channel's own
// audiences hear it: those of the patterns that match its name, and members of queue groups. One
// item of the inbox carries it all, so that everybody hears it at the same place of the sequence.
#pragma once

#include <boost/container/small_vector.hpp>
#include <string>
#include <string_view>

#include "hub/countdown.h"
#include "hub/group.h"
#include "hub/inbox.h"

namespace carillon::hub {

// A publication offered to one member of a group.
struct Offer {
    GroupRef group;
    SessionId member;
    // Who was asked first: it goes round until it would be his turn again; then nobody takes it.
    SessionId first;
    GateRef gate{};  // from which room was taken for it; null: he makes nobody wait
};

struct Spread final : ItemExtra {
    explicit Spread(std::string_view name) : channel(name) {}

    const std::string channel;
    CountdownRef countdown{};
    boost::container::small_vector<SlotRef, 4> slots;  // the channel's own first, if it is here
    boost::container::small_vector<Offer, 1> offers;
    std::uint32_t matched = 0;
};

// Of who wants to know how it fared; null: nobody.
inline Countdown* countdown_of(const Item& item) {
    if (item.extra == nullptr) return nullptr;
    if (item.aim != Item::Aim::spread) return static_cast<Countdown*>(item.extra.get());
    return static_cast<const Spread&>(*item.extra).countdown.get();
}

}  // namespace carillon::hub
