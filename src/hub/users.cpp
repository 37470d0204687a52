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
    auto& mine = user.claim(session);
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
    auto& mine = user.claim(session);
    ASSERT(mine.signed_in);
    mine.signed_in = false;
    if (--user.signed_in == 0) offline();
    tidy(stripe, key, user, mine);
}

void Users::enter(const AppState& app, std::string_view name, SessionId session) {
    const Key key{&app, std::string(name)};
    auto& stripe = stripe_of(key);
    const std::lock_guard lock(stripe.mutex);
    ++stripe.users[key].claim(session).present_in;
}

void Users::leave(const AppState& app, std::string_view name, SessionId session) {
    const Key key{&app, std::string(name)};
    auto& stripe = stripe_of(key);
    const std::lock_guard lock(stripe.mutex);
    auto& user = stripe.users[key];
    auto& mine = user.claim(session);
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

UserSession& Users::User::claim(SessionId session) {
    if (index != nullptr) {
        const auto at = index->find(session.value);
        if (at != index->end()) return sessions[at->second];
    } else {
        const auto at = std::ranges::find(sessions, session, &UserSession::session);
        if (at != sessions.end()) return *at;
    }
    auto& made = sessions.emplace_back(UserSession{session});
    if (index != nullptr) {
        index->emplace(session.value, static_cast<std::uint32_t>(sessions.size() - 1));
    } else if (sessions.size() > index_above) {
        index = std::make_unique<Index>();
        for (std::uint32_t i = 0; i < sessions.size(); ++i) {
            index->emplace(sessions[i].session.value, i);
        }
    }
    return made;
}

// The last one takes its place.
void Users::User::remove(const UserSession& gone) {
    const auto place = static_cast<std::uint32_t>(&gone - sessions.data());
    if (index != nullptr) {
        index->erase(gone.session.value);
        if (place + 1 != sessions.size()) (*index)[sessions.back().session.value] = place;
    }
    sessions[place] = sessions.back();
    sessions.pop_back();
}

void Users::tidy(Stripe& stripe, const Key& key, User& user, const UserSession& claim) {
    if (claim.signed_in || claim.present_in != 0) return;
    user.remove(claim);
    if (user.sessions.empty()) stripe.users.erase(key);
}

}  // namespace carillon::hub
