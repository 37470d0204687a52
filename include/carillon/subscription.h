// carillon/subscription.h: what subscribing gives: a Subscription for handlers, a Stream for who would
// rather ask; and a Delivery, which is a message with what is known of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "carillon/detail/core.h"
#include "carillon/guarantees.h"

namespace carillon {

// What happens to a publication that finds a subscription's queue full.
enum class Overflow : unsigned char {
    // Publishers outside every loop of the broker wait until there is room. Inside one (a handler, a
    // coroutine, the caller's own loop) waiting would be for oneself: there it is drop_newest, and
    // so it is for clients of a server.
    wait,
    drop_newest,
    drop_oldest,
    close,  // the subscription ends, with an Error
};

struct SubscribeOptions {
    // Publications that may wait, beside the one in hand.
    std::uint32_t queue = 65'536;
    Overflow overflow = Overflow::drop_newest;
    // Hear as a member of this queue group: of each publication exactly one member hears, in turns;
    // one that is full or gone passes on what it was to hear. Empty: hear all.
    std::string_view group{};

    // ---- of a topic that a journal keeps, not of a pattern, nor with a group ----

    // What is read of the past overflows no queue: it waits in the journal. `queue` and `overflow` are
    // for what is published from then on.
    From from{};
    // At least once, up to 128 bytes: what the subscriptions of this name have heard is remembered
    // when they are gone, and the program. Several share the work: each message is in the hands of one
    // of them. It is done with when the handler returns (a Task: has ended), and heard again if it
    // threw. Only what is stored is heard, a moment later than by others. `from` is for a name
    // that is new; `queue` and `overflow` do not count. See carillon/guarantees.h.
    std::string_view name{};
    Guarantee guarantee = Guarantee::automatic;
    Redelivery redelivery{};  // of the name: what the last who came said counts
};

// `orders-*` as against levels: "*" is any run of characters, '/' too, and "?" is one.
struct Glob {
    std::string_view text;
};
inline Glob glob(std::string_view text) { return {text}; }

// A topic, or a pattern over levels: "+" (or "*") is one level, "#" is this level and all below, as
// in MQTT. "sensor/+/temperature", "orders/#". A pattern that begins with a wildcard does not match
// topics that begin with '$'.
class TopicFilter {
 public:
    // NOLINTBEGIN(google-explicit-constructor): it is written as text
    TopicFilter(const char* text) : where_{text} {}
    TopicFilter(std::string_view text) : where_{text} {}
    TopicFilter(const std::string& text) : where_{text} {}
    TopicFilter(Glob glob) : where_{glob.text, true} {}
    // NOLINTEND(google-explicit-constructor)

    const detail::Where& where() const { return where_; }

 private:
    detail::Where where_;
};

// What a Subscription and a Stream have in common: it hears as long as it lives. Keeps no broker
// alive. One thread at a time may use one.
class [[nodiscard]] Held {
 public:
    Held() = default;
    explicit Held(std::shared_ptr<detail::Control> control) : control_(std::move(control)) {}
    Held(Held&&) noexcept = default;
    Held& operator=(Held&& other) noexcept {
        if (this != &other) {
            drop();
            control_ = std::move(other.control_);
        }
        return *this;
    }
    ~Held() { drop(); }

    // Whether it hears. False: it was dropped, its broker is gone, or see error().
    explicit operator bool() const { return control_ != nullptr && detail::is_open(*control_); }
    // Why it could not be made, or was ended by the broker; null: neither.
    const Error* error() const {
        return control_ != nullptr ? detail::error_of(*control_) : nullptr;
    }
    void drop() {
        if (control_ != nullptr) detail::drop(control_);
        control_.reset();
    }

 protected:
    std::shared_ptr<detail::Control> control_;
};

// Hears by a handler. May be dropped anywhere, in its own handler too. When the destructor (or drop())
// returns outside every loop of the broker, no call of the handler is going on and none follows;
// inside one, the call that is going on is the last. A coroutine that waits goes on to its end.
class [[nodiscard]] Subscription : public Held {
 public:
    using Held::Held;
};

// A message with what is known of it. In a handler it is borrowed until the handler is finished; one
// that came out of a Stream is its own.
template <Message T>
class Delivery {
 public:
    // Of the handler's.
    Delivery(const detail::Incoming& incoming, const T& value)
        : topic_view_(incoming.topic),
          value_(&value),
          unix_ms_(incoming.unix_ms),
          position_{incoming.epoch, incoming.offset},
          deliveries_(incoming.deliveries),
          control_(incoming.control) {}
    // Of a stream's: `decoded`, if it came as another type.
    Delivery(detail::Pulled pulled, std::optional<T> decoded)
        : kept_(std::move(pulled)),
          decoded_(std::move(decoded)),
          unix_ms_(kept_.unix_ms),
          position_{kept_.epoch, kept_.offset},
          deliveries_(kept_.deliveries),
          control_(kept_.control.get()) {}

    std::string_view topic() const {
        return kept_.topic.empty() ? topic_view_ : std::string_view(kept_.topic);
    }
    const T& value() const {
        if (decoded_) return *decoded_;
        return value_ != nullptr ? *value_ : *static_cast<const T*>(kept_.value);
    }
    const T& operator*() const { return value(); }
    const T* operator->() const { return &value(); }
    // When it was published, to a few milliseconds.
    std::chrono::system_clock::time_point time() const {
        return std::chrono::system_clock::time_point(std::chrono::milliseconds(unix_ms_));
    }
    // Where it stands in its topic, if a journal keeps that. To go on behind it: From::after.
    Position position() const { return position_; }
    std::uint64_t offset() const { return position_.offset; }  // 0: it is not kept
    // The how-many-th time that its named subscription hears it, from 1; of others 1.
    std::uint32_t deliveries() const { return deliveries_; }

    // With Guarantee::exactly_once: publishes when the handler is through with this message (a stream:
    // when it asks for the next), each to a topic that is kept, at most 1,024 for one message; and
    // once, though this message should be heard again: then what its handler publishes, in
    // its order, is what it published before. If it throws, nothing is published. Errors: unsupported
    // (another guarantee; a topic that is not kept), invalid, too_large, closed (it is not in hand any more).
    template <class M>
        requires Message<MessageOf<M>>
    Result<void> publish(std::string_view topic, M&& message) const {
        return detail::with_outgoing(
            topic, std::forward<M>(message), [this](const detail::Outgoing& outgoing) {
                return detail::publish_with(control_, position_.offset, outgoing);
            });
    }

 private:
    std::string_view topic_view_{};
    const T* value_ = nullptr;
    detail::Pulled kept_{};
    std::optional<T> decoded_{};
    std::int64_t unix_ms_;
    Position position_;
    std::uint32_t deliveries_;
    detail::Control* control_;  // in a handler, or held by kept_
};

// A subscription that is asked: by a coroutine (co_await next()), or by a thread of your own
// (wait()), which may take its time without keeping anybody waiting. What does not decode is skipped
// and goes to the error sink. One reader at a time; not while another wait is going on.
//
// With a name (SubscribeOptions) what it gave is done with when the next is asked for. What was not: it
// is heard again, by this name, after the stream is dropped or its broker ends. What does not decode counts as
// rejected.
template <Message T>
class [[nodiscard]] Stream : public Held {
 public:
    using Held::Held;

    // The next one, or empty: the stream has ended. Who waits may be told so by drop().
    Task<std::optional<Delivery<T>>> next() { return next_of(control_); }
    // The same for a thread outside every loop of the broker, or for the caller's, whose loop runs
    // meanwhile. It waits, at most so long: then empty too.
    std::optional<Delivery<T>> wait(
        std::optional<std::chrono::nanoseconds> at_most = std::nullopt) {
        using Clock = std::chrono::steady_clock;
        if (control_ == nullptr) return std::nullopt;
        const auto begin = Clock::now();
        for (detail::Pulled pulled;;) {
            switch (detail::pull(*control_, pulled)) {
                case detail::Pulling::got:
                    if (auto delivery = open(control_, std::move(pulled))) return delivery;
                    continue;
                case detail::Pulling::closed:
                    return std::nullopt;
                case detail::Pulling::empty:
                    auto left = at_most;
                    if (left) *left -= Clock::now() - begin;
                    if (!detail::wait_to_pull(*control_, left)) return std::nullopt;
            }
        }
    }
    // With a name: what it gave last was in vain, and is heard again after a pause. False: it is not
    // in this stream's hands (its time is over), or the stream has no name.
    bool reject(std::string_view reason) {
        return control_ != nullptr && detail::reject(*control_, reason);
    }

 private:
    // Has a share of its own: the Stream may be dropped, or moved, meanwhile.
    static Task<std::optional<Delivery<T>>> next_of(std::shared_ptr<detail::Control> control) {
        if (control == nullptr) co_return std::nullopt;
        for (detail::Pulled pulled;;) {
            switch (detail::pull(*control, pulled)) {
                case detail::Pulling::got:
                    if (auto delivery = open(control, std::move(pulled))) co_return delivery;
                    continue;
                case detail::Pulling::closed:
                    co_return std::nullopt;
                case detail::Pulling::empty:
                    co_await Ready{*control};
            }
        }
    }

    struct Ready {
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> waiting) {
            return detail::wait_to_pull(control, waiting);
        }
        void await_resume() const noexcept {}
        detail::Control& control;
    };

    static std::optional<Delivery<T>> open(const std::shared_ptr<detail::Control>& control,
                                           detail::Pulled pulled) {
        if (pulled.type == &detail::type_of<T>()) {
            return Delivery<T>(std::move(pulled), std::nullopt);
        }
        const auto* publication = pulled.publication.get();
        auto decoded = decode<T>(detail::body_of(publication), detail::encoding_of(publication));
        if (decoded) return Delivery<T>(std::move(pulled), std::move(*decoded));
        auto error = std::move(decoded).error();
        error.message = pulled.topic + ": " + error.message;
        detail::report(control, std::move(error));
        return std::nullopt;
    }
};

}  // namespace carillon
