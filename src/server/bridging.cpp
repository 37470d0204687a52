#include "server/bridging.h"

#include <algorithm>
#include <set>

#include "server/demo_tokens.h"

namespace carillon::server {
namespace {

using Speakers = std::vector<const protocol::Protocol*>;

// What the protocols that speak for an app say together: a name means more if it does to one of
// them, and can be used if one of them can.
bridge::Place place_of(hub::AppRef app, const Speakers& speakers) {
    const auto any_reserves = [speakers](protocol::Reserve reserve) {
        return [speakers, reserve](std::string_view channel) {
            return std::ranges::any_of(speakers, [&](const protocol::Protocol* speaker) {
                return speaker->reserve_of(channel) == reserve;
            });
        };
    };
    return {.app = std::move(app),
            .is_reserved = any_reserves(protocol::Reserve::reserved),
            .is_hidden = any_reserves(protocol::Reserve::hidden),
            .can_name = [speakers](std::string_view channel) {
                return std::ranges::any_of(speakers, [&](const protocol::Protocol* speaker) {
                    return speaker->can_name(channel);
                });
            }};
}

}  // namespace

std::vector<BridgeConfig> demo_bridges(const Config& config) {
    const std::string bells(demo_channel);
    const std::string pusher(demo_id);
    const auto& turbine = config.turbine.app;
    const auto& notiflux = config.notiflux.app;
    using bridge::BodyRule;
    std::vector<BridgeConfig> bridges;
    const auto add = [&](const std::string& from, const std::string& to, BodyRule body) {
        if (from == to) return;  // somebody made them share an app: no bridge is needed
        bridges.push_back({.from = from,
                           .pattern = bells,
                           .to = to,
                           .body = body,
                           .event = to == pusher ? "message" : ""});
    };
    add(pusher, turbine, BodyRule::json);
    add(pusher, notiflux, BodyRule::text);
    add(turbine, pusher, BodyRule::text);
    add(turbine, notiflux, BodyRule::text);
    add(notiflux, pusher, BodyRule::same);
    add(notiflux, turbine, BodyRule::json);
    return bridges;
}

Result<std::unique_ptr<bridge::Bridges>> make_bridges(const Config& config, hub::Apps& apps,
                                                      const Protocols& protocols, base::Log& log) {
    const bool demo = is_demo(config) && config.bridges.empty();
    const auto rules = demo ? demo_bridges(config) : config.bridges;
    std::set<std::string> named;
    for (const auto& rule : rules) named.insert({rule.from, rule.to});
    std::vector<bridge::Place> places;
    for (const auto& id : named) {
        hub::AppRef app;
        apps.find_by_id(id, [&](const Result<hub::AppRef>& found) {
            if (found.has_value()) app = *found;
        });
        const bool listed = app != nullptr;
        Speakers speakers;
        for (const auto& [spoken, by] : protocols.apps) {
            if (spoken == nullptr ? !listed : spoken->id != id) continue;
            speakers.push_back(by);
            if (app == nullptr) app = spoken;
        }
        if (app != nullptr) places.push_back(place_of(std::move(app), speakers));
    }
    return bridge::Bridges::make(rules, places, log);
}

}  // namespace carillon::server
