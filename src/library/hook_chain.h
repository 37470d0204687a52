// library/hook_chain.h: the hooks of a broker as the hub asks them: one after the other, each for the
// topics that it was added for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "carillon/hooks.h"
#include "hub/hub.h"
#include "hub/pattern.h"

namespace carillon::library {

class HookChain final : public hub::Hooks {
 public:
    struct Link {
        std::unique_ptr<detail::HookFunctions> hook;
        hub::Pattern on;
    };
    using Report = std::function<void(const Error&)>;
    HookChain(std::vector<Link> links, Report report)
        : links_(std::move(links)), report_(std::move(report)) {}

    bool empty() const { return links_.empty(); }
    void watch(const hub::AppRef& app) { app_ = app; }
    void on_start(Broker& broker);
    void on_stop();
    // What the hook said that refused last on this thread; empties it.
    static std::string take_reason();

    bool watch(const hub::App& app) const override { return app_ != nullptr && app.id == app_->id; }
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
    const Report report_;
    hub::AppRef app_;
};

}  // namespace carillon::library
