#include "protocol/pusher/announcer.h"

#include <utility>

#include "base/buffer.h"
#include "protocol/pusher/json_write.h"

namespace carillon::pusher {
namespace {

constexpr std::uint32_t small_max = 100;  // subscribers that are told at once
constexpr std::int64_t large_interval_ns = 5 * base::ns_per_s;
constexpr std::size_t resync_stripes = 32;  // at each drain: all of them within 8 seconds

void append_event(std::string_view name, const std::vector<std::string_view>& users,
                  base::Buffer& out) {
    out.append(R"({"name":)");
    append_quoted(name, out);
    out.append(R"(,"user_ids":[)");
    std::string_view comma;
    for (const auto user : users) {
        out.append(comma);
        append_quoted(user, out);
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
        tell_presence(news.app, news.member, news.kind == Kind::user_online, now);
    }
}

void Announcer::drained(Now now) {
    tell_live_state(now);
    for (const auto& channel : std::exchange(changed_, {})) {
        const auto large = large_.find(channel);
        if (large != large_.end()) {
            large->second = true;
        } else {
            tell_count(channel, now);
        }
    }
    tell_large(now);
}

void Announcer::tell_large(Now now) {
    while (!large_order_.empty() && large_order_.front().until_ns <= now.steady_ns) {
        const auto due = large_.extract(*large_order_.front().channel);
        large_order_.pop_front();
        if (due.mapped()) tell_count(due.key(), now);
    }
}

void Announcer::tell_presence(const hub::AppRef& app, std::string_view user, bool online, Now now) {
    const std::vector<std::string_view> users{user};
    publish(app, watch_channel(user), "pusher_internal:watchlist_events",
            online ? watchlist_events(users, {}) : watchlist_events({}, users), now);
}

void Announcer::tell_count(const Channel& channel, Now now) {
    const auto known = hub_.describe(channel.app, channel.name);
    if (!known || known->subscribers == 0) return;
    publish(channel.app, channel.name, "pusher_internal:subscription_count",
            R"({"subscription_count":)" + std::to_string(known->subscribers) + "}", now);
    if (known->subscribers <= small_max) return;
    const auto& kept = *large_.emplace(channel, false).first;
    large_order_.push_back({&kept.first, now.steady_ns + large_interval_ns});
}

// Names are copied under the table's lock, and told when it is free again.
void Announcer::tell_live_state(Now now) {
    if (resync_at_ == hub::ChannelTable::stripe_count) return;
    std::vector<Channel> watched;
    hub_.each_channel(resync_at_, resync_stripes,
                      [&](const hub::AppRef& app, std::string_view name, auto&) {
                          if (app->watchlists && is_own_channel(name)) {
                              watched.push_back({app, std::string(name)});
                          } else if (app->subscription_counts && is_counted(name)) {
                              changed_.insert({app, std::string(name)});
                          }
                      });
    resync_at_ += resync_stripes;
    for (const auto& [app, name] : watched) {
        const auto user = user_of_watch_channel(name);
        tell_presence(app, user, hub_.online(app, user), now);
    }
}

// Nothing of it is kept. Where there is no room now, the live state is told later.
void Announcer::publish(const hub::AppRef& app, std::string_view channel, std::string_view event,
                        std::string_view body, Now now) {
    const auto publication =
        hub::Publication::make({.event = event, .body = body, .passing = true});
    if (hub_.publish(app, {&channel, 1}, publication, now).outcome != hub::Outcome::ok) {
        resync_at_ = 0;
    }
}

}  // namespace carillon::pusher
