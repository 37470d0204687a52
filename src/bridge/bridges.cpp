#include "bridge/bridges.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "bridge/body.h"

namespace carillon::bridge {
namespace {

Error wrong(std::string why) { return {ErrorKind::invalid, std::move(why)}; }

// `otherwise`: what a place that cannot be asked says.
bool ask(const Place::Question& question, std::string_view channel, bool otherwise) {
    return question ? question(channel) : otherwise;
}

bool is_hidden(const Place& place, std::string_view channel) {
    return ask(place.is_hidden, channel, false);
}

bool is_reserved(const Place& place, std::string_view channel) {
    return ask(place.is_reserved, channel, false);
}

// Whether a client of this app could use the name.
bool is_usable(const Place& place, std::string_view channel) {
    const auto bytes_max = std::min<std::size_t>(place.app->limits.channel_name_bytes_max,
                                                 limits::channel_name_bytes_max);
    return !channel.empty() && channel.size() <= bytes_max && !is_hidden(place, channel) &&
           ask(place.can_name, channel, true);
}

Result<void> check_usable(const Place& place, const std::string& channel) {
    if (is_usable(place, channel)) return {};
    return wrong("no client of app " + place.app->id + " can use the name " + channel);
}

}  // namespace

std::string_view name_of(Ending fate) {
    static constexpr std::array<std::string_view, endings> names = {
        "crossed", "name", "body", "too_large", "looped", "too_far", "overloaded"};
    return names[static_cast<std::size_t>(fate)];
}

// ---- at start ----

Result<void> check(const Rule& rule) {
    const auto pattern = Pattern::parse(rule.pattern);
    if (!pattern) return wrong("its pattern needs a name with at most one *");
    const auto rename = rule.rename.empty() ? pattern : Pattern::parse(rule.rename);
    if (!rename) return wrong("its new name may hold one * at most");
    if (rename->has_star() && !pattern->has_star()) {
        return wrong("its new name has a *, its pattern has none");
    }
    if (rule.from == rule.to && rename->text() == pattern->text()) {
        return wrong("it leads to where it begins");
    }
    return {};
}

Result<std::unique_ptr<Bridges>> Bridges::make(std::span<const Rule> rules,
                                               std::span<const Place> places, base::Log& log) {
    if (rules.size() > limits::bridges_max) {
        return Error{ErrorKind::too_large,
                     "more than " + std::to_string(limits::bridges_max) + " bridges"};
    }
    std::unique_ptr<Bridges> made(new Bridges(places, log));
    for (const auto& rule : rules) {
        if (const auto added = made->add(rule); !added.has_value()) {
            return wrong("bridge " + text_of(rule) + ": " + added.error().message);
        }
    }
    return made;
}

Result<void> Bridges::add(const Rule& rule) {
    TRY(check(rule));
    TRY_AS(const auto* from, find_place(rule.from));
    TRY_AS(const auto* to, find_place(rule.to));
    if (rule.event.size() > to->app->limits.event_name_bytes_max) {
        return wrong("its event is longer than app " + rule.to + " allows");
    }
    const auto pattern = *Pattern::parse(rule.pattern);
    const auto rename = rule.rename.empty() ? pattern : *Pattern::parse(rule.rename);
    if (!pattern.has_star()) {
        TRY(check_usable(*from, pattern.text()));
    }
    if (!rename.has_star()) {
        TRY(check_usable(*to, rename.text()));
    }

    const auto index = bridges_.size();
    auto& begins = from_[rule.from];
    begins.place = from;
    auto& group = pattern.has_star() ? begins.patterns : begins.by_name[pattern.text()];
    group.push_back(index);
    bridges_.emplace_back(new Bridge{text_of(rule), pattern, rename, rule.body, rule.event, to,
                                     is_reserved(*to, rename.fill({}))});
    return {};
}

Result<const Place*> Bridges::find_place(std::string_view app) const {
    const auto found =
        std::ranges::find_if(places_, [&](const Place& place) { return place.app->id == app; });
    if (found == places_.end()) return wrong("there is no app " + std::string(app));
    return &*found;
}

// ---- for each publication ----

void Bridges::cross(const hub::App& from, std::string_view channel,
                    const hub::PublicationRef& publication, std::vector<Crossing>& out) const {
    const auto app = from_.find(from.id);
    if (app == from_.end()) return;
    const auto& [place, by_name, patterns] = app->second;
    if (const auto named = by_name.find(channel); named != by_name.end()) {
        for (const auto index : named->second) cross_one(index, channel, publication, out);
    }
    std::optional<bool> carried;  // asked only once a pattern fits
    for (const auto index : patterns) {
        if (!bridges_[index]->pattern.match(channel)) continue;
        if (!carried) carried = !is_hidden(*place, channel) && !is_reserved(*place, channel);
        if (!*carried) return;
        cross_one(index, channel, publication, out);
    }
}

// The channel fits the bridge's pattern.
void Bridges::cross_one(std::size_t index, std::string_view channel,
                        const hub::PublicationRef& publication, std::vector<Crossing>& out) const {
    const auto& bridge = *bridges_[index];
    const auto& limits = bridge.to->app->limits;
    auto name = bridge.rename.fill(*bridge.pattern.match(channel));
    if (!is_usable(*bridge.to, name)) return refuse(bridge, Ending::name);
    if (!bridge.to_reserved && is_reserved(*bridge.to, name)) return refuse(bridge, Ending::name);
    auto carried = convert(publication, bridge.body, bridge.event);
    if (carried == nullptr) return refuse(bridge, Ending::body);
    if (carried->body().size() > limits.event_payload_bytes_max ||
        carried->event().size() > limits.event_name_bytes_max) {
        return refuse(bridge, Ending::too_large);
    }
    out.push_back({index, bridge.to->app, std::move(name), std::move(carried)});
}

// The channel's name is a client's, perhaps a secret: the log names the bridge only.
void Bridges::refuse(const Bridge& bridge, Ending why) const {
    if (count(bridge, why) != 0) return;
    log_.warning("bridge_refused", {{"bridge", bridge.text}, {"reason", name_of(why)}});
}

void Bridges::told(std::size_t bridge, End end) const {
    switch (end) {
        case End::crossed:
            count(*bridges_[bridge], Ending::crossed);
            break;
        case End::too_far:
            count(*bridges_[bridge], Ending::too_far);
            break;
        case End::looped:
            count(*bridges_[bridge], Ending::looped);
            break;
        case End::overloaded:
            count(*bridges_[bridge], Ending::overloaded);
            break;
    }
}

std::uint64_t Bridges::count(const Bridge& bridge, Ending fate) {
    return bridge.counts[static_cast<std::size_t>(fate)].fetch_add(1, std::memory_order_relaxed);
}

void Bridges::each(const Visit& visit) const {
    for (const auto& bridge : bridges_) {
        for (std::size_t fate = 0; fate < endings; ++fate) {
            visit(bridge->text, static_cast<Ending>(fate),
                  bridge->counts[fate].load(std::memory_order_relaxed));
        }
    }
}

}  // namespace carillon::bridge
