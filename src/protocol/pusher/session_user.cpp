// The session's part that concerns users: who the client is, and whom it watches.
#include <utility>

#include "protocol/pusher/announcer.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/replies.h"
#include "protocol/pusher/session.h"
#include "protocol/pusher/subscription.h"

namespace carillon::pusher {
namespace {

constexpr std::size_t watchlist_max = 100;

}  // namespace

void Session::handle(const SignIn& wish, Now now) {
    const auto& app = session_->app();
    if (!app.sign_in) return refuse_message(Fault::sign_in_disabled);
    auto judged = judge(wish, app, socket_id());
    if (!judged.has_value()) return say_goodbye(Fault::sign_in_failed);
    become(std::move(judged).value(), now);
    base::Buffer reply;
    write_signin_success(wish.user_data, reply);
    out_.reply(reply.view());
    if (app.watchlists) watch(now);
}

// Who was another user before hears nothing more of what was his.
void Session::become(UserData user, Now now) {
    if (user_ != nullptr && user_->id != user.id) {
        handle(Unsubscribe{user_channel(user_->id)}, now);
    }
    (void)service_.hub.identify(*session_, user.id, now);
    user_ = std::make_unique<UserData>(std::move(user));
    authorize_by_ns_ = base::never_ns;
}

// First the channels, then the state: what changes in between is heard after it.
void Session::watch(Now now) {
    const auto list =
        std::exchange(user_->watchlist, {});  // the subscriptions are the memory of it
    std::set<std::string_view> wanted;
    if (list.size() <= watchlist_max) wanted.insert(list.begin(), list.end());
    unwatch_all_but(wanted, now);
    if (list.size() > watchlist_max) return refuse_message(Fault::watchlist_length);
    if (list.empty()) return;
    std::vector<std::string_view> online;
    std::vector<std::string_view> offline;
    for (const auto user : wanted) {
        const auto joined = service_.hub.subscribe(*session_, watch_channel(user), format_,
                                                   {.reserved = true}, now);
        if (joined.outcome != hub::Outcome::ok && joined.outcome != hub::Outcome::already) {
            return refuse_message(Fault::watchlist_failed);
        }
        (service_.hub.online(session_->app_ref(), user) ? online : offline).push_back(user);
    }
    base::Buffer reply;
    write_watchlist_events(watchlist_events(online, offline), reply);
    out_.reply(reply.view());
}

void Session::unwatch_all_but(const std::set<std::string_view>& wanted, Now now) {
    std::vector<std::string> watched;
    session_->each_channel([&](std::string_view channel) {
        if (!is_own_channel(channel) || wanted.contains(user_of_watch_channel(channel))) return;
        watched.emplace_back(channel);
    });
    for (const auto& channel : watched) {
        (void)service_.hub.unsubscribe(*session_, channel, now);
    }
}

}  // namespace carillon::pusher
