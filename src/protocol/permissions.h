// protocol/permissions.h: which channels a session may join, as its credentials say. A value that a
// protocol's auth builds and its session asks. What an empty list means (everything, nothing) is
// the protocol's to decide, never a default here.
//
// In an app that several protocols share, a name may mean more to one of them than to the others: a
// reserved name is opened by an explicit entry or by the protocol that reserves it, never by "all";
// a hidden one is opened by nobody else, and nobody else publishes to it.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carillon::protocol {

enum class Reserve : unsigned char { open, reserved, hidden };

// What the other protocols of an app say of a name. Any thread; empty: there are no others.
using ReserveOf = std::function<Reserve(std::string_view channel)>;

inline Reserve reserve_of(const ReserveOf& others, std::string_view channel) {
    return others ? others(channel) : Reserve::open;
}

class Permissions {
 public:
    Permissions() = default;  // none
    // Every name that is not reserved.
    static Permissions all() {
        Permissions made;
        made.all_ = true;
        return made;
    }
    // Exactly these names.
    static Permissions only(std::vector<std::string> names) {
        Permissions made;
        made.names_ = std::move(names);
        std::ranges::sort(made.names_);
        return made;
    }

    bool allows(std::string_view channel, Reserve reserve) const {
        switch (reserve) {
            case Reserve::open:
                return all_ || names(channel);
            case Reserve::reserved:
                return names(channel);
            case Reserve::hidden:
                break;
        }
        return false;
    }

 private:
    bool names(std::string_view channel) const {
        return std::ranges::binary_search(names_, channel, std::less<>());
    }

    std::vector<std::string> names_;  // sorted
    bool all_ = false;
};

}  // namespace carillon::protocol
