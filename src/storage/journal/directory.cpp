#include "storage/journal/directory.h"

#include <algorithm>

namespace carillon::storage {

Directory::ChannelRef Directory::find(std::string_view app, std::string_view name) const {
    const auto key = channel_key(app, name);
    const auto& stripe = stripe_of(key);
    const std::scoped_lock lock(stripe.mutex);
    const auto found = stripe.channels.find(key);
    return found == stripe.channels.end() ? nullptr : found->second;
}

Directory::ChannelRef Directory::find_or_make(std::string_view app, std::string_view name) {
    auto made = std::make_shared<JournalChannel>(app, name);
    auto& stripe = const_cast<Stripe&>(stripe_of(made->key));
    const std::scoped_lock lock(stripe.mutex);
    const auto [found, is_new] = stripe.channels.try_emplace(made->key, made);
    if (is_new) {
        const std::scoped_lock all(all_mutex_);
        all_.push_back(made);
        size_.fetch_add(1, std::memory_order_relaxed);
        // With its control block, its node in the table and its places in both.
        bytes_.fetch_add(sizeof(JournalChannel) + made->key.capacity() + 96,
                         std::memory_order_relaxed);
    }
    return found->second;
}

std::vector<Directory::ChannelRef> Directory::some(std::size_t from, std::size_t count) const {
    const std::scoped_lock lock(all_mutex_);
    from = std::min(from, all_.size());
    count = std::min(count, all_.size() - from);
    const auto begin = all_.begin() + static_cast<std::ptrdiff_t>(from);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace carillon::storage
