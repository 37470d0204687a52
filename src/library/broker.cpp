#include "carillon/broker.h"

#include <cstdio>
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

namespace {

// A journal speaks on threads of its own, and before there is a broker.
std::function<void(std::string_view, const std::string&)> tell_by(ErrorSink sink) {
    return [sink = std::move(sink)](std::string_view, const std::string& what) {
        const Error error{ErrorKind::io, "the journal: " + what};
        try {
            if (sink) return sink(error);
        } catch (...) {  // then it is printed
        }
        std::fprintf(stderr, "carillon: %s\n", error.message.c_str());
    };
}

}  // namespace

Result<Broker> Builder::start() {
    if (plan_->make_house && plan_->journal) {
        plan_->refuse(plan_->journal->what +
                      ": with Listen the journal is the server's; its configuration says where");
    }
    if (!plan_->wrong.empty()) return Error{ErrorKind::invalid, plan_->wrong};
    const auto lanes = std::max(plan_->threads, 1U);
    if (plan_->journal && !plan_->journal->options.tell) {
        plan_->journal->options.tell = tell_by(plan_->sink);
    }
    auto house = plan_->make_house ? plan_->make_house(lanes)
                                   : library::make_house(lanes, std::move(plan_->journal));
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

// ---- named subscriptions ----

namespace {

using Clock = std::chrono::system_clock;

DeadLetter shown(hub::DeadLetter letter) {
    return {letter.offset, letter.deliveries,
            Clock::time_point(std::chrono::milliseconds(letter.unix_ms)), std::move(letter.reason)};
}

Result<void> found(bool there, std::string_view topic, std::string_view name,
                   std::uint64_t offset) {
    if (there) return {};
    return Error{ErrorKind::not_found, std::string(topic) + ": " + std::string(name) +
                                           " has no dead letter " + std::to_string(offset)};
}

}  // namespace

Result<std::vector<DeadLetter>> Broker::dead_letters(std::string_view topic,
                                                     std::string_view name) {
    TRY_AS(const auto durable, core_->find_named(topic, name));
    std::vector<DeadLetter> letters;
    for (auto& letter : durable->dead_letters()) letters.push_back(shown(std::move(letter)));
    return letters;
}

Result<void> Broker::replay_dead_letter(std::string_view topic, std::string_view name,
                                        std::uint64_t offset) {
    TRY_AS(const auto durable, core_->find_named(topic, name));
    return found(durable->replay_dead(offset, core_->now()), topic, name, offset);
}

Result<void> Broker::drop_dead_letter(std::string_view topic, std::string_view name,
                                      std::uint64_t offset) {
    TRY_AS(const auto durable, core_->find_named(topic, name));
    return found(durable->drop_dead(offset), topic, name, offset);
}

Result<NamedStats> Broker::named(std::string_view topic, std::string_view name) {
    TRY_AS(const auto durable, core_->find_named(topic, name));
    const auto n = durable->numbers();
    return NamedStats{.cursor = n.cursor,
                      .in_hand = n.in_hand,
                      .waiting = n.waiting,
                      .delivered = n.delivered,
                      .redelivered = n.redelivered,
                      .acknowledged = n.acked,
                      .rejected = n.nacked,
                      .timed_out = n.timed_out,
                      .died = n.died,
                      .dead_dropped = n.dead_dropped,
                      .lost = n.lost,
                      .members = n.members,
                      .dead = n.dead};
}

Result<std::vector<std::string>> Broker::names(std::string_view topic) {
    return core_->names(topic);
}

Result<void> Broker::forget(std::string_view topic, std::string_view name) {
    return core_->forget(topic, name);
}

std::optional<JournalStats> Broker::journal() const {
    const auto* journal = core_->house().journal();
    if (journal == nullptr) return std::nullopt;
    const auto n = journal->numbers();
    return JournalStats{.well = n.state == storage::JournalState::well,
                        .why = n.what,
                        .appended = n.appended,
                        .stored = n.stored,
                        .refused = n.refused,
                        .trimmed = n.trimmed + n.evicted,
                        .messages = n.usage.messages,
                        .bytes = n.usage.bytes,
                        .topics = n.channels};
}

}  // namespace carillon
