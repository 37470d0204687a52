// library/house.h: where a broker lives: a hub, some of its lanes, and the app whose channels are its
// topics. Its own, or a server's.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"
#include "hub/hub.h"

namespace carillon::library {

struct House {
    virtual ~House() = default;
    virtual hub::Hub& hub() = 0;
    virtual hub::Lane& lane(unsigned index) = 0;  // of the broker's own
    virtual const hub::AppRef& app() const = 0;
    // How the broker's numbers are asked for on the loop of one of its lanes. Before start().
    using RunOnLane = std::function<void(unsigned index, std::function<void()> job)>;
    virtual void set_run_on_lane(const RunOnLane&) {}
    // After the broker's loops are attached and its hooks; before anything is published. app() is
    // known then.
    virtual Result<void> start() { return {}; }
    // While the broker's loops still run: nobody else publishes from now on.
    virtual void stop() {}
};

// With nothing but a hub.
std::unique_ptr<House> make_house(unsigned lanes);

}  // namespace carillon::library
