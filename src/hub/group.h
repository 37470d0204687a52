// hub/group.h: a queue group: of each publication of its channel (or pattern) one member hears. Its
// members take turns; whoever cannot take his passes it on.
#pragma once

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
    void join(Member member) { members_.push_back(std::move(member)); }
    void leave(const Subscription& place) {
        std::erase_if(members_, [&](const Member& m) { return m.place == &place; });
    }
    // Whose turn it is; not `not_this`, unless he is alone. There are members.
    const Member& next(SessionId not_this = {}) {
        const auto& one = turn();
        return one.session == not_this ? turn() : one;
    }
    // Whose turn it is among those who have room and have it taken from them; null: nobody has.
    const Member* next_with_room() {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            const auto& one = turn();
            if (one.gate == nullptr || one.gate->try_take()) return &one;
        }
        return nullptr;
    }

 private:
    const Member& turn() {
        return members_[next_.fetch_add(1, std::memory_order_relaxed) % members_.size()];
    }

    AppState& app_state_;
    const std::string channel_;
    const std::string name_;
    std::vector<Member> members_;
    std::atomic<std::uint32_t> next_{0};
};

using GroupRef = boost::intrusive_ptr<Group>;

}  // namespace carillon::hub
