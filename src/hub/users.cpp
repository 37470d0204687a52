#include "hub/users.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::hub {

std::size_t Users::Hash::operator()(const Key& key) const {
    const auto app = reinterpret_cast<std::uintptr_t>(key.app) * 0xff51afd7ed558ccdULL;
    return std::hash<std::string>{}(key.user) ^ (app >> 17);
}

void Users::sign_in(const AppState& app, std::string_view name, SessionId session,
                    const Decided& online) {
    const Key key{&app, std::string(name)};
    auto& stripe = stripe_of(key);
    const std::lock_guard lock(stripe.mutex);
    auto& user = stripe.users[key];
    auto& mine = claim(user, session);
    ASSERT(!mine.signed_in);
    mine.signed_in = true;
    if (++user.signed_in == 1) online();
}

void Users::sign_out(const AppState& app, std::string_view name, SessionId session,
                     const Decided& offline) {
    const Key key{&app, std::string(name)};
    auto& stripe = stripe_of(key);
    const std::lock_guard lock(stripe.mutex);
    auto& user = stripe.users[key];
    auto& mine = claim(user, session);
    ASSERT(mine.signed_in);
    mine.signed_in = false;
    if (--user.signed_in == 0) offline();
    tidy(stripe, key, user, mine);
}

void Users::enter(const AppState& app, std::string_view name, SessionId session) {
    const Key key{&app, std::string(name)};
    auto& stripe = stripe_of(key);
    const std::lock_guard lock(stripe.mutex);
    ++claim(stripe.users[key], session).present_in;
}

void Users::leave(const AppState& app, std::string_view name, SessionId session) {
    const Key key{&app, std::string(name)};
    auto& stripe = stripe_of(key);
    const std::lock_guard lock(stripe.mutex);
    auto& user = stripe.users[key];
    auto& mine = claim(user, session);
    ASSERT(mine.present_in != 0);
    --mine.present_in;
    tidy(stripe, key, user, mine);
}

bool Users::online(const AppState& app, std::string_view name) const {
    const Key key{&app, std::string(name)};
    const auto& stripe = stripe_of(key);
    const std::lock_guard lock(stripe.mutex);
    const auto at = stripe.users.find(key);
    return at != stripe.users.end() && at->second.signed_in != 0;
}

std::vector<UserSession> Users::sessions_of(const AppState& app, std::string_view name) const {
    const Key key{&app, std::string(name)};
    const auto& stripe = stripe_of(key);
    const std::lock_guard lock(stripe.mutex);
    const auto at = stripe.users.find(key);
    if (at == stripe.users.end()) return {};
    return {at->second.sessions.begin(), at->second.sessions.end()};
}

UserSession& Users::claim(User& user, SessionId session) {
    const auto at = std::ranges::find(user.sessions, session, &UserSession::session);
    if (at != user.sessions.end()) return *at;
    return user.sessions.emplace_back(UserSession{session});
}

void Users::tidy(Stripe& stripe, const Key& key, User& user, UserSession& claim) {
    if (claim.signed_in || claim.present_in != 0) return;
    claim = user.sessions.back();
    user.sessions.pop_back();
    if (user.sessions.empty()) stripe.users.erase(key);
}

}  // namespace carillon::hub
