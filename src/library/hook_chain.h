// library/hook_chain.h: the hooks of a broker as the hub asks them: one after the other, each for the
// topics that it was added for.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "carillon/hooks.h"
#include "hub/hub.h"
#include "hub/pattern.h"

namespace carillon::library {

inline Result<hub::Pattern> parse_filter(const detail::Where& where) {
    const auto kind = where.glob ? hub::Pattern::Kind::glob : hub::Pattern::Kind::levels;
    return hub::Pattern::parse(kind, where.text);
}

class HookChain final : public hub::Hooks {
 public:
    struct Link {
        Link(std::unique_ptr<detail::HookFunctions> h, hub::Pattern pattern)
            : hook(std::move(h)), on(std::move(pattern)), everywhere(on.text() == "#") {}
        bool cares_for(std::string_view topic) const { return everywhere || on.matches(topic); }

        std::unique_ptr<detail::HookFunctions> hook;
        hub::Pattern on;
        bool everywhere;  // and for topics that begin with '$'
    };
    using Report = std::function<void(const Error&)>;
    HookChain(std::vector<Link> links, Report report)
        : links_(std::move(links)),
          intervenes_(std::any_of(links_.begin(), links_.end(),
                                  [](const Link& link) { return link.hook->has_on_publish(); })),
          report_(std::move(report)) {}

    bool empty() const { return links_.empty(); }
    // Whose publications they see. A server's clients wait until it is known.
    void watch(const hub::AppRef& app) {
        app_ = app;
        known_.store(true, std::memory_order_release);
        known_.notify_all();
    }
    void on_start(Broker& broker);
    void on_stop();
    // While one of these stands, what this thread subscribes or unsubscribes is not put to the hooks:
    // they were asked before.
    class AskedAlready {
     public:
        AskedAlready();
        AskedAlready(const AskedAlready&) = delete;
        AskedAlready& operator=(const AskedAlready&) = delete;
        ~AskedAlready();
    };
    // What the hook said that refused last on this thread; empties it.
    static std::string take_reason();

    bool watch(const hub::App& app) const override {
        if (!known_.load(std::memory_order_acquire)) known_.wait(false);
        return app_ != nullptr && app.id == app_->id;
    }
    bool may_intervene() const override { return intervenes_; }
    bool before_publish(const hub::AppRef& app, std::string_view channel,
                        hub::PublicationRef& publication) const override;
    void after_publish(const hub::AppRef& app, std::string_view channel,
                       const hub::PublicationRef& publication,
                       std::uint64_t matched) const override;
    bool before_subscribe(const hub::AppRef& app, std::string_view channel) const override;
    void after_unsubscribe(const hub::AppRef& app, std::string_view channel) const override;

 private:
    template <class Ask>
    Verdict ask(const Ask& question) const;

    const std::vector<Link> links_;
    const bool intervenes_;
    const Report report_;
    hub::AppRef app_;
    std::atomic<bool> known_{false};
};

}  // namespace carillon::library
