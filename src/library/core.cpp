#include "library/core.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>
#include <string>
#include <system_error>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"
#include "hub/pattern.h"
#include "library/live_line.h"
#include "library/named_line.h"

namespace carillon::detail {

namespace {

// Outside its loops only the caller's own thread may do what belongs to a loop.
constexpr auto poll_pause = std::chrono::microseconds(100);
// What is kept is looked through for what is too old: all of it in eight seconds.
constexpr std::int64_t sweep_period_ns = 250 * base::ns_per_ms;
constexpr std::size_t sweep_stripes = 32;
// At the end, for what was published to be stored.
constexpr std::int64_t storing_ns_max = 10 * base::ns_per_s;

// The hub names its patterns with such; a topic has none.
std::size_t control_character(std::string_view topic) {
    const auto at = std::find_if(topic.begin(), topic.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    return at == topic.end() ? std::string_view::npos
                             : static_cast<std::size_t>(at - topic.begin());
}

// What does not go together.
Result<void> check(const Terms& terms, bool is_pattern) {
    const bool is_named = !terms.name.empty();
    const bool looks_back =
        terms.from.kind() != From::Kind::automatic && terms.from.kind() != From::Kind::now;
    const auto wrong = [](const char* why) { return Error{ErrorKind::invalid, why}; };
    if (!is_named && terms.guarantee >= Guarantee::at_least_once) {
        return wrong("what is guaranteed is remembered under a name (SubscribeOptions::name)");
    }
    if (is_named && terms.guarantee == Guarantee::at_most_once) {
        return wrong("a name is there for at_least_once or exactly_once");
    }
    if (is_pattern && (is_named || looks_back)) {
        return wrong("`name` and `from` are for a topic, not a pattern");
    }
    if (!terms.group.empty() && (is_named || looks_back)) {
        return wrong("a queue group hears what is published, without `name` or `from`");
    }
    return {};
}

Error why_not_read(hub::Recovery recovery, std::string_view topic) {
    const auto about = [&](const char* what) { return std::string(topic) + ": " + what; };
    switch (recovery) {
        case hub::Recovery::not_kept:
            return {
                ErrorKind::unsupported,
                about("no journal keeps it: add a FileJournal or a SqliteJournal with this topic")};
        case hub::Recovery::trimmed:
            return {ErrorKind::not_found, about("what comes next there is not kept any more")};
        case hub::Recovery::unknown_epoch:
            return {ErrorKind::not_found, about("that position is of another epoch")};
        case hub::Recovery::ahead:
            return {ErrorKind::not_found, about("that offset is yet to come")};
        default:
            return {ErrorKind::internal, about("it cannot be read")};
    }
}

}  // namespace

void Core::Loops::resume(std::coroutine_handle<> waiting, library::Loop* on) {
    {
        const std::lock_guard lock(mutex_);
        if (core_ != nullptr) core_->wake_caller();  // who may run his loop until this is known
        const bool there = core_ != nullptr && waiting;
        if (!waiting || (there && on->post([waiting] { waiting.resume(); }))) return;
    }
    // Not here: it may hold the last handle, and the end of a broker waits for the storage's threads.
    std::thread([waiting] { waiting.resume(); }).detach();
}

void Core::Loops::end() {
    const std::lock_guard lock(mutex_);
    core_ = nullptr;
}

Core::Core(std::unique_ptr<library::House> house, unsigned threads, ErrorSink sink,
           std::vector<library::HookChain::Link> hooks)
    : house_(std::move(house)),
      sink_(std::move(sink)),
      hooks_(std::move(hooks), [this](const Error& error) { report(error); }),
      caller_driven_(threads == 0) {
    const auto loops = std::max(threads, 1U);
    for (unsigned i = 0; i < loops; ++i) {
        loops_.push_back(std::make_unique<library::Loop>(house_->lane(i), clock_, caller_driven_));
    }
    lines_.resize(loops);
    house_->set_run_on_lane(
        [this](unsigned index, std::function<void()> job) { loops_[index]->post(std::move(job)); });
    if (!hooks_.empty()) house_->hub().attach(hooks_);
    if (house_->is_swept_by_broker()) {
        loops_.front()->set_chore(
            sweep_period_ns, [this](base::Now now) { house_->hub().sweep(sweep_stripes, now); });
    }
}

std::shared_ptr<Core> Core::make(std::unique_ptr<library::House> house, unsigned threads,
                                 ErrorSink sink, std::vector<library::HookChain::Link> hooks) {
    auto* core = new Core(std::move(house), threads, std::move(sink), std::move(hooks));
    return {core, [](Core* last) {
                // (run_ready() holds on to what it runs.)
                if (last->caller_driven_ || !last->is_on_a_loop()) {
                    delete last;
                } else {
                    std::thread([last] { delete last; }).detach();
                }
            }};
}

Core::~Core() {
    stop();
    if (caller_driven_) loops_.front()->end();
    shared_loops_->end();
    lines_.clear();
    loops_.clear();
}

Result<void> Core::start() {
    const auto started = house_->start();
    hooks_.watch(started ? house_->app() : nullptr);
    TRY(started);
    app_state_ = &house_->hub().know(house_->app());
    named_.settle(house_->hub().durables(), house_->app());
    started_ = true;
    if (caller_driven_) {
        loops_.front()->settle();
        return {};
    }
    try {
        for (auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
    } catch (const std::system_error& error) {
        return Error{ErrorKind::io, std::string("no thread: ") + error.what()};
    }
    return {};
}

// A hook may keep its handle, which keeps nothing alive.
void Core::start_hooks() {
    Broker handle{std::shared_ptr<Core>(std::shared_ptr<void>(), this)};
    hooks_.on_start(handle);
}

// Everybody hears that it is over on his own loop; then the loops end, when nothing is left to do. Any
// thread, any number of times; who is inside a handler waits for nobody.
void Core::stop() {
    const bool inside = is_on_a_loop();
    const bool first = !stopped_.exchange(true);
    const auto until = clock_.now().steady_ns + storing_ns_max;
    if (first) {
        house_->stop();
        // Who waits to be told that something is stored is told while there are loops to go on on.
        if (!inside) settle_storage(until);
        for (std::size_t i = 0; i < loops_.size(); ++i) {
            loops_[i]->post([this, i] { end_lines(i); });
            loops_[i]->request_stop();
        }
    }
    if (!inside) join_threads();
    if (is_on_callers_loop()) run_ready();
    if (!inside || is_on_callers_loop()) settle_storage(until);
    if (first && started_) hooks_.on_stop();
}

// Whatever joins later than this sees that it is over.
void Core::end_lines(std::size_t index) {
    while (!lines_[index].empty()) {
        close(*lines_[index].begin()->second, hub::CloseReason::shutdown);
    }
}

void Core::join_threads() {
    const std::lock_guard lock(joining_);
    for (auto& thread : threads_) thread.join();
    threads_.clear();
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
    std::optional<hub::Pattern> pattern;
    if (where.glob || hub::has_wildcard(where.text)) {
        auto parsed = library::parse_filter(where);
        if (!parsed) return refuse(std::move(parsed).error());
        pattern = std::move(*parsed);
    } else if (const auto at = control_character(where.text); at != std::string_view::npos) {
        return refuse({ErrorKind::invalid,
                       "byte " + std::to_string(at + 1) + " of the topic: a control character"});
    }
    if (auto good = check(terms, pattern.has_value()); !good) {
        auto error = std::move(good).error();
        error.message = std::string(where.text) + ": " + error.message;
        return refuse(std::move(error));
    }
    // Inside a handler it stays on that handler's loop: waiting for another might be for each other.
    std::size_t index = next_loop_.fetch_add(1, std::memory_order_relaxed) % loops_.size();
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        if (loops_[i]->is_here()) index = i;
    }
    auto& loop = *loops_[index];
    control->loop = &loop;
    Result<void> begun = Error{ErrorKind::closed, "the broker has stopped"};
    run_on(loop, [&] {
        if (stopped()) return;  // here, and not earlier: end_lines() would not find it
        begun = begin(loop, index, control, where, pattern ? &*pattern : nullptr, terms,
                      std::move(receiver));
    });
    if (!begun) return refuse(std::move(begun).error());
    return control;
}

Result<void> Core::begin(library::Loop& loop, std::size_t index,
                         const std::shared_ptr<Control>& control, const Where& where,
                         const hub::Pattern* pattern, const Terms& terms,
                         std::unique_ptr<Receiver> receiver) {
    std::unique_ptr<Line> line;
    if (terms.name.empty()) {
        auto live = std::make_unique<LiveLine>(*this, loop, control, std::move(receiver));
        TRY(live->begin(where.text, pattern, terms));
        line = std::move(live);
    } else {
        control->hand = std::make_unique<Hand>(where.text);
        auto named = std::make_unique<NamedLine>(*this, loop, control, std::move(receiver));
        TRY(named->begin(where.text, terms));
        line = std::move(named);
    }
    auto* at = line.get();
    lines_[index].emplace(at, std::move(line));
    return {};
}

// One that was dropped while its handler has a message in hand is closed when that is through.
void Core::close(Line& line, hub::CloseReason why) {
    auto& loop = *line.control()->loop;
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        if (loops_[i].get() != &loop) continue;
        const auto at = lines_[i].find(&line);
        if (at == lines_[i].end()) return;
        if (why == hub::CloseReason::peer && line.lingers()) return line.control()->end();
        const auto gone = std::move(at->second);
        lines_[i].erase(at);
        gone->leave(why);
        return;
    }
}

// Now, if this is its thread; else as soon as it gets there. False: it has ended.
bool Core::run_on(library::Loop& loop, const std::function<void()>& job) {
    if (loop.is_here()) return job(), true;
    std::promise<void> done;
    const bool posted = loop.post([&] {
        job();
        done.set_value();
    });
    if (posted) done.get_future().wait();
    return posted;
}

// ---- what is kept ----

Result<void> Core::ask_hooks(std::string_view topic) const {
    if (hooks_.empty() || hooks_.before_subscribe(house_->app(), topic)) return {};
    return error_of(hub::Outcome::vetoed, topic);
}

Result<std::unique_ptr<hub::Reader>> Core::read(std::string_view topic, const From& from,
                                                const std::shared_ptr<Ring>& ring) {
    hub::ReadOptions options{
        .from = library::from_of(from), .last = 0, .stored_only = false, .ring = {}};
    if (ring != nullptr) options.ring = [ring] { (*ring)(); };
    auto opened = house_->hub().read(*app_state_, topic, std::move(options));
    if (opened.recovery != hub::Recovery::recovered) return why_not_read(opened.recovery, topic);
    return std::move(opened.reader);
}

bool Core::is_kept(std::string_view topic) const {
    auto* history = house_->history();
    return history != nullptr &&
           history->keeps(*house_->app(), topic) == hub::History::Keeps::for_good;
}

Result<hub::DurableRef> Core::open_named(std::string_view topic, const Terms& terms) {
    if (!is_kept(topic)) return why_not_read(hub::Recovery::not_kept, topic);
    return named_.open(topic, terms, clock_.now());
}

Result<hub::DurableRef> Core::find_named(std::string_view topic, std::string_view name) {
    if (!is_kept(topic)) return why_not_read(hub::Recovery::not_kept, topic);
    return named_.find(topic, name, clock_.now());
}

Result<std::vector<std::string>> Core::names(std::string_view topic) {
    if (!is_kept(topic)) return why_not_read(hub::Recovery::not_kept, topic);
    return named_.names(topic);
}

Result<void> Core::forget(std::string_view topic, std::string_view name) {
    if (!is_kept(topic)) return why_not_read(hub::Recovery::not_kept, topic);
    return named_.forget(topic, name);
}

// False: the time is over, or the disk does not take it.
bool Core::settle_storage(std::int64_t until_ns) {
    auto* journal = house_->journal();
    const auto left_ms = (until_ns - clock_.now().steady_ns) / base::ns_per_ms;
    return journal == nullptr || journal->flush(std::max<std::int64_t>(left_ms, 1));
}

// ---- publishing ----

hub::Receipt Core::publish(std::string_view topic, hub::PublicationRef publication,
                           hub::OnDone on_done) {
    const auto patience = is_on_a_loop() ? hub::Patience::none : hub::Patience::wait;
    return house_->hub().publish(*app_state_, topic, std::move(publication), clock_.coarse_now(),
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
            if (is_kept(topic) && house_->history()->in_trouble()) {
                return {ErrorKind::overloaded, about("too much waits for the disk already")};
            }
            return {ErrorKind::overloaded, about("too much waits for a loop already")};
        case hub::Outcome::storage_failed: {
            auto* journal = house_->journal();
            const auto why = journal != nullptr ? journal->numbers().what : std::string();
            return {ErrorKind::io, about("its journal takes nothing: ") + why};
        }
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
    if (sink_) {
        try {
            return sink_(error);
        } catch (...) {
            count_failure();  // and it is printed
        }
    }
    const auto printed = printed_.fetch_add(1, std::memory_order_relaxed);
    if (printed < limits::printed_errors_max) {
        std::fprintf(stderr, "carillon: %s\n", error.message.c_str());
    } else if (printed == limits::printed_errors_max) {
        std::fprintf(stderr, "carillon: further errors are only counted\n");
    }
}

// ---- loops ----

bool Core::is_on_a_loop() const {
    if (!caller_driven_ && library::Loop::here() == nullptr) return false;
    for (const auto& loop : loops_) {
        if (loop->is_here()) return true;
    }
    return false;
}

library::Loop& Core::loop_for_waiting() {
    for (const auto& loop : loops_) {
        if (loop->is_here()) return *loop;
    }
    return *loops_[next_loop_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
}

// An iteration inside an iteration would pull the floor from under the outer one.
bool Core::run_ready() {
    auto& loop = *loops_.front();
    if (!caller_driven_ || loop.in_iteration()) return false;
    loop.settle();
    bool did = false;
    do {
        did = loop.run_once() || did;
    } while (loop.has_work());
    loop.calm();
    if (loop.has_work()) loop.wake();
    return did;
}

void Core::run_until(std::int64_t until_ns, const std::function<bool()>& enough) {
    auto& loop = *loops_.front();
    if (!caller_driven_ || loop.in_iteration()) return;
    loop.settle();
    do {
        loop.run_once();
        if (!loop.has_work() && !enough()) loop.wait(until_ns);
    } while (clock_.now().steady_ns < until_ns && !enough());
}

// Idle twice, with nothing that came in between: then nothing is on its way from one loop to another.
bool Core::drain(std::int64_t until_ns) {
    if (is_on_a_loop() && !is_on_callers_loop()) return false;  // it would wait for itself
    const auto arrived = [this] {
        std::uint64_t sum = house_->hub().published().get();
        for (const auto& loop : loops_) sum += loop->lane().inbox().last_number();
        return sum;
    };
    for (std::uint64_t before = ~std::uint64_t{0}; clock_.now().steady_ns < until_ns;) {
        // Whoever lands after this look has posted what it goes on with before the next.
        bool quiet = settle_storage(until_ns) && in_flight.load() == 0;
        for (std::size_t i = 0; i < loops_.size(); ++i) quiet = is_idle(i, until_ns) && quiet;
        const auto now = arrived();
        if (quiet && now == before) return true;
        before = quiet ? now : ~std::uint64_t{0};
        if (!quiet) std::this_thread::sleep_for(poll_pause);
    }
    return false;
}

// A loop that is in a long handler does not answer in time.
bool Core::is_idle(std::size_t index, std::int64_t until_ns) {
    auto& loop = *loops_[index];
    if (is_on_callers_loop()) {
        loop.run_once();
        return !loop.has_work() && !is_behind(index);
    }
    const auto answer = std::make_shared<std::promise<bool>>();
    auto quiet = answer->get_future();
    const bool posted = loop.post([answer, &loop, this, index] {
        answer->set_value(!loop.lane().has_work() && !is_behind(index));
    });
    if (!posted) return true;
    const std::chrono::nanoseconds left(until_ns - clock_.now().steady_ns);
    return quiet.wait_for(left) == std::future_status::ready && quiet.get() && !loop.has_jobs();
}

bool Core::is_behind(std::size_t index) {
    return std::any_of(lines_[index].begin(), lines_[index].end(),
                       [](const auto& line) { return line.second->is_behind(); });
}

Stats Core::stats() const {
    Stats stats;
    stats.published = house_->hub().published().get();
    stats.failed = failed_.get();
    stats.refused = refused_.get();
    stats.duplicates = duplicates_.get();
    stats.subscriptions = static_cast<std::uint64_t>(beside.load());
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
