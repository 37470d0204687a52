// hub/group.h: a queue group: of each publication of its channel (or pattern) one member hears. Its
// members take turns; whoever cannot take his passes it on.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hub/gate.h"
#include "hub/session_id.h"

namespace carillon::hub {

struct AppState;
struct Subscription;

// Guarded by its channel's lock (of a pattern: the index's; there only who changes the members is
// alone, which is why a turn is an atomic). Counted: an offer on its way may outlive the channel.
class Group : public boost::intrusive_ref_counter<Group> {
 public:
    struct Member {
        SessionId session;
        GateRef gate;               // null: he makes nobody wait
        const Subscription* place;  // which of the session's it is
    };

    Group(AppState& app_state, std::string_view channel, std::string_view name)
        : app_state_(app_state), channel_(channel), name_(name) {}

    const std::string& name() const { return name_; }
    AppState& app_state() const { return app_state_; }
    const std::string& channel() const { return channel_; }  // its name; of a pattern its key

    std::size_t size() const { return members_.size(); }
    void join(Member member) {
        if (member.gate != nullptr) member.gate->tell(bell_);
        members_.push_back(std::move(member));
        bell_->ring();  // he has room
    }
    const BellRef& bell() const { return bell_; }
    void leave(const Subscription& place) {
        std::erase_if(members_, [&](const Member& m) { return m.place == &place; });
    }
    bool has(SessionId session) const {
        return std::any_of(members_.begin(), members_.end(),
                           [&](const Member& one) { return one.session == session; });
    }
    // Whose turn it is. There are members.
    const Member& next() { return members_[turn()]; }
    // Who takes what this member cannot; null: nobody else is here. What a member has no room for
    // goes round from neighbour to neighbour, so that each is asked once; what waited for one who
    // leaves is shared out by turns. Nothing is asked of the turn twice: others move it meanwhile.
    const Member* instead_of(SessionId member, bool by_turns) {
        const auto here = [&](const Member& one) { return one.session == member; };
        const auto at = std::find_if(members_.begin(), members_.end(), here);
        if (at == members_.end()) return &next();
        if (members_.size() == 1) return nullptr;
        const auto place = static_cast<std::size_t>(at - members_.begin());
        if (!by_turns) return &members_[(place + 1) % members_.size()];
        const auto next = turn();
        return &members_[next == place ? (next + 1) % members_.size() : next];
    }
    // Whose turn it is among those who have room and have it taken from them; null: nobody has.
    const Member* next_with_room() {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            const auto& one = next();
            if (one.gate == nullptr || one.gate->try_take()) return &one;
        }
        return nullptr;
    }

 private:
    std::size_t turn() { return next_.fetch_add(1, std::memory_order_relaxed) % members_.size(); }

    AppState& app_state_;
    const std::string channel_;
    const std::string name_;
    const BellRef bell_{new Bell};  // rings when a member who was full has room
    std::vector<Member> members_;
    std::atomic<std::uint32_t> next_{0};
};

using GroupRef = boost::intrusive_ptr<Group>;

}  // namespace carillon::hub
