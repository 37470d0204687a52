#include "hub/session.h"

#include <algorithm>

#include "base/assert.h"
#include "hub/channel.h"
#include "hub/lane_channel.h"

namespace carillon::hub {

Subscription* Subscriptions::find(std::string_view channel) const {
    if (index_ != nullptr) {
        const auto at = index_->find(channel);
        return at == index_->end() ? nullptr : at->second;
    }
    const auto at = std::find_if(list_.begin(), list_.end(), [&](const Subscription* s) {
        return s->channel->name() == channel;
    });
    return at == list_.end() ? nullptr : *at;
}

Subscription* Subscriptions::find(const LaneChannel& local) const {
    // The name is only a detour when there is an index; the short list is searched by pointer.
    if (index_ != nullptr) {
        auto* found = find(local.channel().name());
        return found != nullptr && found->local == &local ? found : nullptr;
    }
    const auto at = std::find_if(list_.begin(), list_.end(),
                                 [&](const Subscription* s) { return s->local == &local; });
    return at == list_.end() ? nullptr : *at;
}

void Subscriptions::add(Subscription& subscription) {
    list_.push_back(&subscription);
    if (subscription.is_pattern) ++patterns_;
    if (index_ != nullptr) {
        index_->emplace(subscription.channel->name(), &subscription);
    } else if (list_.size() > index_above) {
        index_ = std::make_unique<Index>();
        for (auto* s : list_) index_->emplace(s->channel->name(), s);
    }
}

void Subscriptions::remove(Subscription& subscription) {
    if (index_ != nullptr) index_->erase(subscription.channel->name());
    const auto at = std::find(list_.rbegin(), list_.rend(), &subscription);
    ASSERT(at != list_.rend());
    *at = list_.back();
    list_.pop_back();
    if (subscription.is_pattern) --patterns_;
}

std::string_view Session::member_in(std::string_view channel) const {
    const auto* subscription = subscriptions_.find(channel);
    if (subscription == nullptr || subscription->member == nullptr) return {};
    return subscription->member->id;
}

void Session::each_channel(const std::function<void(std::string_view)>& visit) const {
    for (const auto* subscription : subscriptions_) visit(subscription->channel->name());
}

}  // namespace carillon::hub
