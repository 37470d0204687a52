#include "library/house.h"

#include <utility>

#include "base/limits.h"
#include "base/random.h"

namespace carillon::library {
namespace {

class OwnHouse final : public House {
 public:
    OwnHouse(unsigned lanes, std::unique_ptr<storage::Journal> journal)
        : journal_(std::move(journal)),
          hub_({.lanes = lanes,
                .sessions_max = 0,
                .lane_limits = {},
                .random = [](unsigned) { return std::make_unique<base::SystemRandom>(); }},
               {.history = journal_.get(), .cursors = journal_.get(), .host_events = nullptr}) {
        hub::App app;
        app.id = "library";
        app.limits.channel_name_bytes_max = limits::channel_name_bytes_max;
        app_ = std::make_shared<const hub::App>(std::move(app));
        hub_.know(app_);
    }
    hub::Hub& hub() override { return hub_; }
    hub::History* history() override { return journal_.get(); }
    storage::Journal* journal() override { return journal_.get(); }
    bool is_swept_by_broker() const override { return journal_ != nullptr; }
    hub::Lane& lane(unsigned index) override { return hub_.lane(index); }
    const hub::AppRef& app() const override { return app_; }

 private:
    hub::AppRef app_;
    std::unique_ptr<storage::Journal> journal_;  // outlives the hub
    hub::Hub hub_;
};

Result<std::unique_ptr<storage::Journal>> open(JournalPlan plan) {
    static const base::SystemClock clock;
    auto opened = storage::Journal::open(plan.make_store(), std::move(plan.options), clock);
    if (opened) return opened;
    auto error = std::move(opened).error();
    error.message = plan.what + ": " + error.message;
    return error;
}

}  // namespace

Result<std::unique_ptr<House>> make_house(unsigned lanes, std::optional<JournalPlan> plan) {
    std::unique_ptr<storage::Journal> journal;
    if (plan) {
        TRY_AS(journal, open(std::move(*plan)));
    }
    return std::unique_ptr<House>(std::make_unique<OwnHouse>(lanes, std::move(journal)));
}

}  // namespace carillon::library
