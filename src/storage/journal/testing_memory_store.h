// storage/journal/testing_memory_store.h: a Store in a test's memory. What it writes lies on a MemoryDisk,
// which outlives it: a store made on the same disk finds what the last one left there, whole after the end
// of a process, and as much of it as the test says after the end of a machine (crash). The disk has a
// switch for everything that can fail, and can be made to stand still.
//
// Any thread may move a switch.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "storage/journal/store.h"

namespace carillon::storage::testing {

// Whoever passes waits while it is closed.
class Gate {
 public:
    void close() { closed_ = true; }
    void open() {
        closed_ = false;
        closed_.notify_all();
    }
    void pass() {
        ++waiting_;
        closed_.wait(true);
        --waiting_;
    }
    int waiting() const { return waiting_; }

 private:
    std::atomic<bool> closed_{false};
    std::atomic<int> waiting_{0};
};

// A list of everything that was done, and what that comes to.
class MemoryDisk {
 public:
    // The next call of that sort fails, and each after it, until the switch is moved back.
    std::atomic<bool> open_fails{false};
    std::atomic<bool> write_fails{false};
    std::atomic<bool> sync_fails{false};
    std::atomic<bool> read_fails{false};
    std::atomic<base::ErrorKind> error{base::ErrorKind::io};  // with which they fail
    // Calls stand still before they do anything.
    Gate writes;
    Gate syncs;
    Gate reads;
    std::atomic<std::uint64_t> bytes_max{0};

    std::atomic<std::uint64_t> writes_done{0};
    std::atomic<std::uint64_t> syncs_done{0};

    // The machine stops: of what was not synced the first `survive` things are there nevertheless.
    // Nobody has it open any more.
    void crash(std::size_t survive = 0) {
        const std::scoped_lock lock(mutex_);
        done_.resize(std::min(done_.size(), synced_ + survive));
        synced_ = done_.size();
        state_ = {};
        for (const auto& step : done_) apply(step);
        opened_ = false;
    }
    std::size_t unsynced() const {
        const std::scoped_lock lock(mutex_);
        return done_.size() - synced_;
    }

 private:
    friend class MemoryStore;

    struct Message {
        std::uint64_t serial;  // of all messages, in the order of writing
        hub::PublicationRef publication;
        std::int64_t unix_ms;
    };
    struct Channel {
        std::string app;
        std::string name;
        std::uint64_t epoch;
        std::uint64_t first = 1;
        std::uint64_t last = 0;
        std::uint64_t bytes = 0;
        std::deque<Message> kept{};
    };
    struct State {
        std::vector<Channel> channels;  // by id
        std::map<std::string, std::string, std::less<>> notes;
        std::uint64_t written = 0;
        std::uint64_t bytes = 0;
        std::uint64_t messages = 0;
        bool closed_well = false;
    };

    struct Opened {};
    struct Closed {};
    struct Declared {
        std::string app;
        std::string name;
        std::uint64_t epoch;
    };
    struct Wrote {
        std::uint32_t channel;
        std::int64_t unix_ms;
        hub::PublicationRef publication;
    };
    struct Noted {
        std::string key;
        std::string value;
    };
    using Step = std::variant<Opened, Closed, Declared, Wrote, Noted, Trimmed>;

    void add(Step step) {
        apply(step);
        done_.push_back(std::move(step));
    }
    void apply(const Step& step) {
        state_.closed_well = false;
        std::visit([this](const auto& what) { take(what); }, step);
    }
    void take(const Opened&) {}
    void take(const Closed&) { state_.closed_well = true; }
    void take(const Declared& what) {
        state_.channels.push_back({what.app, what.name, what.epoch});
    }
    void take(const Wrote& what) {
        auto& channel = state_.channels[what.channel];
        const auto size = what.publication->body().size();
        channel.kept.push_back({++state_.written, what.publication, what.unix_ms});
        ++channel.last;
        ++state_.messages;
        channel.bytes += size;
        state_.bytes += size;
    }
    void take(const Noted& what) {
        if (what.value.empty()) {
            state_.notes.erase(what.key);
        } else {
            state_.notes[what.key] = what.value;
        }
    }
    void take(const Trimmed& what) {
        auto& channel = state_.channels[what.channel];
        while (channel.first < what.first) {
            const auto size = channel.kept.front().publication->body().size();
            channel.kept.pop_front();
            ++channel.first;
            --state_.messages;
            channel.bytes -= size;
            state_.bytes -= size;
        }
    }

    mutable std::mutex mutex_;
    std::vector<Step> done_;
    std::size_t synced_ = 0;  // so many of them
    State state_;
    bool opened_ = false;
};

class MemoryStore final : public Store {
 public:
    explicit MemoryStore(MemoryDisk& disk) : disk_(disk) {}
    MemoryStore(const MemoryStore&) = delete;
    MemoryStore& operator=(const MemoryStore&) = delete;
    ~MemoryStore() override {
        const std::scoped_lock lock(disk_.mutex_);
        if (open_) disk_.opened_ = false;
    }

    base::Result<Contents> open() override {
        if (disk_.open_fails) return failure("open");
        const std::scoped_lock lock(disk_.mutex_);
        if (disk_.opened_) return base::Error{base::ErrorKind::forbidden, "somebody has it open"};
        disk_.opened_ = open_ = true;
        Contents contents;
        const auto& state = disk_.state_;
        for (std::uint32_t id = 0; id < state.channels.size(); ++id) {
            contents.channels.push_back(described(id));
        }
        contents.notes = state.notes;
        contents.written = state.written;
        contents.closed_well = state.closed_well;
        disk_.add(MemoryDisk::Opened{});
        disk_.synced_ = disk_.done_.size();
        return contents;
    }

    base::Result<std::uint32_t> declare(std::string_view app, std::string_view name,
                                        std::uint64_t epoch) override {
        if (disk_.write_fails) return failure("declare");
        const std::scoped_lock lock(disk_.mutex_);
        auto& channels = disk_.state_.channels;
        for (std::uint32_t id = 0; id < channels.size(); ++id) {
            if (channels[id].app == app && channels[id].name == name) return id;
        }
        const auto id = static_cast<std::uint32_t>(channels.size());
        disk_.add(MemoryDisk::Declared{std::string(app), std::string(name), epoch});
        return id;
    }

    base::Result<void> write(std::span<const Write> messages,
                             std::span<const Note> notes) override {
        disk_.writes.pass();
        if (disk_.write_fails) return failure("write");
        const std::scoped_lock lock(disk_.mutex_);
        for (const auto& message : messages) {
            ASSERT(message.offset == disk_.state_.channels.at(message.channel).last + 1);
            disk_.add(
                MemoryDisk::Wrote{message.channel, message.unix_ms, copy(*message.publication)});
        }
        for (const auto& note : notes) {
            disk_.add(MemoryDisk::Noted{std::string(note.key), std::string(note.value)});
        }
        ++disk_.writes_done;
        return {};
    }

    base::Result<void> sync() override {
        disk_.syncs.pass();
        if (disk_.sync_fails) return failure("sync");
        const std::scoped_lock lock(disk_.mutex_);
        disk_.synced_ = disk_.done_.size();
        ++disk_.syncs_done;
        return {};
    }

    base::Result<void> read(std::uint32_t id, std::uint64_t epoch, std::uint64_t first,
                            std::uint64_t last, std::size_t bytes_max,
                            std::vector<hub::Kept>& into) const override {
        disk_.reads.pass();
        if (disk_.read_fails) return failure("read");
        const std::scoped_lock lock(disk_.mutex_);
        const auto& channel = disk_.state_.channels.at(id);
        if (first < channel.first || first > channel.last) {
            return base::Error{base::ErrorKind::not_found, "offset " + std::to_string(first)};
        }
        std::size_t bytes = 0;
        last = std::min(last, channel.last);
        for (auto offset = first; offset <= last && (offset == first || bytes < bytes_max);
             ++offset) {
            const auto& message = channel.kept[offset - channel.first];
            into.push_back({message.publication, {{epoch, offset}, message.unix_ms}});
            bytes += message.publication->body().size();
        }
        return {};
    }

    base::Result<std::uint64_t> find(std::uint32_t id, std::int64_t unix_ms) const override {
        if (disk_.read_fails) return failure("find");
        const std::scoped_lock lock(disk_.mutex_);
        const auto& channel = disk_.state_.channels.at(id);
        auto offset = channel.first;
        for (const auto& message : channel.kept) {
            if (message.unix_ms >= unix_ms) break;
            ++offset;
        }
        return offset;
    }

    base::Result<void> trim(std::span<const Trimmed> channels) override {
        if (disk_.write_fails) return failure("trim");
        const std::scoped_lock lock(disk_.mutex_);
        for (const auto& trimmed : channels) {
            ASSERT(trimmed.first <= disk_.state_.channels.at(trimmed.channel).last + 1);
            disk_.add(trimmed);
        }
        return {};
    }

    base::Result<std::vector<Trimmed>> tidy() override {
        if (disk_.write_fails) return failure("tidy");
        const std::scoped_lock lock(disk_.mutex_);
        std::map<std::uint32_t, std::uint64_t> gone;
        while (disk_.bytes_max != 0 && disk_.state_.bytes > disk_.bytes_max) {
            const auto id = oldest();
            const auto first = disk_.state_.channels[id].first + 1;
            disk_.add(Trimmed{id, first});
            gone[id] = first;
        }
        std::vector<Trimmed> trimmed;
        trimmed.reserve(gone.size());
        for (const auto& [id, first] : gone) trimmed.push_back({id, first});
        return trimmed;
    }

    Usage usage() const override {
        const std::scoped_lock lock(disk_.mutex_);
        Usage usage;
        usage.bytes = disk_.state_.bytes;
        usage.bytes_max = disk_.bytes_max;
        usage.messages = disk_.state_.messages;
        return usage;
    }

    base::Result<void> close() override {
        if (disk_.sync_fails) return failure("close");
        const std::scoped_lock lock(disk_.mutex_);
        disk_.add(MemoryDisk::Closed{});
        disk_.synced_ = disk_.done_.size();
        return {};
    }

 private:
    base::Error failure(const char* what) const {
        return {disk_.error.load(), std::string("the disk of this test fails: ") + what};
    }
    StoredChannel described(std::uint32_t id) const {
        const auto& channel = disk_.state_.channels[id];
        const auto oldest_ms = channel.kept.empty() ? 0 : channel.kept.front().unix_ms;
        return {id,           channel.app,   channel.name, channel.epoch, channel.first,
                channel.last, channel.bytes, oldest_ms};
    }
    // The channel with the message that was written first.
    std::uint32_t oldest() const {
        const auto& channels = disk_.state_.channels;
        const auto serial = [](const auto& channel) {
            return channel.kept.empty() ? UINT64_MAX : channel.kept.front().serial;
        };
        const auto found = std::ranges::min_element(channels, {}, serial);
        return static_cast<std::uint32_t>(found - channels.begin());
    }
    // A message of its own: nothing of the caller's is held.
    static hub::PublicationRef copy(const hub::Publication& publication) {
        return hub::Publication::make({.body_kind = publication.body_kind(),
                                       .event = publication.event(),
                                       .member = publication.member(),
                                       .body = publication.body(),
                                       .once = publication.once()});
    }

    MemoryDisk& disk_;
    bool open_ = false;
};

}  // namespace carillon::storage::testing
