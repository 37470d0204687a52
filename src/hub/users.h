// hub/users.h: which sessions are somebody's: signed in as a user (Hub::identify), or present in a
// channel as a member of that id. It serves what is said or done to a user wherever he is. In 64
// stripes with a mutex each, never held together with a channel's.
#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/publication.h"

namespace carillon::hub {

struct AppState;

// One session's claims to be one user.
struct UserSession {
    SessionId session;
    std::uint32_t present_in = 0;  // channels
    bool signed_in = false;
};

class Users {
 public:
    // Called under the stripe's lock, so that decisions are heard in their order.
    using Decided = std::function<void()>;

    // The session is this user from now on; it was not before. `online` is called if it is the
    // user's first.
    void sign_in(const AppState& app, std::string_view user, SessionId session,
                 const Decided& online);
    // It was; `offline` is called if it was the user's last.
    void sign_out(const AppState& app, std::string_view user, SessionId session,
                  const Decided& offline);
    // Each once for each channel that the session is present in as this member.
    void enter(const AppState& app, std::string_view user, SessionId session);
    void leave(const AppState& app, std::string_view user, SessionId session);

    bool online(const AppState& app, std::string_view user) const;
    std::vector<UserSession> sessions_of(const AppState& app, std::string_view user) const;

 private:
    struct Key {
        const AppState* app;
        std::string user;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const;
    };
    // Few have more than one; he who has many ("guest") gets an index.
    struct User {
        UserSession& claim(SessionId session);
        void remove(const UserSession& gone);

        boost::container::small_vector<UserSession, 1> sessions;
        std::uint32_t signed_in = 0;  // of these
        static constexpr std::size_t index_above = 16;
        using Index = boost::unordered_flat_map<std::uint64_t, std::uint32_t>;
        std::unique_ptr<Index> index;  // session to its place in the list
    };
    struct alignas(64) Stripe {
        mutable std::mutex mutex;
        std::unordered_map<Key, User, Hash> users;
    };
    // Away with a claim that claims nothing any more, and with the user who has none.
    static void tidy(Stripe& stripe, const Key& key, User& user, const UserSession& claim);
    Stripe& stripe_of(const Key& key) { return stripes_[Hash{}(key) % stripes_.size()]; }
    const Stripe& stripe_of(const Key& key) const {
        return stripes_[Hash{}(key) % stripes_.size()];
    }

    std::array<Stripe, 64> stripes_;
};

}  // namespace carillon::hub
