#include "hub/channel_table.h"

#include <functional>

namespace carillon::hub {

namespace {
// flat_set wants a hash whose low and high bits are both good; the stripe takes bits of its own.
std::size_t mix(std::size_t h) {
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15ULL;
    return h ^ (h >> 29);
}
}  // namespace

ChannelTable::Locked ChannelTable::lock(AppState& app_state, std::string_view name) {
    const auto hash = mix(std::hash<std::string_view>{}(name) ^
                          (reinterpret_cast<std::uintptr_t>(&app_state) * 0xff51afd7ed558ccdULL));
    return {*this, Key{&app_state, name, hash}, app_state};
}

ChannelTable::Locked::Locked(ChannelTable& table, const Key& key, AppState& app_state)
    : table_(table),
      key_(key),
      app_state_(app_state),
      stripe_(table.stripes_[(key.hash >> 40) % table.stripes_.size()]),
      lock_(stripe_.mutex) {}

Channel* ChannelTable::Locked::find() const {
    const auto at = stripe_.channels.find(key_);
    return at == stripe_.channels.end() ? nullptr : at->get();
}

Channel& ChannelTable::Locked::find_or_create() {
    if (auto* found = find()) return *found;
    table_.size_.fetch_add(1, std::memory_order_relaxed);
    const auto epoch = table_.next_epoch_.fetch_add(1, std::memory_order_relaxed);
    auto made = std::make_unique<Channel>(app_state_, key_.name, key_.hash, epoch);
    return **stripe_.channels.insert(std::move(made)).first;
}

void ChannelTable::Locked::keep(Channel& channel, std::unique_ptr<ChannelHistory> history) {
    if (const auto past = history->position(); past.epoch != 0) channel.position() = past;
    channel.keeping_ = std::make_unique<Keeping>(channel, std::move(history));
    stripe_.keeping.push_back(*channel.keeping_);
}

void ChannelTable::Locked::erase_if_gone(Channel& channel) {
    if (channel.gone()) table_.erase(stripe_, channel);
}

void ChannelTable::trim(std::size_t stripe_index, Now now) {
    auto& stripe = stripes_[stripe_index];
    const std::lock_guard lock(stripe.mutex);
    for (auto at = stripe.keeping.begin(); at != stripe.keeping.end();) {
        Keeping& keeping = *at++;  // it may go
        keeping.history->trim(now);
        const auto& channel = keeping.channel;
        const bool found_again = channel.unused() && keeping.history->outlives_channel();
        if (channel.gone() || found_again) erase(stripe, keeping.channel);
    }
}

void ChannelTable::erase(Stripe& stripe, Channel& channel) {
    stripe.channels.erase(
        stripe.channels.find(Key{&channel.app_state(), channel.name(), channel.hash()}));
    size_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace carillon::hub
