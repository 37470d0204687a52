#include "hub/durable.h"

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "hub/durable_subscription.h"

namespace carillon::hub {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= limits::durable_name_bytes_max &&
           std::none_of(name.begin(), name.end(), is_control);
}

}  // namespace

using SubscriptionRef = boost::intrusive_ptr<DurableSubscription>;

struct Durables::Parts {
    using Key = std::tuple<std::string, std::string, std::string>;  // app id, channel, name
    History& history;
    Cursors& cursors;
    std::shared_ptr<DurableDeadlines> deadlines = std::make_shared<DurableDeadlines>();
    mutable std::mutex mutex{};
    std::map<Key, SubscriptionRef> subscriptions{};
    std::size_t sweep_at = 64;  // so many, and those whom nobody needs are let go

    // Under the mutex.
    void sweep() {
        if (subscriptions.size() < sweep_at) return;
        std::erase_if(subscriptions, [](const auto& entry) {
            return entry.second->use_count() == 1 && entry.second->idle();
        });
        sweep_at =
            std::min(std::max<std::size_t>(64, 2 * subscriptions.size()), limits::durables_max);
    }
    Result<SubscriptionRef> find_or_make(const AppRef& app, Key key) {
        const std::lock_guard lock(mutex);
        sweep();
        const auto found = subscriptions.find(key);
        if (found != subscriptions.end()) return found->second;
        if (subscriptions.size() >= limits::durables_max) {
            return Error{ErrorKind::too_large, "too many named subscriptions"};
        }
        SubscriptionRef made(new DurableSubscription({history, cursors, deadlines}, app,
                                                     std::get<1>(key), std::get<2>(key)));
        subscriptions.emplace(std::move(key), made);
        return made;
    }
    void remove(const Key& key, const SubscriptionRef& subscription) {
        const std::lock_guard lock(mutex);
        const auto found = subscriptions.find(key);
        if (found != subscriptions.end() && found->second == subscription) {
            subscriptions.erase(found);
        }
    }
};

Durables::Durables(History& history, Cursors& cursors) : parts_(new Parts{history, cursors}) {}

// What the storage refused is tried once more.
Durables::~Durables() {
    for (const auto& [key, subscription] : parts_->subscriptions) subscription->save_now();
    parts_->deadlines->clear();
}

Result<DurableRef> Durables::open(const AppRef& app, std::string_view channel,
                                  std::string_view name, const DurableTerms& terms, Now now) {
    if (!is_name(name)) {
        return Error{ErrorKind::invalid,
                     "a subscription's name: 1 to 128 bytes, no control characters"};
    }
    if (parts_->history.keeps(*app, channel) != History::Keeps::for_good) {
        return Error{ErrorKind::unsupported, "this channel is not kept for good"};
    }
    const Parts::Key key(app->id, channel, name);
    TRY_AS(const auto subscription, parts_->find_or_make(app, key));
    if (auto started = subscription->start(terms, now); !started) {
        parts_->remove(key, subscription);
        return std::move(started).error();
    }
    return DurableRef(subscription);
}

std::vector<std::string> Durables::names(const App& app, std::string_view channel) {
    auto names = parts_->cursors.names(app, channel);
    std::erase_if(names, [](const std::string& name) { return !is_name(name); });
    return names;
}

bool Durables::forget(const App& app, std::string_view channel, std::string_view name) {
    if (!is_name(name)) return false;
    const Parts::Key key(app.id, channel, name);
    SubscriptionRef subscription;
    {
        const std::lock_guard lock(parts_->mutex);
        const auto found = parts_->subscriptions.find(key);
        if (found != parts_->subscriptions.end()) subscription = found->second;
    }
    if (subscription != nullptr) {
        if (!subscription->forget()) return false;
        parts_->remove(key, subscription);
        return true;
    }
    auto& cursors = parts_->cursors;
    if (cursors.load(app, channel, name).empty()) return false;
    const auto dead = DurableSubscription::dead_name(name);
    return cursors.save(app, channel, dead, {}, nullptr) &&
           cursors.save(app, channel, name, {}, nullptr);
}

std::int64_t Durables::next_deadline_ns() const { return parts_->deadlines->next_ns(); }
void Durables::on_sooner(std::function<void()> sooner) {
    parts_->deadlines->on_sooner(std::move(sooner));
}
void Durables::tick(Now now) {
    for (const auto& subscription : parts_->deadlines->take_due(now.steady_ns)) {
        subscription->tick(now);
    }
}

// ---- deadlines ----

bool DurableDeadlines::move(const Ref& subscription, std::int64_t from_ns, std::int64_t to_ns) {
    const std::lock_guard lock(mutex_);
    if (from_ns != base::never_ns) due_.erase({from_ns, subscription});
    if (to_ns != base::never_ns && !closed_) due_.emplace(to_ns, subscription);
    const auto before = next_ns_.load();
    next_ns_.store(due_.empty() ? base::never_ns : due_.begin()->first);
    return next_ns_.load() < before;
}

std::vector<DurableDeadlines::Ref> DurableDeadlines::take_due(std::int64_t now_ns) {
    std::vector<Ref> due;
    if (next_ns_.load() > now_ns) return due;
    const std::lock_guard lock(mutex_);
    while (!due_.empty() && due_.begin()->first <= now_ns) {
        due.push_back(due_.begin()->second);
        due_.erase(due_.begin());
    }
    next_ns_.store(due_.empty() ? base::never_ns : due_.begin()->first);
    return due;
}

void DurableDeadlines::on_sooner(std::function<void()> sooner) {
    auto shared = std::make_shared<const std::function<void()>>(std::move(sooner));
    const std::lock_guard lock(mutex_);
    sooner_ = std::move(shared);
}

void DurableDeadlines::tell() {
    std::shared_ptr<const std::function<void()>> sooner;
    {
        const std::lock_guard lock(mutex_);
        sooner = sooner_;
    }
    if (sooner != nullptr && *sooner != nullptr) (*sooner)();
}

// They hold each other: let go, and take no more.
void DurableDeadlines::clear() {
    std::set<Due> due;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    due.swap(due_);
    next_ns_.store(base::never_ns);
}

}  // namespace carillon::hub
