// carillon/hooks.h: what sees every publication before anybody hears it, whoever publishes: your
// program, or a client of the server that it embeds. A hook is any type with some of these:
//
//   void on_start(Broker& broker);               // once, before the first publication
//   Verdict on_publish(PublishEvent& event);     // look, put something else in its place, or refuse
//   void on_published(const PublishedEvent&);    // it is on its way, and so many are to hear it
//   Verdict on_subscribe(std::string_view topic);
//   void on_unsubscribe(std::string_view topic);
//   void on_stop();
//
// Called on the thread that publishes or (un)subscribes, on several at once, under no lock. A hook may
// publish: nested 8 deep, then that publish is refused. Hooks are asked in the order in which they were
// added, and each sees what the one before it made of the message; the first refusal is final. One
// that throws has refused.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "carillon/detail/core.h"

namespace carillon {

class Broker;

class Verdict {
 public:
    static Verdict pass() { return {}; }
    // Nobody hears it. The publisher is told, in these words, as ErrorKind::forbidden.
    static Verdict refuse(std::string reason) {
        Verdict verdict;
        verdict.refused_ = true;
        verdict.reason_ = std::move(reason);
        return verdict;
    }
    bool refused() const { return refused_; }
    const std::string& reason() const { return reason_; }

 private:
    bool refused_ = false;
    std::string reason_{};
};

// One publication, before it is one. Valid inside on_publish.
class CARILLON_API PublishEvent {
 public:
    PublishEvent(std::string_view topic, const void* publication)
        : topic_(topic), publication_(publication) {}

    std::string_view topic() const { return topic_; }
    // Of a client of the server; 0: of this program, or of a backend.
    std::uint64_t client() const;
    // The message as bytes. (Of a typed one they are made now.)
    std::string_view body() const { return detail::body_of(publication()); }
    Encoding encoding() const { return detail::encoding_of(publication()); }
    // The message as a T: at no cost if it was published as one, else decoded.
    template <Message T>
    Result<T> as() const {
        if (const auto* same = static_cast<const T*>(value_as(detail::type_of<T>()))) return *same;
        return decode<T>(body(), encoding());
    }
    // The same without a copy; null: it was not published as a T.
    template <Message T>
    const T* get_if() const {
        return static_cast<const T*>(value_as(detail::type_of<T>()));
    }
    // Puts another message in its place, for everybody who hears it.
    template <class M>
        requires Message<MessageOf<M>>
    void replace(M&& message) {
        using T = MessageOf<M>;
        if constexpr (std::is_same_v<T, std::string>) {
            replace_body(message, Encoding::text);
        } else if constexpr (std::is_same_v<T, Raw>) {
            replace_body(message.body, message.encoding);
        } else {
            replace_value(detail::type_of<T>(), std::addressof(message));
        }
    }

    const void* publication() const {
        return replaced_.get() != nullptr ? replaced_.get() : publication_;
    }
    bool replaced() const { return replaced_.get() != nullptr; }

 private:
    const void* value_as(const detail::Type& type) const;
    void replace_body(std::string_view body, Encoding encoding);
    void replace_value(const detail::Type& type, const void* value);

    std::string_view topic_;
    const void* publication_;
    detail::Keep replaced_{};
};

struct PublishedEvent {
    std::string_view topic;
    std::uint64_t matched;
    const void* publication;
    std::string_view body() const { return detail::body_of(publication); }
};

namespace detail {

template <class H>
concept HasOnStart = requires(H& hook, Broker& broker) { hook.on_start(broker); };
template <class H>
concept HasOnPublish = requires(H& hook, PublishEvent& event) {
    { hook.on_publish(event) } -> std::same_as<Verdict>;
};
template <class H>
concept HasOnPublished =
    requires(H& hook, const PublishedEvent& event) { hook.on_published(event); };
template <class H>
concept HasOnSubscribe = requires(H& hook, std::string_view topic) {
    { hook.on_subscribe(topic) } -> std::same_as<Verdict>;
};
template <class H>
concept HasOnUnsubscribe =
    requires(H& hook, std::string_view topic) { hook.on_unsubscribe(topic); };
template <class H>
concept HasOnStop = requires(H& hook) { hook.on_stop(); };

}  // namespace detail

template <class H>
concept Hook = std::move_constructible<H> &&
               (detail::HasOnStart<H> || detail::HasOnPublish<H> || detail::HasOnPublished<H> ||
                detail::HasOnSubscribe<H> || detail::HasOnUnsubscribe<H> || detail::HasOnStop<H>);

namespace detail {

// A hook without its type.
struct HookFunctions {
    virtual ~HookFunctions() = default;
    virtual bool has_on_publish() const = 0;
    virtual void on_start(Broker&) {}
    virtual Verdict on_publish(PublishEvent&) { return Verdict::pass(); }
    virtual void on_published(const PublishedEvent&) {}
    virtual Verdict on_subscribe(std::string_view) { return Verdict::pass(); }
    virtual void on_unsubscribe(std::string_view) {}
    virtual void on_stop() {}
};

template <class H>
std::unique_ptr<HookFunctions> make_hook(H hook) {
    struct Functions final : HookFunctions {
        explicit Functions(H h) : its(std::move(h)) {}
        bool has_on_publish() const override { return HasOnPublish<H>; }
        void on_start(Broker& broker) override {
            if constexpr (HasOnStart<H>) its.on_start(broker);
        }
        Verdict on_publish(PublishEvent& event) override {
            if constexpr (HasOnPublish<H>) return its.on_publish(event);
            return Verdict::pass();
        }
        void on_published(const PublishedEvent& event) override {
            if constexpr (HasOnPublished<H>) its.on_published(event);
        }
        Verdict on_subscribe(std::string_view topic) override {
            if constexpr (HasOnSubscribe<H>) return its.on_subscribe(topic);
            return Verdict::pass();
        }
        void on_unsubscribe(std::string_view topic) override {
            if constexpr (HasOnUnsubscribe<H>) its.on_unsubscribe(topic);
        }
        void on_stop() override {
            if constexpr (HasOnStop<H>) its.on_stop();
        }
        H its;
    };
    return std::make_unique<Functions>(std::move(hook));
}

}  // namespace detail

// ---- shipped ----

// Writes a line for each publication: its topic, and how many are to hear it. Never the message. `write` is called on the thread that publishes.
class CARILLON_API Logging {
 public:
    using Write = std::function<void(std::string_view line)>;
    Logging();  // to stderr
    explicit Logging(Write write) : write_(std::move(write)) {}
    void on_published(const PublishedEvent& event);
    Verdict on_subscribe(std::string_view topic);
    void on_unsubscribe(std::string_view topic);

 private:
    Write write_;
};

// Counts publications, those who are to hear them, and subscriptions. Copies count together; text() is
// Prometheus's format. Any thread.
class CARILLON_API Metrics {
 public:
    Metrics();
    void on_published(const PublishedEvent& event);
    Verdict on_subscribe(std::string_view topic);
    void on_unsubscribe(std::string_view topic);
    std::uint64_t published() const;
    std::uint64_t matched() const;
    std::string text() const;

 private:
    struct Counts;
    std::shared_ptr<Counts> counts_;
};

// Rewrites every message that reads as a T: `void change(T& message)`. Others pass as they are.
//   .with(transform<Reading>([](Reading& r) { r.celsius = std::round(r.celsius); }), "sensor/#")
template <Message T, class Change>
class Transform {
 public:
    explicit Transform(Change change) : change_(std::move(change)) {}
    Verdict on_publish(PublishEvent& event) {
        auto message = event.as<T>();
        if (!message) return Verdict::pass();
        change_(*message);
        event.replace(std::move(*message));
        return Verdict::pass();
    }

 private:
    Change change_;
};
template <Message T, class Change>
Transform<T, Change> transform(Change change) {
    return Transform<T, Change>(std::move(change));
}

}  // namespace carillon
