#include "library/hook_chain.h"

#include <exception>
#include <utility>

namespace carillon::library {

namespace {
thread_local std::string refusal;
thread_local bool asked_already = false;
}  // namespace

HookChain::AskedAlready::AskedAlready() { asked_already = true; }
HookChain::AskedAlready::~AskedAlready() { asked_already = false; }

std::string HookChain::take_reason() { return std::exchange(refusal, {}); }

// One that throws has refused.
template <class Ask>
Verdict HookChain::ask(const Ask& question) const {
    try {
        return question();
    } catch (...) {
        auto error = detail::error_of(std::current_exception());
        report_(error);
        return Verdict::refuse("a hook failed: " + error.message);
    }
}

void HookChain::on_start(Broker& broker) {
    for (const auto& link : links_) {
        (void)ask([&] { return link.hook->on_start(broker), Verdict::pass(); });
    }
}

void HookChain::on_stop() {
    for (const auto& link : links_) {
        (void)ask([&] { return link.hook->on_stop(), Verdict::pass(); });
    }
}

bool HookChain::before_publish(const hub::AppRef&, std::string_view channel,
                               hub::PublicationRef& publication) const {
    for (const auto& link : links_) {
        if (!link.cares_for(channel)) continue;
        PublishEvent event(channel, publication.get());
        const auto verdict = ask([&] { return link.hook->on_publish(event); });
        if (verdict.refused()) {
            refusal = verdict.reason();
            return false;
        }
        if (event.replaced()) {
            publication.reset(static_cast<const hub::Publication*>(event.publication()));
        }
    }
    return true;
}

void HookChain::after_publish(const hub::AppRef&, std::string_view channel,
                              const hub::PublicationRef& publication, std::uint64_t matched) const {
    const PublishedEvent event{channel, matched, publication.get()};
    for (const auto& link : links_) {
        if (!link.cares_for(channel)) continue;
        (void)ask([&] { return link.hook->on_published(event), Verdict::pass(); });
    }
}

bool HookChain::before_subscribe(const hub::AppRef&, std::string_view channel) const {
    if (asked_already) return true;
    for (const auto& link : links_) {
        if (!link.cares_for(channel)) continue;
        const auto verdict = ask([&] { return link.hook->on_subscribe(channel); });
        if (verdict.refused()) {
            refusal = verdict.reason();
            return false;
        }
    }
    return true;
}

void HookChain::after_unsubscribe(const hub::AppRef&, std::string_view channel) const {
    if (asked_already) return;
    for (const auto& link : links_) {
        if (!link.cares_for(channel)) continue;
        (void)ask([&] { return link.hook->on_unsubscribe(channel), Verdict::pass(); });
    }
}

}  // namespace carillon::library
