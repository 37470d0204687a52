#include "library/house.h"

#include "base/limits.h"
#include "base/random.h"

namespace carillon::library {
namespace {

class OwnHouse final : public House {
 public:
    explicit OwnHouse(unsigned lanes)
        : hub_({.lanes = lanes, .lane_limits = {}, .random = [](unsigned) {
                    return std::make_unique<base::SystemRandom>();
                }}) {
        hub::App app;
        app.id = "library";
        app.limits.channel_name_bytes_max = limits::channel_name_bytes_max;
        app_ = std::make_shared<const hub::App>(std::move(app));
        hub_.know(app_);
    }
    hub::Hub& hub() override { return hub_; }
    hub::Lane& lane(unsigned index) override { return hub_.lane(index); }
    const hub::AppRef& app() const override { return app_; }

 private:
    hub::AppRef app_;
    hub::Hub hub_;
};

}  // namespace

std::unique_ptr<House> make_house(unsigned lanes) { return std::make_unique<OwnHouse>(lanes); }

}  // namespace carillon::library
