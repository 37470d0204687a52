// hub/testing_durable.h: for tests only: a history and its cursors in memory, as a journal would be: what is
// appended is stored when the test says so, pages come later if it wants, the oldest goes away, saves fail,
// and a crash takes everything back to what was stored.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hub/history.h"

namespace carillon::hub::testing {

// One app, one channel. Any thread.
class FakeJournal final : public History, public Cursors {
 public:
    // ---- what the test does ----

    std::uint64_t append(std::string body = "m", std::int64_t unix_ms = 0) {
        const std::lock_guard lock(mutex_);
        const auto offset = first_ + kept_.size();
        const auto publication =
            Publication::make({.kind = Kind::message, .event = {}, .member = {}, .body = body});
        kept_.push_back({publication, {{epoch, offset}, unix_ms}});
        return offset;
    }
    // Everything appended and saved up to now survives a crash. Rings, tells.
    void store() {
        std::vector<std::function<void()>> rings;
        std::vector<CountdownRef> told;
        {
            const std::lock_guard lock(mutex_);
            stored_ = last();
            for (auto& [key, state] : saved_) on_disk_[key] = state;
            told.swap(waiting_);
            rings = take_rings();
        }
        for (const auto& countdown : told) countdown->done({.stored = 1});
        for (const auto& ring : rings) ring();
    }
    // What was saved and not stored never will be: a sync failed.
    void fail_saved() {
        std::vector<CountdownRef> told;
        {
            const std::lock_guard lock(mutex_);
            told.swap(waiting_);
        }
        for (const auto& countdown : told) countdown->done({.not_stored = 1});
    }
    // Pages that were `later` have come.
    void ring() {
        std::vector<std::function<void()>> rings;
        {
            const std::lock_guard lock(mutex_);
            rings = take_rings();
        }
        for (const auto& one : rings) one();
    }
    void trim(std::uint64_t first) {
        const std::lock_guard lock(mutex_);
        for (; first_ < first && !kept_.empty(); ++first_) kept_.pop_front();
    }
    // Whatever was not stored is gone. After what used it.
    void crash() {
        const std::lock_guard lock(mutex_);
        while (last() > stored_ && !kept_.empty()) kept_.pop_back();
        saved_ = on_disk_;
        waiting_.clear();
        rings_.clear();
    }

    static constexpr std::uint64_t epoch = 7;
    std::atomic<bool> store_at_once{true};  // saves are told before save() returns
    std::atomic<bool> refuse{false};        // save() answers false
    std::atomic<bool> refuse_heard{false};  // likewise, but takes dead letters
    std::atomic<unsigned> later{0};         // so many of the next pages are `later`
    std::atomic<std::uint64_t> damaged{0};  // this offset cannot be read
    std::atomic<std::uint64_t> saves{0};
    std::uint64_t stored_offset() {
        const std::lock_guard lock(mutex_);
        return stored_;
    }
    std::uint64_t first_offset() {
        const std::lock_guard lock(mutex_);
        return first_;
    }
    std::size_t saved_bytes(const std::string& name) {
        const std::lock_guard lock(mutex_);
        return saved_[name].size();
    }

    // ---- ports ----

    Keeps keeps(const App&, std::string_view channel) const override {
        return channel == "forgotten" ? Keeps::here : Keeps::for_good;
    }
    std::unique_ptr<ChannelHistory> open(const App&, std::string_view, std::uint64_t) override {
        return nullptr;
    }
    void swept(Now) override {}
    Opened read(const App&, std::string_view, ReadOptions options) override {
        const auto from = options.from;
        auto reader = std::make_unique<Pages>(*this, std::move(options));
        const std::lock_guard lock(mutex_);
        using From = From::Kind;
        switch (from.kind) {
            case From::beginning:
                reader->at = first_ - 1;
                break;
            case From::newest:
                reader->at = last() - std::min<std::uint64_t>(from.value, last() - first_ + 1);
                break;
            case From::offset:
                reader->at = from.value - 1;
                break;
            case From::after:
                reader->at = from.after.offset;
                break;
            case From::time:
            case From::now:
                reader->at = last();
                break;
        }
        const bool other = from.kind == From::after && from.after.epoch != epoch;
        if (other) return {Recovery::unknown_epoch, nullptr};
        if (reader->at > last()) return {Recovery::ahead, nullptr};
        if (from.kind == From::time) reader->from_ms = static_cast<std::int64_t>(from.value);
        reader->unresolved = from.kind == From::time;
        return {Recovery::recovered, std::move(reader)};
    }
    std::string load(const App&, std::string_view, std::string_view name) override {
        const std::lock_guard lock(mutex_);
        return saved_[std::string(name)];
    }
    bool save(const App&, std::string_view, std::string_view name, std::string state,
              const CountdownRef& stored) override {
        {
            const std::lock_guard lock(mutex_);
            if (refuse || (refuse_heard && name.back() != '\x01')) return false;
            ++saves;
            saved_[std::string(name)] = std::move(state);
            if (store_at_once && unstored_) on_disk_ = saved_;
            if (store_at_once) on_disk_[std::string(name)] = saved_[std::string(name)];
            unstored_ = !store_at_once;
            if (stored != nullptr) stored->expect_one_more();
            if (stored != nullptr && !store_at_once) waiting_.push_back(stored);
        }
        if (stored != nullptr && store_at_once) stored->done({.stored = 1});
        return true;
    }
    std::vector<std::string> names(const App&, std::string_view) override {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> names;
        for (const auto& [name, state] : saved_) {
            if (!state.empty()) names.push_back(name);
        }
        return names;
    }

 private:
    struct Pages final : Reader {
        Pages(FakeJournal& h, ReadOptions o) : home(h), options(std::move(o)) {}
        ~Pages() override {
            const std::lock_guard lock(home.mutex_);
            home.rings_.erase(this);
        }
        Page next(std::size_t, std::vector<Kept>& into) override {
            const std::lock_guard lock(home.mutex_);
            return home.next(*this, into);
        }
        Position position() const override { return {epoch, at}; }
        FakeJournal& home;
        const ReadOptions options;
        std::uint64_t at = 0;
        bool unresolved = false;
        std::int64_t from_ms = 0;
    };
    std::uint64_t last() const { return first_ + kept_.size() - 1; }
    Reader::Page next(Pages& reader, std::vector<Kept>& into) {
        if (later != 0) {
            --later;
            rings_[&reader] = reader.options.ring;
            return Reader::Page::later;
        }
        if (std::exchange(reader.unresolved, false)) {
            for (const auto& kept : kept_) {
                if (kept.stamp.unix_ms < reader.from_ms) continue;
                reader.at = kept.stamp.position.offset - 1;
                break;
            }
        }
        if (reader.at + 1 < first_ || reader.at + 1 == damaged) return Reader::Page::lost;
        const auto there = reader.options.stored_only ? stored_ : last();
        const auto end = reader.options.last == 0 ? there : std::min(there, reader.options.last);
        for (int i = 0; i < page_size && reader.at < end && reader.at + 1 != damaged; ++i) {
            into.push_back(kept_[reader.at + 1 - first_]);
            ++reader.at;
        }
        if (!into.empty()) return Reader::Page::some;
        rings_[&reader] = reader.options.ring;
        return Reader::Page::end;
    }
    std::vector<std::function<void()>> take_rings() {
        std::vector<std::function<void()>> rings;
        for (const auto& [reader, ring] : rings_) {
            if (ring != nullptr) rings.push_back(ring);
        }
        rings_.clear();
        return rings;
    }

    static constexpr int page_size = 3;
    std::mutex mutex_;
    std::deque<Kept> kept_;
    std::uint64_t first_ = 1;
    std::uint64_t stored_ = 0;
    std::map<std::string, std::string> saved_;
    std::map<std::string, std::string> on_disk_;
    bool unstored_ = false;
    std::vector<CountdownRef> waiting_;
    std::map<const Pages*, std::function<void()>> rings_;
};

}  // namespace carillon::hub::testing
