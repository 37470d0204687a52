// storage/journal/testing_house.h: a journal over a disk in memory, and the hand that publishes to it as a hub
// would: one channel's calls one after the other.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "base/time.h"
#include "storage/journal/journal.h"
#include "storage/journal/testing_memory_store.h"

namespace carillon::storage::testing {

inline constexpr std::int64_t patience_ms = 20'000;

inline hub::PublicationRef text(std::string_view body, hub::Once once = {}) {
    return hub::Publication::make({.event = "e", .body = body, .once = once});
}

// Tells that something happened to whoever waits for it.
class Bell {
 public:
    std::function<void()> ring() {
        return [state = state_] {
            const std::scoped_lock lock(state->mutex);
            ++state->rings;
            state->rung.notify_all();
        };
    }
    // Since the last time; false: nobody rang in all this time.
    bool wait() {
        std::unique_lock lock(state_->mutex);
        const auto until =
            std::chrono::system_clock::now() + std::chrono::milliseconds(patience_ms);
        return state_->rung.wait_until(lock, until, [this] { return state_->rings != heard_; }) &&
               (heard_ = state_->rings, true);
    }
    std::uint64_t rings() const {
        const std::scoped_lock lock(state_->mutex);
        return state_->rings;
    }

 private:
    struct State {
        mutable std::mutex mutex;
        std::condition_variable rung;
        std::uint64_t rings = 0;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::uint64_t heard_ = 0;
};

// What became of something that was to be stored.
class Told {
 public:
    // For one call, which is over when it is asked how that fared.
    hub::CountdownRef countdown() {
        countdown_.reset(
            new hub::Countdown([told = told_](const hub::Fate& fate) { told->set_value(fate); }));
        return countdown_;
    }
    bool is_over() {
        called();
        return fate_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
    hub::Fate fate() {
        called();
        ASSERT(fate_.wait_for(std::chrono::milliseconds(patience_ms)) == std::future_status::ready);
        return fate_.get();
    }

 private:
    void called() {
        if (const auto countdown = std::exchange(countdown_, nullptr)) countdown->done({});
    }
    hub::CountdownRef countdown_{};
    std::shared_ptr<std::promise<hub::Fate>> told_ = std::make_shared<std::promise<hub::Fate>>();
    std::shared_future<hub::Fate> fate_ = told_->get_future().share();
};

// A channel as the hub has it.
class Pen {
 public:
    Pen(hub::History& history, const hub::App& app, std::string_view name, std::uint64_t epoch,
        const base::Clock& clock)
        : clock_(clock), log(history.open(app, name, epoch)), position(log->position()) {
        if (position.epoch == 0) position.epoch = epoch;
    }
    std::uint64_t write(std::string_view body, const hub::CountdownRef& stored = nullptr,
                        hub::Once once = {}) {
        const auto now = clock_.get().now();
        ++position.offset;
        log->append(text(body, once), {position, now.unix_ms}, now, stored);
        return position.offset;
    }
    // As a hub: a duplicate is not appended.
    bool write_once(std::string_view body, hub::Once once) {
        if (log->seen(once)) return false;
        write(body, nullptr, once);
        return true;
    }

 private:
    std::reference_wrapper<const base::Clock> clock_;

 public:
    std::unique_ptr<hub::ChannelHistory> log;
    hub::Position position;
};

struct Heard {
    std::vector<hub::Kept> kept;
    hub::Reader::Page how = hub::Reader::Page::end;  // it ended so

    std::string bodies() const {
        std::string all;
        for (const auto& one : kept) all.append(one.publication->body()).append(" ");
        return all;
    }
    std::vector<std::uint64_t> offsets() const {
        std::vector<std::uint64_t> all;
        all.reserve(kept.size());
        for (const auto& one : kept) all.push_back(one.stamp.position.offset);
        return all;
    }
};

// Until there is nothing more, now. A reader without a ring is asked again and again.
inline Heard hear(hub::Reader& reader, Bell* bell = nullptr, std::size_t bytes_max = 64 * 1024) {
    Heard heard;
    for (;;) {
        heard.how = reader.next(bytes_max, heard.kept);
        if (heard.how == hub::Reader::Page::later && bell != nullptr) ASSERT(bell->wait());
        if (heard.how == hub::Reader::Page::later && bell == nullptr) std::this_thread::yield();
        if (heard.how == hub::Reader::Page::end || heard.how == hub::Reader::Page::lost) break;
    }
    return heard;
}

struct House {
    explicit House(JournalOptions::Sync sync = JournalOptions::Sync::every_batch) {
        options.rule = [](const hub::App&, std::string_view) { return KeepRule{}; };
        options.sync = sync;
        options.retry_ms = 5;
        options.close_patience_ms = 50;
        app.id = "app";
    }
    // Again, if it is open already.
    Journal& open() {
        journal.reset();
        auto opened = Journal::open(std::make_unique<MemoryStore>(disk), options, clock);
        journal = std::move(opened).value();
        return *journal;
    }
    // The process ends here: what was not written is gone.
    void kill() {
        disk.write_fails = disk.sync_fails = true;
        journal.reset();
        disk.write_fails = disk.sync_fails = false;
    }
    // So does the machine.
    void crash(std::size_t survive = 0) {
        kill();
        disk.crash(survive);
    }
    Pen pen(std::string_view name, std::uint64_t epoch = 7) {
        return {*journal, app, name, epoch, clock};
    }
    std::unique_ptr<hub::Reader> read(std::string_view name, hub::ReadOptions how) {
        return journal->read(app, name, std::move(how)).reader;
    }
    std::string everything(std::string_view name) {
        hub::ReadOptions how;
        how.from.kind = hub::From::Kind::beginning;
        return hear(*read(name, how)).bodies();
    }

    MemoryDisk disk;
    base::ManualClock clock;
    JournalOptions options;
    hub::App app;
    std::unique_ptr<Journal> journal;
};

}  // namespace carillon::storage::testing
