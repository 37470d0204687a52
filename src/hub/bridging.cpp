// What was published in one app goes on to others. On the publisher's thread, under no lock and
// with a reservation for each channel, so that the first publish neither waits for room elsewhere
// nor fails for the want of it.
//
// One publisher's publications keep their order on the other side. Those of two publishers may be
// seen there in another order than here: between the stamp in the first channel and the one in the
// next no lock is held.
#include <string>
#include <unordered_set>

#include "base/assert.h"
#include "hub/hub.h"
#include "hub/reservation.h"

namespace carillon::hub {
namespace {

using End = Bridges::End;

// A channel that the publication has reached, and over how many bridges.
struct Stop {
    AppRef app;
    std::string channel;
    PublicationRef publication;
    unsigned hops = 0;
};

// Where one publication has been, whatever its body became on the way, and from where it may go on.
class Journey {
 public:
    explicit Journey(std::size_t starts) : stops_max_(starts + limits::bridge_crossings_max) {}

    // False: it has been there.
    bool arrive(Stop stop) {
        if (!been_.insert(place_of(stop.app, stop.channel)).second) return false;
        stops_.push_back(std::move(stop));
        return true;
    }
    // End::crossed: it may go there.
    End ask(const Stop& from, const Bridges::Crossing& crossing) const {
        if (been_.contains(place_of(crossing.app, crossing.channel))) return End::looped;
        const bool near = from.hops < limits::bridge_hops_max && stops_.size() < stops_max_;
        return near ? End::crossed : End::too_far;
    }
    bool has(std::size_t stop) const { return stop < stops_.size(); }
    const Stop& operator[](std::size_t stop) const { return stops_[stop]; }

 private:
    // An app's id holds no control characters: the zero ends it.
    static std::string place_of(const AppRef& app, std::string_view channel) {
        std::string place = app->id;
        place += '\0';
        place += channel;
        return place;
    }

    const std::size_t stops_max_;
    std::vector<Stop> stops_;
    std::unordered_set<std::string> been_;
};

}  // namespace

// Nearest first: where two ways lead to one channel, the publication takes the shorter.
void Hub::carry_over(const AppState& state, const Wish& wish, Now now) {
    const auto& bridges = *bridges_;
    if (wish.publication->kind() != Kind::message || !bridges.lead_from(*state.app)) return;
    Journey journey(wish.channels.size());
    for (const auto name : wish.channels) {
        journey.arrive({state.app, std::string(name), wish.publication});
    }
    std::vector<Bridges::Crossing> crossings;
    for (std::size_t i = 0; journey.has(i); ++i) {
        const Stop here = journey[i];  // a copy: the list grows
        if (!bridges.lead_from(*here.app)) continue;
        crossings.clear();
        bridges.cross(*here.app, here.channel, here.publication, crossings);
        for (auto& crossing : crossings) {
            auto end = journey.ask(here, crossing);
            if (end == End::crossed) end = publish_over(crossing, now);
            bridges.told(crossing.bridge, end);
            if (end != End::crossed) continue;
            journey.arrive({std::move(crossing.app), std::move(crossing.channel),
                            std::move(crossing.publication), here.hops + 1});
        }
    }
}

Bridges::End Hub::publish_over(const Bridges::Crossing& crossing, Now now) {
    const auto& [bridge, app, channel, publication] = crossing;
    ASSERT(!channel.empty() && channel.size() <= limits::channel_name_bytes_max);
    Reservation reservation(lanes_, publication->inbox_bytes());
    if (!reservation.granted()) return End::overloaded;
    Wakes wakes;
    Errand errand{now, reservation, wakes};
    publish_in(state_of(app), channel, publication, errand);
    published_.add();
    wake(wakes);
    return End::crossed;
}

}  // namespace carillon::hub
