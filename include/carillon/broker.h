// carillon/broker.h: publish and subscribe inside one process, with types.
//
//   carillon::Broker broker;
//   auto heard = broker.subscribe("sensor/+/temperature", [](const Reading& r) { … });
//   if (!broker.publish("sensor/k1/temperature", Reading{"k1", 21.5})) …
//
// A Broker is a handle: copies mean the same broker, which ends with the last of them. Handlers run
// on its loops: threads of its own (one, unless Threads says otherwise), or the caller's, with
// Threads{0} and run_ready(). One subscription's handler is never called twice at once and hears one
// topic's publications in their order; with one thread no two handlers run at once at all.
//
// Any thread may call anything, handlers too; only run_ready() and run_for() belong to one thread.
// Nothing throws. A publication's message is copied (or moved) once, and everybody reads that one.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "carillon/hooks.h"
#include "carillon/subscription.h"

namespace carillon {

namespace detail {

// What a handler takes and whether it is a coroutine.
template <class Parameter>
struct Reads {
    using Type = MessageOf<Parameter>;
    static constexpr bool delivery = false;
};
template <class T>
struct Reads<Delivery<T>> {
    using Type = T;
    static constexpr bool delivery = true;
};
template <class F>
struct Signature : Signature<decltype(&F::operator())> {};
template <class R, class P>
struct Signature<R (*)(P)> {
    using Return = R;
    using Parameter = std::remove_cvref_t<P>;
};
template <class R, class P>
struct Signature<R (*)(P) noexcept> : Signature<R (*)(P)> {};
template <class R, class C, class P>
struct Signature<R (C::*)(P)> : Signature<R (*)(P)> {};
template <class R, class C, class P>
struct Signature<R (C::*)(P) const> : Signature<R (*)(P)> {};
template <class R, class C, class P>
struct Signature<R (C::*)(P) noexcept> : Signature<R (*)(P)> {};
template <class R, class C, class P>
struct Signature<R (C::*)(P) const noexcept> : Signature<R (*)(P)> {};

template <class F>
concept Handler = requires { typename Signature<std::decay_t<F>>::Parameter; };

// Calls `f` with what the handler takes of the message. `delivery` stays as long as the handler runs.
template <class F, Message T>
decltype(auto) call(F& f, const Incoming& incoming, const T& value,
                    std::optional<Delivery<T>>& delivery) {
    if constexpr (Reads<typename Signature<F>::Parameter>::delivery) {
        return f(std::move(delivery.emplace(incoming, value)));
    } else {
        return f(value);
    }
}

inline Error misread(const Incoming& incoming, Error error) {
    error.message = std::string(incoming.topic) + ": " + error.message;
    return error;
}

template <class F, Message T>
class FunctionReceiver final : public Receiver {
 public:
    explicit FunctionReceiver(F handler) : handler_(std::move(handler)) {}

    bool receive(const Incoming& incoming, Line& line) override {
        std::optional<Delivery<T>> delivery;
        try {
            if (incoming.type == &type_of<T>()) {
                call(handler_, incoming, *static_cast<const T*>(incoming.value), delivery);
                return true;
            }
            auto decoded =
                decode<T>(body_of(incoming.publication), encoding_of(incoming.publication));
            if (decoded) {
                call(handler_, incoming, *decoded, delivery);
            } else {
                report(line, misread(incoming, std::move(decoded).error()));
            }
        } catch (...) {
            report(line, misread(incoming, error_of(std::current_exception())));
        }
        return true;
    }

 private:
    F handler_;
};

// The message and the handler stay until the coroutine is finished, wherever it waits.
template <class F, Message T>
class TaskReceiver final : public Receiver {
 public:
    explicit TaskReceiver(F handler) : handler_(std::make_shared<F>(std::move(handler))) {}

    bool receive(const Incoming& incoming, Line& line) override {
        auto flight = std::make_shared<Flight>();
        flight->handler = handler_;
        flight->topic = incoming.topic;
        flight->publication = Keep(incoming.publication);
        flight->incoming = incoming;
        flight->incoming.topic = flight->topic;
        if (incoming.type != &type_of<T>()) {
            auto decoded =
                decode<T>(body_of(incoming.publication), encoding_of(incoming.publication));
            if (!decoded) {
                report(line, misread(incoming, std::move(decoded).error()));
                return true;
            }
            flight->decoded = std::move(*decoded);
        }
        flight->control = take_off(line);
        fly(flight);
        if (!flight->landed_at_once()) return false;
        landed(line);
        return true;
    }

 private:
    struct Flight {
        std::shared_ptr<F> handler;
        Incoming incoming{};
        std::string topic{};
        Keep publication{};
        std::optional<T> decoded{};
        std::optional<Delivery<T>> delivery{};
        std::shared_ptr<Control> control{};
        // Set by receive() and by the coroutine, each when it is through: whoever is second knows.
        std::atomic<bool> through{false};

        const T& value() const {
            return decoded ? *decoded : *static_cast<const T*>(incoming.value);
        }
        bool landed_at_once() { return through.exchange(true); }
    };

    static Detached fly(std::shared_ptr<Flight> flight) {
        try {
            co_await call(*flight->handler, flight->incoming, flight->value(), flight->delivery);
        } catch (...) {
            report(flight->control, misread(flight->incoming, error_of(std::current_exception())));
        }
        if (flight->through.exchange(true)) finished(flight->control);
    }

    std::shared_ptr<F> handler_;
};

template <class F>
std::unique_ptr<Receiver> make_receiver(F handler) {
    using Return = typename Signature<F>::Return;
    using T = typename Reads<typename Signature<F>::Parameter>::Type;
    static_assert(Message<T>, "a handler takes a message (carillon/codec.h) or a Delivery of one");
    static_assert(std::is_void_v<Return> || std::is_same_v<Return, Task<>>,
                  "a handler returns void or Task<>");
    if constexpr (std::is_void_v<Return>) {
        return std::make_unique<FunctionReceiver<F, T>>(std::move(handler));
    } else {
        return std::make_unique<TaskReceiver<F, T>>(std::move(handler));
    }
}

}  // namespace detail

// What is known when publish() returns.
struct Receipt {
    // Subscribers at that moment, clients of a server too; not those with a name, or that still read
    // the past.
    std::uint64_t matched = 0;
    bool duplicate = false;  // of one with Once: it was published before, and nobody hears it again
};

// What is known when everybody's queue has been seen to, and the journal has stored it.
struct Confirmation {
    std::uint64_t matched = 0;
    std::uint64_t queued = 0;   // of these: it is in their queues, or they have had it
    std::uint64_t dropped = 0;  // their queues were full
    // It is as safe as the journal's Sync says. False: no journal keeps this topic, or it is a
    // duplicate, whose first may still be on its way to the disk.
    bool stored = false;
    bool duplicate = false;
};

// Of a publication that is on its way: co_await it, or get() it on a thread outside every loop, or
// on the caller's loop, which runs meanwhile. Inside a handler get() does not wait: it is an Error
// (internal) there, if it is not known already. It was published already, whether anybody asks or
// not.
class [[nodiscard]] Confirming {
 public:
    explicit Confirming(std::shared_ptr<detail::Confirmed> confirmed)
        : confirmed_(std::move(confirmed)) {}

    bool await_ready() const { return detail::is_known(*confirmed_); }
    bool await_suspend(std::coroutine_handle<> waiting) {
        return detail::wait_until_known(*confirmed_, waiting);
    }
    Result<Confirmation> await_resume() const {
        auto fate = detail::fate_of(*confirmed_);
        if (!fate) return std::move(fate).error();
        return Confirmation{fate->matched, fate->queued, fate->dropped, fate->stored,
                            fate->duplicate};
    }
    Result<Confirmation> get() {
        detail::wait_until_known(*confirmed_);
        return await_resume();
    }

 private:
    std::shared_ptr<detail::Confirmed> confirmed_;
};

// What a broker has counted. matched = delivered + filtered + left + passed + dropped + waiting.
struct Stats {
    std::uint64_t published = 0;
    std::uint64_t refused = 0;     // publishes that were answered with an Error
    std::uint64_t duplicates = 0;  // that were published before, and so not again
    std::uint64_t matched =
        0;  // pairs of publication and subscriber; each time it is heard again too
    std::uint64_t delivered = 0;  // handed to a handler or a stream
    std::uint64_t filtered = 0;   // a client's, that asked not to hear itself; or twice matched
    std::uint64_t left = 0;       // the subscriber was gone
    std::uint64_t passed = 0;     // on to another member of the queue group, and matched anew
    std::uint64_t dropped = 0;    // a queue was full
    std::uint64_t waiting = 0;
    std::uint64_t failed =
        0;  // of delivered: did not decode, the handler threw, or it was rejected
    std::uint64_t subscriptions = 0;
};

// How the broker's journal is (carillon/journal.h).
struct JournalStats {
    bool well = true;  // false: publishing to what it keeps is refused, for `why`
    std::string why{};
    std::uint64_t appended = 0;  // messages, since the broker began
    std::uint64_t stored = 0;    // of these: as safe as its Sync says
    std::uint64_t refused = 0;   // publishes, for it was not well or its queue full
    std::uint64_t trimmed = 0;   // messages let go by their Retention, or for bytes_max
    std::uint64_t messages = 0;  // that are kept
    std::uint64_t bytes = 0;     // on disk
    std::size_t topics = 0;
};

template <Message T>
class Topic;

class CARILLON_API Broker {
 public:
    // One thread of its own, nothing else. (A Builder makes any other.)
    Broker();

    // `handler`: void or Task<> of one argument: const T&, T, or const Delivery<T>&. See
    // SubscribeOptions for what happens when it is slow. What does not read as a T, and what the
    // handler throws, goes to the error sink, and nobody else notices.
    // Errors (Subscription::error): invalid (the topic or pattern, and where; options that do not go
    // together), forbidden (a hook; a name that is exactly_once and has its one subscription), closed,
    // too_large (too many), unsupported (`from` or `name`, and no journal keeps the topic), not_found (what
    // `from` says is kept no longer: also later, if the journal lets go of it before it was read).
    template <detail::Handler F>
    Subscription subscribe(TopicFilter topic, F handler, const SubscribeOptions& options = {}) {
        return Subscription(detail::subscribe(*core_, topic.where(), terms_of(options),
                                              detail::make_receiver(std::move(handler))));
    }
    template <Message T>
    Stream<T> stream(TopicFilter topic, const SubscribeOptions& options = {}) {
        return Stream<T>(detail::subscribe_to_pull(*core_, topic.where(), terms_of(options)));
    }

    // Returns when the message is on its way to everybody's queue, and after it was there for those
    // who made it wait (Overflow::wait). Topics hold no wildcards and no control characters, up to 1,024
    // bytes. Errors: invalid (the topic, or what validate() says), forbidden (a hook, with its
    // reason), too_large (16 MiB), overloaded (64 MiB wait already), io (its journal is full or fails),
    // closed. Then nobody hears it.
    template <class M>
        requires Message<MessageOf<M>>
    Result<Receipt> publish(std::string_view topic, M&& message) {
        return publish_as(nullptr, topic, std::forward<M>(message));
    }
    // The same, unless it was published before. Errors too: unsupported (no journal keeps the topic).
    template <class M>
        requires Message<MessageOf<M>>
    Result<Receipt> publish(std::string_view topic, M&& message, const Once& once) {
        return publish_as(&once, topic, std::forward<M>(message));
    }
    // The same, and it is told how everybody's queue took it, and that it is stored, if a journal keeps
    // its topic. Errors too: io, if that failed, though some may have heard it.
    template <class M>
        requires Message<MessageOf<M>>
    Confirming publish_confirmed(std::string_view topic, M&& message) {
        return publish_confirmed_as(nullptr, topic, std::forward<M>(message));
    }
    template <class M>
        requires Message<MessageOf<M>>
    Confirming publish_confirmed(std::string_view topic, M&& message, const Once& once) {
        return publish_confirmed_as(&once, topic, std::forward<M>(message));
    }
    // A publisher for one topic and type.
    template <Message T>
    Topic<T> topic(std::string_view name);

    // Runs a coroutine on one of the broker's loops; not after stop(). What it throws goes to the
    // error sink.
    void spawn(Task<> task) { detail::spawn(*core_, std::move(task)); }
    // co_await broker.sleep(10ms): goes on on the loop on which it began.
    auto sleep(std::chrono::nanoseconds time) {
        struct Sleep {
            bool await_ready() const noexcept { return false; }
            bool await_suspend(std::coroutine_handle<> waiting) {
                return detail::sleep(*core, time, waiting);
            }
            void await_resume() const { detail::throw_if_stopped(*core); }
            detail::Core* core;  // who sleeps is woken before it goes, and does not hold it
            std::chrono::nanoseconds time;
        };
        return Sleep{core_.get(), time};
    }

    // ---- named subscriptions, whether somebody is there or not ----
    // Errors: not_found (no such name, or letter), unsupported (no journal keeps the topic).

    // What this name heard too often in vain, oldest first; at most 1,000, then the oldest is dropped.
    Result<std::vector<DeadLetter>> dead_letters(std::string_view topic, std::string_view name);
    // It is heard again, as if for the first time.
    Result<void> replay_dead_letter(std::string_view topic, std::string_view name,
                                    std::uint64_t offset);
    Result<void> drop_dead_letter(std::string_view topic, std::string_view name,
                                  std::uint64_t offset);
    Result<NamedStats> named(std::string_view topic, std::string_view name);
    // Those of which something is remembered.
    Result<std::vector<std::string>> names(std::string_view topic);
    // Remembers nothing of it, dead letters neither. Errors too: forbidden (it is subscribed).
    Result<void> forget(std::string_view topic, std::string_view name);

    // Empty: it has no journal.
    std::optional<JournalStats> journal() const;

    // ---- Threads{0}: the caller's loop ----

    // Does what is ready, and what becomes ready by that, and returns. True: it did something. Inside
    // a handler it does nothing.
    bool run_ready();
    // Waits for work and does it, for so long.
    void run_for(std::chrono::nanoseconds time);
    // Readable when run_ready() has something to do: for poll(2) and its relatives. The broker's own.
    int fd() const;
    // How long, at most, until run_ready() should be called though fd() says nothing: somebody
    // sleeps. Empty: nobody does.
    std::optional<std::chrono::nanoseconds> next_deadline() const;

    // ---- the end ----

    // Waits until everything that was published is heard, and what followed from it, by all who are not
    // waiting themselves; what they are to hear of the past too; and until it is stored. Not until what
    // failed is heard again. False: the time is over, or this is inside a handler. (On a thread that is not the
    // caller's, it waits for the caller's loop to be run.)
    bool drain(std::chrono::nanoseconds at_most = std::chrono::seconds(10));
    // Ends every subscription; what is still queued is not heard. The last handle's destructor does
    // this, and closes the journal. Publishing is answered with `closed` from now on; what was
    // published is stored when this returns, if the disk takes it (it is waited for 10 seconds). Inside a
    // handler it returns before the threads have ended, and outside the caller's thread before run_ready()
    // has seen it.
    void stop();

    Stats stats() const;

    explicit Broker(std::shared_ptr<detail::Core> core) : core_(std::move(core)) {}

 private:
    template <Message T>
    friend class Topic;

    static detail::Terms terms_of(const SubscribeOptions& options) {
        return {options.queue, options.overflow,  options.group,     options.from,
                options.name,  options.guarantee, options.redelivery};
    }

    template <class M>
    Result<Receipt> publish_as(const Once* once, std::string_view topic, M&& message) {
        const auto send = [this, once](detail::Outgoing& outgoing) -> Result<Receipt> {
            outgoing.once = once;
            auto published = detail::publish(*core_, outgoing);
            if (!published) return std::move(published).error();
            return Receipt{published->matched, published->duplicate};
        };
        return detail::with_outgoing(topic, std::forward<M>(message), send);
    }
    template <class M>
    Confirming publish_confirmed_as(const Once* once, std::string_view topic, M&& message) {
        const auto send = [this, once](detail::Outgoing& outgoing) {
            outgoing.once = once;
            return Confirming(detail::publish_confirmed(*core_, outgoing));
        };
        return detail::with_outgoing(topic, std::forward<M>(message), send);
    }

    std::shared_ptr<detail::Core> core_;
};

template <Message T>
class Topic {
 public:
    Topic(Broker broker, std::string_view name) : broker_(std::move(broker)), name_(name) {}

    const std::string& name() const { return name_; }
    Result<Receipt> publish(const T& message) { return broker_.publish(name_, message); }
    Result<Receipt> publish(T&& message) { return broker_.publish(name_, std::move(message)); }
    Result<Receipt> publish(const T& message, const Once& once) {
        return broker_.publish(name_, message, once);
    }
    Confirming publish_confirmed(const T& message) {
        return broker_.publish_confirmed(name_, message);
    }

 private:
    Broker broker_;
    const std::string name_;
};

template <Message T>
Topic<T> Broker::topic(std::string_view name) {
    return Topic<T>(*this, name);
}

// ---- building one ----

// Threads that run handlers, 1 … 64; 0: the caller's (run_ready).
struct Threads {
    unsigned count = 1;
};

// Where errors go that have nobody to return to: handlers that throw, messages that do not read as
// what a subscriber takes, subscriptions that the broker ended. Any of the broker's threads; do not
// block. Without one, the first hundred are printed on stderr.
using ErrorSink = std::function<void(const Error& error)>;

class CARILLON_API Builder {
 public:
    Builder();
    Builder(Builder&&) noexcept;
    Builder& operator=(Builder&&) noexcept;
    ~Builder();

    Builder& with(Threads threads);
    Builder& with(ErrorSink sink);
    // A type with any of the functions of carillon/hooks.h; `on`: only for these topics. In the
    // order in which they were added.
    template <Hook H>
    Builder& with(H hook, TopicFilter on = "#") {
        return add(detail::make_hook(std::move(hook)), on);
    }
    // Anything that says itself how it is built in: `void install(Builder&)`.
    template <class Part>
        requires requires(Part& part, Builder& builder) { part.install(builder); }
    Builder& with(Part part) {
        part.install(*this);
        return *this;
    }

    // Errors: invalid (all that is wrong, one after the other; a journal that is damaged), io (no thread,
    // no port, no journal), forbidden (another broker has the journal), unsupported (it is of a newer version).
    Result<Broker> start();

    // For parts (carillon/listen.h): where the broker lives, if not in a hub of its own.
    struct Plan;
    Plan& plan() { return *plan_; }

 private:
    Builder& add(std::unique_ptr<detail::HookFunctions> hook, const TopicFilter& on);

    std::unique_ptr<Plan> plan_;
};

}  // namespace carillon
