#include "protocol/pusher/announcer.h"

#include <utility>

#include "base/buffer.h"
#include "json/write.h"

namespace carillon::pusher {
namespace {

constexpr std::uint32_t small_max = 100;  // subscribers
constexpr std::int64_t small_interval_ns = 250 * base::ns_per_ms;
constexpr std::int64_t large_interval_ns = 5 * base::ns_per_s;
constexpr std::size_t resync_stripes = 8;  // at a time: all of them within 32 seconds
constexpr std::int64_t resync_interval_ns = 250 * base::ns_per_ms;

void append_event(std::string_view name, const std::vector<std::string_view>& users,
                  base::Buffer& out) {
    out.append(R"({"name":)");
    json::append_quoted(name, out);
    out.append(R"(,"user_ids":[)");
    std::string_view comma;
    for (const auto user : users) {
        out.append(comma);
        json::append_quoted(user, out);
        comma = ",";
    }
    out.append("]}");
}

bool is_counted(std::string_view channel) {
    const auto kind = kind_of(channel);
    return !kind.presence && !kind.user && !is_own_channel(channel);
}

}  // namespace

std::string watchlist_events(const std::vector<std::string_view>& online,
                             const std::vector<std::string_view>& offline) {
    base::Buffer out;
    out.append(R"({"events":[)");
    if (!online.empty()) append_event("online", online, out);
    if (!online.empty() && !offline.empty()) out.append(',');
    if (!offline.empty()) append_event("offline", offline, out);
    out.append("]}");
    return std::string(out.view());
}

bool Announcer::wants(hub::HostEvent::Kind kind, const hub::App& app) const {
    using Kind = hub::HostEvent::Kind;
    if (kind == Kind::count_changed) return app.subscription_counts;
    return (kind == Kind::user_online || kind == Kind::user_offline) && app.watchlists;
}

void Announcer::on_event(const hub::HostNews& news, Now now) {
    using Kind = hub::HostEvent::Kind;
    if (news.kind == Kind::count_changed) {
        if (is_counted(news.channel)) changed_.insert({news.app, news.channel});
    } else {
        const bool online = news.kind == Kind::user_online;
        if (!tell_presence(news.app, news.member, online, now)) lose();
    }
}

void Announcer::drained(Now now) {
    tell_live_state(now);
    for (const auto& channel : std::exchange(changed_, {})) {
        const auto told = told_.find(channel);
        if (told != told_.end()) {
            told->second = true;
        } else {
            tell_count(channel, now);
        }
    }
    tell_due(small_, now);
    tell_due(large_, now);
}

void Announcer::tell_due(Waiting& waiting, Now now) {
    while (!waiting.empty() && waiting.front().until_ns <= now.steady_ns) {
        const auto due = told_.extract(*waiting.front().channel);
        waiting.pop_front();
        if (due.mapped()) tell_count(due.key(), now);
    }
}

bool Announcer::tell_presence(const hub::AppRef& app, std::string_view user, bool online, Now now) {
    const auto channel = watch_channel(user);
    if (!hub_.describe(app, channel)) return true;  // nobody watches
    const std::vector<std::string_view> users{user};
    return publish(app, channel, "pusher_internal:watchlist_events",
                   online ? watchlist_events(users, {}) : watchlist_events({}, users), now);
}

void Announcer::tell_count(const Channel& channel, Now now) {
    const auto known = hub_.describe(channel.app, channel.name);
    if (!known || known->subscribers == 0) return;
    const auto body = R"({"subscription_count":)" + std::to_string(known->subscribers) + "}";
    if (!publish(channel.app, channel.name, "pusher_internal:subscription_count", body, now)) {
        return lose();
    }
    const bool small = known->subscribers <= small_max;
    const auto& kept = *told_.emplace(channel, false).first;
    (small ? small_ : large_)
        .push_back({&kept.first, now.steady_ns + (small ? small_interval_ns : large_interval_ns)});
}

// Names are copied under the table's lock, and told when it is free again.
void Announcer::tell_live_state(Now now) {
    if (resync_at_ == hub::ChannelTable::stripe_count || now.steady_ns < resync_ns_) return;
    resync_ns_ = now.steady_ns + resync_interval_ns;
    std::vector<Channel> watched;
    hub_.each_channel(resync_at_, resync_stripes,
                      [&](const hub::AppRef& app, std::string_view name, auto&) {
                          if (app->watchlists && is_own_channel(name)) {
                              watched.push_back({app, std::string(name)});
                          } else if (app->subscription_counts && is_counted(name)) {
                              changed_.insert({app, std::string(name)});
                          }
                      });
    for (const auto& [app, name] : watched) {
        const auto user = user_of_watch_channel(name);
        // No room: the same part again, when it is due.
        if (!tell_presence(app, user, hub_.online(app, user), now)) return;
    }
    resync_at_ += resync_stripes;
    if (resync_at_ == hub::ChannelTable::stripe_count && std::exchange(lost_again_, false)) {
        resync_at_ = 0;
    }
}

// Something was not told: all is to be told from the live state. If that is under way, once more.
void Announcer::lose() {
    if (resync_at_ == hub::ChannelTable::stripe_count) {
        resync_at_ = 0;
    } else {
        lost_again_ = true;
    }
}

// Nothing of it is kept. False: there was no room for it. What a hook vetoes is not told, and would
// be no sooner if it were said again.
bool Announcer::publish(const hub::AppRef& app, std::string_view channel, std::string_view event,
                        std::string_view body, Now now) {
    const auto publication = hub::Publication::make(
        {.kind = hub::Kind::announcement, .event = event, .body = body, .passing = true});
    return hub_.publish(app, {&channel, 1}, publication, now).outcome != hub::Outcome::overloaded;
}

}  // namespace carillon::pusher
