#include "carillon/broker.h"

#include <utility>

#include "base/limits.h"
#include "library/core.h"
#include "library/plan.h"

namespace carillon {

// ---- Builder ----

Builder::Builder() : plan_(std::make_unique<Plan>()) {}
Builder::Builder(Builder&&) noexcept = default;
Builder& Builder::operator=(Builder&&) noexcept = default;
Builder::~Builder() = default;

Builder& Builder::with(Threads threads) {
    if (threads.count > limits::lanes_max) {
        plan_->refuse("Threads: at most " + std::to_string(limits::lanes_max));
    } else {
        plan_->threads = threads.count;
    }
    return *this;
}

Builder& Builder::with(ErrorSink sink) {
    plan_->sink = std::move(sink);
    return *this;
}

Builder& Builder::add(std::unique_ptr<detail::HookFunctions> hook, const TopicFilter& on) {
    auto pattern = library::parse_filter(on.where());
    if (pattern) {
        plan_->hooks.emplace_back(std::move(hook), std::move(*pattern));
    } else {
        plan_->refuse("the topics of a hook: " + pattern.error().message);
    }
    return *this;
}

Result<Broker> Builder::start() {
    if (!plan_->wrong.empty()) return Error{ErrorKind::invalid, plan_->wrong};
    const auto lanes = std::max(plan_->threads, 1U);
    auto house = plan_->make_house
                     ? plan_->make_house(lanes)
                     : Result<std::unique_ptr<library::House>>(library::make_house(lanes));
    if (!house) return std::move(house).error();
    auto core = detail::Core::make(std::move(*house), plan_->threads, std::move(plan_->sink),
                                   std::move(plan_->hooks));
    TRY(core->start());
    core->start_hooks();
    return Broker(core);
}

// ---- Broker ----

Broker::Broker() : Broker(Builder().start().value()) {}

// What runs inside may drop this handle, the last one perhaps.
bool Broker::run_ready() {
    const auto core = core_;
    return core->run_ready();
}

void Broker::run_for(std::chrono::nanoseconds time) {
    const auto core = core_;
    core->run_until(core->now().steady_ns + time.count(), [] { return false; });
}

int Broker::fd() const { return core_->loop().fd(); }

std::optional<std::chrono::nanoseconds> Broker::next_deadline() const {
    const auto deadline = core_->loop().next_deadline_ns();
    if (deadline == base::never_ns) return std::nullopt;
    return std::chrono::nanoseconds(std::max<std::int64_t>(deadline - core_->now().steady_ns, 0));
}

bool Broker::drain(std::chrono::nanoseconds at_most) {
    const auto core = core_;
    return core->drain(core->now().steady_ns + at_most.count());
}

void Broker::stop() {
    const auto core = core_;
    core->stop();
}

Stats Broker::stats() const { return core_->stats(); }

}  // namespace carillon
