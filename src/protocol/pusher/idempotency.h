// protocol/pusher/idempotency.h: publishes that are done once however often they are asked for: a
// backend that got no answer asks again with the same key and gets the first answer. Only what was
// done is remembered: who was refused may try again.
//
//   begin ──> first ──> finish: the next ones are told the answer, until their time is over
//         │        └──> abandon: as if it had never begun
//         ├──> done: with the first's answer
//         └──> in_progress: another thread is at it; come back
//
// Any thread; the mutex is taken twice in a call that names a key. All apps share `bytes_max`: the
// oldest keys are forgotten for new ones, and counted.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/count.h"
#include "base/limits.h"
#include "base/time.h"

namespace carillon::pusher {

class Idempotency {
 public:
    struct Begun {
        enum class State : std::uint8_t { first, done, in_progress };
        State state;
        std::string answer{};      // of done
        std::uint64_t ticket = 0;  // of first: what finish or abandon is to be called with, once
    };

    explicit Idempotency(std::size_t bytes_max = limits::idempotency_bytes_max)
        : bytes_max_(bytes_max) {}

    // `lifetime_s` is the same in all calls: keys expire in the order in which they came.
    Begun begin(std::string_view app_id, std::string_view key, std::uint32_t lifetime_s, Now now);
    void finish(std::uint64_t ticket, std::string answer);
    void abandon(std::uint64_t ticket);

    // Keys that were forgotten before their time. Any thread.
    const base::SharedCount& forgotten() const { return forgotten_; }

 private:
    struct Entry {
        std::string name;  // the app and its key
        std::uint64_t ticket;
        std::int64_t until_ns;
        bool done = false;
        std::string answer{};
    };
    using Entries = std::list<Entry>;

    static std::size_t bytes_of(const Entry& entry);
    Entries::iterator find(std::uint64_t ticket);
    void erase(Entries::iterator entry);
    void make_room();

    const std::size_t bytes_max_;
    std::mutex mutex_;
    Entries entries_;  // the oldest first
    std::unordered_map<std::string_view, Entries::iterator> by_name_;
    std::unordered_map<std::uint64_t, Entries::iterator> in_progress_;
    std::size_t bytes_ = 0;
    std::uint64_t last_ticket_ = 0;
    base::SharedCount forgotten_;
};

}  // namespace carillon::pusher
