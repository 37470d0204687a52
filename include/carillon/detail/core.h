// carillon/detail/core.h: what the templates of broker.h and subscription.h ask of the library, without
// types. Not for users.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "carillon/codec.h"
#include "carillon/guarantees.h"
#include "carillon/result.h"
#include "carillon/task.h"

namespace carillon {
enum class Overflow : unsigned char;  // carillon/subscription.h
}

namespace carillon::detail {

class Core;     // a broker
class Control;  // a subscription, as its handle knows it
class Line;     // a subscription, as its loop knows it
class Pull;     // what a stream reads from

// A publication on its way to one subscriber. Valid until receive() returns, or done() was called.
struct Incoming {
    std::string_view topic;
    const Type* type;         // of `value`; null: it came as bytes
    const void* value;        // null: it came as bytes
    const void* publication;  // see Keep
    std::int64_t unix_ms;
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;  // 0: it is not kept
    std::uint32_t deliveries = 1;
    Control* control = nullptr;  // whose handler may publish exactly once; null: it may not
};

CARILLON_API std::string_view body_of(const void* publication);
CARILLON_API Encoding encoding_of(const void* publication);
CARILLON_API void hold(const void* publication);
CARILLON_API void release(const void* publication);

// Holds on to a publication: its value and its body stay where they are.
class Keep {
 public:
    Keep() = default;
    explicit Keep(const void* publication) : publication_(publication) { hold(publication); }
    Keep(Keep&& other) noexcept : publication_(std::exchange(other.publication_, nullptr)) {}
    Keep& operator=(Keep&& other) noexcept {
        std::swap(publication_, other.publication_);
        return *this;
    }
    ~Keep() {
        if (publication_ != nullptr) release(publication_);
    }
    const void* get() const { return publication_; }

 private:
    const void* publication_ = nullptr;
};

// What calls a handler. Called on one loop, for one publication after the other. What goes wrong is
// report()ed before it is through: a named subscription hears that message again.
class Receiver {
 public:
    virtual ~Receiver() = default;
    // False: it is not finished; the next one is handed over after finished().
    virtual bool receive(const Incoming& incoming, Line& line) = 0;
};

// A coroutine of this subscription's begins; it has come to its end at once; it has, after its
// receiver said false, on any thread.
CARILLON_API std::shared_ptr<Control> take_off(Line& line);
CARILLON_API void landed(Line& line);
CARILLON_API void finished(const std::shared_ptr<Control>& control);
CARILLON_API void report(const std::shared_ptr<Control>& control, const Error& error);
CARILLON_API void report(Line& line, const Error& error);
CARILLON_API Error error_of(const std::exception_ptr& thrown);

struct Where {
    std::string_view text;
    bool glob = false;
};
struct Terms {
    std::uint32_t queue;
    Overflow overflow;
    std::string_view group;
    From from{};
    std::string_view name{};
    Guarantee guarantee = Guarantee::automatic;
    Redelivery redelivery{};
};

// A subscription that could not be made has an Error, and no line.
CARILLON_API std::shared_ptr<Control> subscribe(Core& core, const Where& where, const Terms& terms,
                                                std::unique_ptr<Receiver> receiver);
CARILLON_API void drop(const std::shared_ptr<Control>& control);
CARILLON_API bool is_open(const Control& control);
CARILLON_API const Error* error_of(const Control& control);

// What came out of a stream's queue.
struct Pulled {
    Keep publication{};
    std::string topic{};
    const Type* type = nullptr;
    const void* value = nullptr;
    std::int64_t unix_ms = 0;
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;
    std::uint32_t deliveries = 1;
    std::shared_ptr<Control> control{};  // as Incoming's
};
CARILLON_API std::shared_ptr<Control> subscribe_to_pull(Core& core, const Where& where,
                                                        const Terms& terms);
enum class Pulling : unsigned char { got, empty, closed };
CARILLON_API Pulling pull(Control& control, Pulled& out);
// True: `waiting` is resumed on its loop as soon as pull() does not answer `empty`. False: it does
// not now.
CARILLON_API bool wait_to_pull(Control& control, std::coroutine_handle<> waiting);
// The same for a thread outside every loop. False: the time is over.
CARILLON_API bool wait_to_pull(Control& control, std::optional<std::chrono::nanoseconds> at_most);
// What pull() answered last was in vain. False: it is not this stream's (any longer), or it has no name.
CARILLON_API bool reject(Control& control, std::string_view reason);

struct Outgoing {
    std::string_view topic;
    const Type* type = nullptr;  // null: `body`
    void* value = nullptr;
    bool may_move = false;  // from `value`
    std::string_view body{};
    Encoding encoding = Encoding::text;
    const Once* once = nullptr;
};

// What `send` answers to a message without its type, which it borrows.
template <class M, class Send>
auto with_outgoing(std::string_view topic, M&& message, Send send) {
    using T = MessageOf<M>;
    Outgoing outgoing{.topic = topic};
    if constexpr (std::is_same_v<T, std::string>) {
        outgoing.body = message;
    } else if constexpr (std::is_same_v<T, Raw>) {
        outgoing.body = message.body;
        outgoing.encoding = message.encoding;
    } else {
        static_assert(alignof(T) <= alignof(std::max_align_t),
                      "over-aligned messages cannot travel");
        outgoing.type = &type_of<T>();
        outgoing.value = const_cast<T*>(std::addressof(message));
        outgoing.may_move =
            std::is_rvalue_reference_v<M&&> && !std::is_const_v<std::remove_reference_t<M>>;
    }
    return send(outgoing);
}

struct Published {
    std::uint64_t matched = 0;
    bool duplicate = false;
};
CARILLON_API Result<Published> publish(Core& core, const Outgoing& message);
// To be published when the handler that has this message in hand is through with it.
CARILLON_API Result<void> publish_with(Control* control, std::uint64_t offset,
                                       const Outgoing& message);

struct Confirmed;  // of a publication that is being confirmed
CARILLON_API std::shared_ptr<Confirmed> publish_confirmed(Core& core, const Outgoing& message);
CARILLON_API bool is_known(const Confirmed& confirmed);
CARILLON_API bool wait_until_known(Confirmed& confirmed, std::coroutine_handle<> waiting);
// Inside a handler it does not wait.
CARILLON_API void wait_until_known(Confirmed& confirmed);
struct Fate {
    std::uint64_t matched = 0;
    std::uint64_t queued = 0;
    std::uint64_t dropped = 0;
    bool stored = false;
    bool duplicate = false;
};
CARILLON_API Result<Fate> fate_of(const Confirmed& confirmed);

// False: the broker has stopped.
CARILLON_API bool sleep(Core& core, std::chrono::nanoseconds time, std::coroutine_handle<> waiting);
CARILLON_API void throw_if_stopped(const Core& core);
CARILLON_API void spawn(Core& core, Task<> task);

}  // namespace carillon::detail
