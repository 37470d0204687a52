// net/mailbox.h: cold work on its way to a loop from any thread: late answers, stop, "close this
// session". First in, first out for each sender; bounded by limits::mailbox_items_max, and a full
// one refuses, counted. Publications do not travel here; they have lane inboxes of their own. Knows
// no loop: it says when to wake one.
//
// A mutex, and why: senders are few and the work behind each task dwarfs one uncontended lock. The
// publisher's path never comes here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "base/count.h"
#include "base/limits.h"

namespace carillon::net {

class Mailbox {
 public:
    using Item = std::function<void()>;
    // wake: nobody was going to look; drain() soon.
    enum class Put : unsigned char { refused, queued, wake };

    Put put(Item item) {
        const std::lock_guard lock(mutex_);
        if (unfinished_ == limits::mailbox_items_max) {
            refused_.add();
            return Put::refused;
        }
        ++unfinished_;
        waiting_.push_back(std::move(item));
        return std::exchange(drain_is_coming_, true) ? Put::queued : Put::wake;
    }

    // The owner's thread: runs up to items_per_turn, so that sockets get their turn too; true means
    // call again soon.
    bool drain() {
        if (next_ == batch_.size()) take();
        std::size_t done = 0;
        for (; done < items_per_turn && next_ < batch_.size(); ++done) {
            const Item item = std::move(batch_[next_++]);
            item();
        }
        const std::lock_guard lock(mutex_);
        unfinished_ -= done;
        drain_is_coming_ = unfinished_ != 0;
        return drain_is_coming_;
    }

    std::uint64_t refused() const { return refused_.get(); }

    static constexpr std::size_t items_per_turn = 1024;

 private:
    void take() {
        batch_.clear();
        next_ = 0;
        const std::lock_guard lock(mutex_);
        batch_.swap(waiting_);
    }

    std::mutex mutex_;
    std::vector<Item> waiting_;
    std::size_t unfinished_ = 0;  // taking a batch makes no room: running it does
    bool drain_is_coming_ = false;
    base::SharedCount refused_;

    std::vector<Item> batch_;  // the owner's; no lock
    std::size_t next_ = 0;
};

}  // namespace carillon::net
