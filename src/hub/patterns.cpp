#include "hub/patterns.h"

#include "hub/channel.h"

namespace carillon::hub {

struct Patterns::Owned {
    Owned(AppState& app_state, const Pattern& p) : pattern(p), channel(app_state, p.key(), 0, 0) {}
    const Pattern pattern;
    Channel channel;
};

Patterns::Patterns() = default;
Patterns::~Patterns() = default;

Channel* Patterns::find_key(const std::string& key) const {
    const auto at = owned_.find(key);
    return at == owned_.end() ? nullptr : &at->second->channel;
}

Channel& Patterns::add(AppState& app_state, const Pattern& pattern) {
    auto made = std::make_unique<Owned>(app_state, pattern);
    auto& channel = made->channel;
    index.add(pattern, channel);
    owned_.emplace(pattern.key(), std::move(made));
    count.store(owned_.size(), std::memory_order_relaxed);
    return channel;
}

void Patterns::erase_if_gone(Channel& channel) {
    if (!channel.unused()) return;
    const auto at = owned_.find(std::string(channel.name()));
    index.remove(at->second->pattern);
    owned_.erase(at);
    count.store(owned_.size(), std::memory_order_relaxed);
}

}  // namespace carillon::hub
