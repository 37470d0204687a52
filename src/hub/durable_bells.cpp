#include "hub/durable_bells.h"

#include <algorithm>

namespace carillon::hub {

void DurableBell::ring_if_hungry() {
    if (!hungry_.exchange(false) || ring_ == nullptr) return;
    const auto me = std::this_thread::get_id();
    {
        const std::lock_guard lock(mutex_);
        if (silent_) return;
        ringing_.push_back(me);
    }
    ring_();
    const std::lock_guard lock(mutex_);
    ringing_.erase(std::find(ringing_.begin(), ringing_.end(), me));
    quiet_.notify_all();
}

void DurableBell::silence() {
    std::unique_lock lock(mutex_);
    silent_ = true;
    // Who leaves from within his own ring does not wait for himself.
    const auto me = std::this_thread::get_id();
    quiet_.wait(lock, [&] {
        return std::all_of(ringing_.begin(), ringing_.end(), [me](auto id) { return id == me; });
    });
}

std::shared_ptr<DurableBell> DurableBells::add(std::function<void()> ring) {
    auto bell = std::make_shared<DurableBell>(std::move(ring));
    const std::lock_guard lock(mutex_);
    bells_.push_back(bell);
    return bell;
}

void DurableBells::remove(const std::shared_ptr<DurableBell>& bell) {
    {
        const std::lock_guard lock(mutex_);
        std::erase(bells_, bell);
    }
    bell->silence();
}

void DurableBells::ring() {
    std::vector<std::shared_ptr<DurableBell>> bells;
    {
        const std::lock_guard lock(mutex_);
        bells = bells_;
    }
    for (const auto& bell : bells) bell->ring_if_hungry();
}

void DurableBells::settle(std::uint64_t save) {
    auto known = settled_.load();
    while (known < save && !settled_.compare_exchange_weak(known, save)) {
    }
}

}  // namespace carillon::hub
