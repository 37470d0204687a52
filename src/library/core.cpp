#include "library/core.h"

#include <cstdio>
#include <future>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "hub/pattern.h"

namespace carillon::detail {

namespace {

// Outside its loops only the caller's own thread may do what belongs to a loop.
constexpr auto poll_pause = std::chrono::microseconds(100);

}  // namespace

Core::Core(std::unique_ptr<library::House> house, unsigned threads, ErrorSink sink,
           std::vector<library::HookChain::Link> hooks)
    : house_(std::move(house)),
      app_state_(house_->hub().know(house_->app())),
      sink_(std::move(sink)),
      hooks_(std::move(hooks), [this](const Error& error) { report(error); }),
      caller_driven_(threads == 0) {
    const auto loops = std::max(threads, 1U);
    for (unsigned i = 0; i < loops; ++i) {
        loops_.push_back(std::make_unique<library::Loop>(house_->lane(i), clock_, caller_driven_));
    }
    lines_.resize(loops);
    if (hooks_.empty()) return;
    hooks_.watch(house_->app());
    house_->hub().attach(hooks_);
}

std::shared_ptr<Core> Core::make(std::unique_ptr<library::House> house, unsigned threads,
                                 ErrorSink sink, std::vector<library::HookChain::Link> hooks) {
    auto* core = new Core(std::move(house), threads, std::move(sink), std::move(hooks));
    return {core, [](Core* last) {
                const bool in_handler = !last->threads_.empty() && last->is_on_a_loop();
                if (!in_handler) {
                    delete last;
                } else {
                    std::thread([last] { delete last; }).detach();
                }
            }};
}

Core::~Core() {
    stop();
    loops_.clear();
}

Result<void> Core::start() {
    TRY(house_->start());
    if (caller_driven_) return {};
    for (auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
    return {};
}

// Everybody hears that it is over on his own loop; then the loops end, when nothing is left to do.
void Core::stop() {
    const std::lock_guard lock(stopping_);
    if (stopped_.exchange(true)) return;
    house_->stop();
    for (auto& loop : loops_) {
        const auto index = static_cast<std::size_t>(&loop - loops_.data());
        loop->post([this, index] {
            while (!lines_[index].empty()) {
                close(*lines_[index].begin()->second, hub::CloseReason::shutdown);
            }
        });
        loop->request_stop();
    }
    const bool inside = is_on_a_loop() && !caller_driven_;
    for (auto& thread : threads_) {
        inside ? thread.detach() : thread.join();
    }
    threads_.clear();
    if (caller_driven_) {
        while (loops_.front()->run_once()) {
        }
    }
    hooks_.on_stop();
}

// ---- subscriptions ----

std::shared_ptr<Control> Core::subscribe(const Where& where, const Terms& terms,
                                         std::unique_ptr<Receiver> receiver) {
    auto control = std::make_shared<Control>();
    control->core = weak_from_this();
    if (receiver == nullptr) control->reading = std::make_unique<Control::Reading>();
    const auto refuse = [&](Error error) {
        report(error);
        control->fail(std::move(error));
        return control;
    };
    if (where.glob || hub::has_wildcard(where.text)) {
        const auto kind = where.glob ? hub::Pattern::Kind::glob : hub::Pattern::Kind::levels;
        auto pattern = hub::Pattern::parse(kind, where.text);
        if (!pattern) return refuse(std::move(pattern).error());
    }
    if (stopped()) return refuse({ErrorKind::closed, "the broker has stopped"});
    // Inside a handler it stays on that handler's loop: waiting for another might be for each other.
    auto* here = library::Loop::here();
    std::size_t index = next_loop_.fetch_add(1, std::memory_order_relaxed) % loops_.size();
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        if (loops_[i].get() == here) index = i;
    }
    auto& loop = *loops_[index];
    control->loop = &loop;
    Result<void> joined;
    run_on(loop, [&] {
        auto line = std::make_unique<Line>(*this, loop, control, std::move(receiver));
        joined = line->join(where, terms);
        if (joined) {
            auto* at = line.get();
            lines_[index].emplace(at, std::move(line));
        }
    });
    if (!joined) return refuse(std::move(joined).error());
    return control;
}

void Core::close(Line& line, hub::CloseReason why) {
    auto& loop = *line.control()->loop;
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        if (loops_[i].get() != &loop) continue;
        const auto at = lines_[i].find(&line);
        if (at == lines_[i].end()) return;
        const auto gone = std::move(at->second);
        lines_[i].erase(at);
        gone->leave(why);
        return;
    }
}

// Now, if this is its thread; else as soon as it gets there.
void Core::run_on(library::Loop& loop, const std::function<void()>& job) {
    if (loop.is_here()) return job();
    std::promise<void> done;
    loop.post([&] {
        job();
        done.set_value();
    });
    done.get_future().wait();
}

// ---- publishing ----

hub::Receipt Core::publish(std::string_view topic, hub::PublicationRef publication,
                           hub::OnDone on_done) {
    const auto patience = is_on_a_loop() ? hub::Patience::none : hub::Patience::wait;
    return house_->hub().publish(app_state_, topic, std::move(publication), clock_.coarse_now(),
                                 patience, std::move(on_done));
}

Error Core::error_of(hub::Outcome outcome, std::string_view topic) const {
    const auto about = [&](std::string_view what) {
        return std::string(topic) + ": " + std::string(what);
    };
    switch (outcome) {
        case hub::Outcome::vetoed:
            return {ErrorKind::forbidden, about(library::HookChain::take_reason())};
        case hub::Outcome::overloaded:
            return {ErrorKind::overloaded, about("too much waits for a loop already")};
        case hub::Outcome::bad_name:
            return {ErrorKind::invalid, about("not a topic: empty or too long")};
        case hub::Outcome::limit_nesting:
            return {ErrorKind::forbidden, about("published by a hook, by a hook, … too deep")};
        case hub::Outcome::limit_channels:
        case hub::Outcome::limit_subscriptions:
        case hub::Outcome::limit_sessions:
        case hub::Outcome::limit_connections:
            return {ErrorKind::too_large, about("too many subscriptions")};
        case hub::Outcome::closing:
            return {ErrorKind::closed, about("the broker has stopped")};
        default:
            return {ErrorKind::internal, about(hub::name_of(outcome))};
    }
}

void Core::report(const Error& error) {
    if (sink_) return sink_(error);
    const auto printed = printed_.fetch_add(1, std::memory_order_relaxed);
    if (printed < limits::printed_errors_max) {
        std::fprintf(stderr, "carillon: %s\n", error.message.c_str());
    } else if (printed == limits::printed_errors_max) {
        std::fprintf(stderr, "carillon: further errors are only counted\n");
    }
}

// ---- loops ----

bool Core::is_on_a_loop() const {
    if (const auto* here = library::Loop::here(); here != nullptr) {
        for (const auto& loop : loops_) {
            if (loop.get() == here) return true;
        }
    }
    return caller_driven_ && loops_.front()->is_here();
}

library::Loop& Core::loop_for_waiting() {
    auto* here = library::Loop::here();
    for (const auto& loop : loops_) {
        if (loop.get() == here) return *loop;
    }
    return *loops_[next_loop_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
}

bool Core::run_ready() {
    auto& loop = *loops_.front();
    loop.lane().home().settle();
    bool did = false;
    do {
        did = loop.run_once() || did;
    } while (loop.has_work());
    return did;
}

// Idle twice, with nothing that came in between: then nothing is on its way from one loop to another.
bool Core::drain(std::int64_t until_ns) {
    const auto arrived = [this] {
        std::uint64_t sum = 0;
        for (const auto& loop : loops_) sum += loop->lane().inbox().last_number();
        return sum;
    };
    for (std::uint64_t before = ~std::uint64_t{0}; clock_.now().steady_ns < until_ns;) {
        if (caller_driven_) run_ready();
        const bool quiet = idle();
        const auto now = arrived();
        if (quiet && now == before && in_flight.load() == 0) return true;
        before = quiet ? now : ~std::uint64_t{0};
        if (!quiet || in_flight.load() != 0) std::this_thread::sleep_for(poll_pause);
    }
    return false;
}

bool Core::idle() {
    bool quiet = true;
    for (auto& loop : loops_) {
        run_on(*loop, [&] { quiet = quiet && !loop->lane().has_work(); });
        quiet = quiet && !loop->has_jobs();
    }
    return quiet;
}

Stats Core::stats() const {
    Stats stats;
    stats.published = house_->hub().published().get();
    stats.failed = failed_.get();
    for (std::size_t i = 0; i < hub::outcomes; ++i) {
        const auto outcome = static_cast<hub::Outcome>(i);
        stats.refused += house_->hub().refused(outcome).get();
    }
    for (const auto& loop : loops_) {
        auto& lane = loop->lane();
        const auto& books = lane.books();
        const auto sums = lane.inbox().sums();
        stats.matched += sums.matched + books.replayed.get();
        stats.delivered += books.delivered.get();
        stats.filtered += books.filtered.get();
        stats.left += books.left.get();
        stats.passed += books.passed.get();
        for (const auto& dropped : books.dropped) stats.dropped += dropped.get();
        stats.subscriptions += books.subscriptions.get();
    }
    const auto done = stats.delivered + stats.filtered + stats.left + stats.passed + stats.dropped;
    stats.waiting = stats.matched > done ? stats.matched - done : 0;
    return stats;
}

}  // namespace carillon::detail
