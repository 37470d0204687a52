// What the templates of include/carillon call.
#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "base/assert.h"
#include "base/limits.h"
#include "library/core.h"
#include "library/make_publication.h"
#include "library/typed_value.h"

namespace carillon::detail {

namespace {

hub::BodyKind kind_of(Encoding encoding) {
    switch (encoding) {
        case Encoding::text:
            return hub::BodyKind::text;
        case Encoding::json:
            return hub::BodyKind::json;
        case Encoding::msgpack:
            return hub::BodyKind::binary;
    }
    return hub::BodyKind::text;
}

}  // namespace

static hub::PublicationRef make(const Outgoing& message, hub::Publication::Parts parts) {
    if (message.type == nullptr) {
        parts.body_kind = kind_of(message.encoding);
        parts.body = message.body;
        return hub::Publication::make(parts);
    }
    parts.body_kind = kind_of(library::TypedValue::encoding);
    struct Context {
        const Outgoing& message;
    } context{message};
    return hub::Publication::make(parts, {.bytes = library::TypedValue::bytes_for(*message.type),
                                          .body_bytes = message.type->weight(message.value),
                                          .build = [](void* memory, void* its) -> hub::Value* {
                                              const auto& out = static_cast<Context*>(its)->message;
                                              return library::TypedValue::build(
                                                  memory, *out.type, out.value, out.may_move);
                                          },
                                          .context = &context});
}

hub::PublicationRef make_publication(const Outgoing& message) {
    hub::Publication::Parts parts;
    if (message.once != nullptr) parts.once = {message.once->publisher, message.once->sequence};
    return make(message, parts);
}

Keep replacement(const void* publication, const Outgoing& message) {
    const auto& old = as_publication(publication);
    const auto made = make(message, {.kind = old.kind(),
                                     .event = old.event(),
                                     .member = old.member(),
                                     .origin = old.origin(),
                                     .exclude = old.exclude(),
                                     .passing = old.passing(),
                                     .once = old.once()});
    return Keep(made.get());
}

// ---- publications ----

std::string_view body_of(const void* publication) { return as_publication(publication).body(); }

Encoding encoding_of(const void* publication) {
    switch (as_publication(publication).body_kind()) {
        case hub::BodyKind::text:
            return Encoding::text;
        case hub::BodyKind::json:
            return Encoding::json;
        case hub::BodyKind::binary:
            return Encoding::msgpack;
    }
    return Encoding::text;
}

void hold(const void* publication) {
    if (publication != nullptr) intrusive_ptr_add_ref(&as_publication(publication));
}
void release(const void* publication) { intrusive_ptr_release(&as_publication(publication)); }

// ---- subscriptions ----

std::shared_ptr<Control> subscribe(Core& core, const Where& where, const Terms& terms,
                                   std::unique_ptr<Receiver> receiver) {
    return core.subscribe(where, terms, std::move(receiver));
}

std::shared_ptr<Control> subscribe_to_pull(Core& core, const Where& where, const Terms& terms) {
    return core.subscribe(where, terms, nullptr);
}

void drop(const std::shared_ptr<Control>& control) {
    control->open.store(false);
    if (control->dropped.exchange(true) || control->loop == nullptr) return;
    const auto core = control->core.lock();
    if (core == nullptr) return;
    if (core->is_on_callers_loop()) {
        if (control->line != nullptr) core->close(*control->line, hub::CloseReason::peer);
        return;
    }
    auto& loop = *control->loop;
    loop.post([its = core.get(), control] {
        if (control->line != nullptr) its->close(*control->line, hub::CloseReason::peer);
    });
    if (!core->is_on_a_loop()) loop.wait_for_iteration();
}

bool is_open(const Control& control) { return control.open.load() && !control.core.expired(); }
const Error* error_of(const Control& control) { return control.error.load(); }

std::shared_ptr<Control> take_off(Line& line) {
    line.core().in_flight.fetch_add(1);
    return line.control();
}

void landed(Line& line) { line.core().in_flight.fetch_sub(1); }

void finished(const std::shared_ptr<Control>& control) {
    const auto core = control->core.lock();
    if (core == nullptr) return;
    control->loop->post([control] {
        if (control->line != nullptr) control->line->go_on();
    });
    core->in_flight.fetch_sub(1);  // after that: Core::drain looks for the one or the other
}

namespace {

// What a named subscription has in hand is heard again.
void note(const Control& control, const Error& error) {
    if (control.hand == nullptr) return;
    error.kind == ErrorKind::closed ? control.hand->interrupt() : control.hand->fail(error.message);
}

}  // namespace

void report(const std::shared_ptr<Control>& control, const Error& error) {
    note(*control, error);
    const auto core = control->core.lock();
    if (core == nullptr || error.kind == ErrorKind::closed) return;
    core->count_failure();
    core->report(error);
}

void report(Line& line, const Error& error) {
    note(*line.control(), error);
    line.core().count_failure();
    line.core().report(error);
}

Error error_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const Stopped&) {
        return {ErrorKind::closed, "the broker has stopped"};
    } catch (const std::exception& error) {
        return {ErrorKind::internal, error.what()};
    } catch (...) {
        return {ErrorKind::internal, "something that is no std::exception was thrown"};
    }
}

// ---- streams ----

Pulling pull(Control& control, Pulled& out) {
    if (control.reading == nullptr) return Pulling::closed;
    const std::lock_guard lock(control.reading->mutex);
    auto& ready = control.reading->ready;
    if (ready.empty()) {
        if (control.hand != nullptr) control.hand->asked_for_next();
        return control.open.load() ? Pulling::empty : Pulling::closed;
    }
    out = std::move(ready.front());
    ready.pop_front();
    if (control.hand != nullptr) control.hand->give_to_reader(out.offset);
    return Pulling::got;
}

namespace {

// Its line hands over what it has. The broker is there, or the stream is closed.
void ask_for_more(const std::shared_ptr<Control>& control) {
    const auto core = control->core.lock();
    const bool asked = core != nullptr && control->loop->post([control] {
        if (control->line != nullptr) control->line->go_on();
    });
    if (!asked) control->end();
}

}  // namespace

bool wait_to_pull(Control& control, std::coroutine_handle<> waiting) {
    const auto core = control.core.lock();
    if (core == nullptr) return control.end(), false;
    // Who is resumed elsewhere, before this returns, may be done with the stream.
    const auto kept = control.shared_from_this();
    auto& reading = *control.reading;
    {
        const std::lock_guard lock(reading.mutex);
        if (!reading.ready.empty() || !control.open.load()) return false;
        reading.waiting = waiting;
        reading.waiting_on = &core->loop_for_waiting();
        reading.asked = true;
    }
    ask_for_more(kept);
    return true;
}

bool wait_to_pull(Control& control, std::optional<std::chrono::nanoseconds> at_most) {
    auto& reading = *control.reading;
    {
        const std::lock_guard lock(reading.mutex);
        reading.asked = true;
    }
    ask_for_more(control.shared_from_this());
    const auto ready = [&] { return !reading.ready.empty() || !control.open.load(); };
    // The caller's loop is run by nobody else, and what a loop waits for in a handler does not come.
    if (const auto core = control.core.lock(); core != nullptr && core->is_on_a_loop()) {
        const auto until = at_most ? core->now().steady_ns + at_most->count() : base::never_ns;
        core->run_until(until, [&] {
            const std::lock_guard lock(reading.mutex);
            return ready();
        });
        const std::lock_guard lock(reading.mutex);
        return ready();
    }
    std::unique_lock lock(reading.mutex);
    if (!at_most) return reading.changed.wait(lock, ready), true;
    return reading.changed.wait_for(lock, *at_most, ready);
}

bool reject(Control& control, std::string_view reason) {
    if (control.hand == nullptr || !control.hand->reject(reason)) return false;
    const auto core = control.core.lock();
    if (core == nullptr) return false;
    core->count_failure();
    control.loop->post([control = control.shared_from_this()] {
        if (control->line != nullptr) control->line->go_on();
    });
    return true;
}

// ---- publishing ----

namespace {

// No control characters and no wildcards.
constexpr auto may_name_a_topic = [] {
    std::array<bool, 256> may{};
    for (unsigned c = 0; c < may.size(); ++c) {
        may[c] = c >= 0x20 && c != 0x7f && c != '+' && c != '#' && c != '*';
    }
    return may;
}();

Result<void> check_topic(std::string_view topic) {
    if (topic.empty()) return Error{ErrorKind::invalid, "a topic has a name"};
    const auto bad = std::find_if(topic.begin(), topic.end(), [](char c) {
        return !may_name_a_topic[static_cast<unsigned char>(c)];
    });
    if (bad == topic.end()) return {};
    if (*bad != '+' && *bad != '#' && *bad != '*') {
        return Error{ErrorKind::invalid, "a topic has no control characters"};
    }
    return Error{ErrorKind::invalid,
                 std::string(topic) + ": one publishes to a topic, not to a pattern"};
}

Result<void> check_message(const Outgoing& message) {
    TRY(check_topic(message.topic));
    const auto bytes =
        message.type == nullptr ? message.body.size() : message.type->weight(message.value);
    if (bytes > limits::message_bytes_max) {
        return Error{ErrorKind::too_large,
                     std::string(message.topic) + ": the message has more than 16 MiB"};
    }
    if (message.type == nullptr) return {};
    auto checked = message.type->check(message.value);
    if (checked) return {};
    auto error = std::move(checked).error();
    error.message = std::string(message.topic) + ": " + error.message;
    return error;
}

// Only a journal knows what was published before.
Result<void> check_kept(const Core& core, const Outgoing& message) {
    if (core.is_kept(message.topic)) return {};
    return Error{
        ErrorKind::unsupported,
        std::string(message.topic) + ": no journal keeps it, so nobody knows what was there"};
}

Result<void> check_once(const Core& core, const Outgoing& message) {
    TRY(check_kept(core, message));
    if (message.once->publisher != 0) return {};
    return Error{ErrorKind::invalid, "Once: publisher 0 is nobody"};
}

}  // namespace

namespace {

// Errors are counted.
Result<void> check_all(Core& core, const Outgoing& message) {
    Result<void> good = Error{ErrorKind::closed, "the broker has stopped"};
    if (!core.stopped()) good = check_message(message);
    if (good && message.once != nullptr) good = check_once(core, message);
    if (!good) core.count_refusal();
    return good;
}

}  // namespace

Result<Published> publish(Core& core, const Outgoing& message) {
    TRY(check_all(core, message));
    const auto receipt = core.publish(message.topic, make_publication(message), {});
    if (receipt.outcome == hub::Outcome::ok) return Published{receipt.matched, false};
    if (receipt.outcome == hub::Outcome::already) {
        core.count_duplicate();
        return Published{0, true};
    }
    core.count_refusal();
    return core.error_of(receipt.outcome, message.topic);
}

Result<void> publish_with(Control* control, std::uint64_t offset, const Outgoing& message) {
    if (control == nullptr) {
        return Error{ErrorKind::unsupported,
                     "publishing with a message is for Guarantee::exactly_once"};
    }
    const auto core = control->core.lock();
    if (core == nullptr) return Error{ErrorKind::closed, "the broker has stopped"};
    TRY(check_message(message));
    TRY(check_kept(*core, message));
    return control->hand->add(offset, message.topic, [&](hub::Once once) {
        const Once its{once.publisher, once.sequence};
        Outgoing numbered = message;
        numbered.once = &its;
        return make_publication(numbered);
    });
}

// The publish has returned, and the lanes have told: then it is known.
struct Confirmed {
    std::mutex mutex;
    std::condition_variable changed;
    int missing = 2;
    Fate fate{};
    bool lost = false;  // the storage failed
    std::optional<Error> error{};
    std::shared_ptr<Core::Loops> loops{};
    std::weak_ptr<Core> core{};  // the hub holds this until it tells: it must not hold the broker
    std::coroutine_handle<> waiting{};
    library::Loop* waiting_on = nullptr;

    // On any thread, the storage's too.
    void tell(const auto& what) {
        std::coroutine_handle<> resumed;
        {
            const std::lock_guard lock(mutex);
            what();
            if (--missing != 0) return;
            resumed = std::exchange(waiting, {});
            changed.notify_all();
        }
        loops->resume(resumed, waiting_on);
    }
};

std::shared_ptr<Confirmed> publish_confirmed(Core& core, const Outgoing& message) {
    auto confirmed = std::make_shared<Confirmed>();
    confirmed->core = core.weak_from_this();
    confirmed->loops = core.shared_loops();
    if (auto good = check_all(core, message); !good) {
        confirmed->missing = 0;
        confirmed->error = std::move(good).error();
        return confirmed;
    }
    const auto receipt =
        core.publish(message.topic, make_publication(message), [confirmed](const hub::Fate& fate) {
            confirmed->tell([&] {
                confirmed->fate.queued = fate.queued;
                confirmed->fate.dropped = fate.dropped;
                confirmed->fate.stored = fate.stored != 0;
                confirmed->lost = fate.not_stored != 0;
            });
        });
    confirmed->tell([&] {
        confirmed->fate.matched = receipt.matched;
        if (receipt.outcome == hub::Outcome::ok) return;
        confirmed->missing = 1;  // nobody else tells
        confirmed->fate.duplicate = receipt.outcome == hub::Outcome::already;
        if (confirmed->fate.duplicate) return core.count_duplicate();
        core.count_refusal();
        confirmed->error = core.error_of(receipt.outcome, message.topic);
    });
    return confirmed;
}

bool is_known(const Confirmed& confirmed) {
    const std::lock_guard lock(const_cast<Confirmed&>(confirmed).mutex);
    return confirmed.missing == 0;
}

bool wait_until_known(Confirmed& confirmed, std::coroutine_handle<> waiting) {
    const auto core = confirmed.core.lock();
    const std::lock_guard lock(confirmed.mutex);
    if (confirmed.missing == 0 || core == nullptr) return false;
    confirmed.waiting = waiting;
    confirmed.waiting_on = &core->loop_for_waiting();
    return true;
}

// The caller's loop is run by nobody else; in a handler one would wait for oneself.
void wait_until_known(Confirmed& confirmed) {
    const auto core = confirmed.core.lock();
    if (core == nullptr) return;  // everything was told
    if (core->is_on_a_loop()) {
        return core->run_until(base::never_ns, [&] { return is_known(confirmed); });
    }
    std::unique_lock lock(confirmed.mutex);
    confirmed.changed.wait(lock, [&] { return confirmed.missing == 0; });
}

Result<Fate> fate_of(const Confirmed& confirmed) {
    const std::lock_guard lock(const_cast<Confirmed&>(confirmed).mutex);
    if (confirmed.error) return *confirmed.error;
    if (confirmed.missing == 0 && confirmed.lost) {
        return Error{ErrorKind::io, "it could not be stored: the journal failed meanwhile"};
    }
    if (confirmed.missing == 0) return confirmed.fate;
    return Error{ErrorKind::internal, "not known yet: inside a handler, co_await it"};
}

// ---- coroutines ----

bool sleep(Core& core, std::chrono::nanoseconds time, std::coroutine_handle<> waiting) {
    return !core.stopped() &&
           core.loop_for_waiting().sleep(core.now().steady_ns + time.count(), waiting);
}

void throw_if_stopped(const Core& core) {
    if (core.stopped()) throw Stopped();
}

namespace {

Detached run(std::weak_ptr<Core> weak, Task<> task) {
    std::exception_ptr thrown;
    try {
        co_await std::move(task);
    } catch (...) {
        thrown = std::current_exception();
    }
    const auto core = weak.lock();
    if (core == nullptr) co_return;
    if (thrown == nullptr) co_return;
    const auto error = error_of(thrown);
    if (error.kind != ErrorKind::closed) core->report(error);
}

}  // namespace

void spawn(Core& core, Task<> task) {
    if (core.stopped()) return;
    auto kept = std::make_shared<Task<>>(std::move(task));
    core.loop_for_waiting().post(
        [weak = core.weak_from_this(), kept] { run(weak, std::move(*kept)); });
}

}  // namespace carillon::detail
