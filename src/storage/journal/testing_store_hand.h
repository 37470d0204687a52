// storage/journal/testing_store_hand.h: a store in the hands of a test: opened, written to, read and opened
// again, with what the test expects of it said in one line each.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/journal/store.h"

namespace carillon::storage::testing {

// Where the stores of one test lie, one after the other. Goes with everything in it.
struct StorePlace {
    virtual ~StorePlace() = default;
    virtual std::unique_ptr<Store> store() = 0;
};
using MakePlace = std::unique_ptr<StorePlace> (*)(std::uint64_t bytes_max);  // 0: no bound

// A message as a test writes it, and finds it again.
struct Draft {
    std::string body{};
    std::string event{};
    std::string member{};
    hub::BodyKind kind = hub::BodyKind::text;
    hub::Once once{};
    std::int64_t unix_ms = 1'700'000'000'000;
};

inline std::string every_byte() {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    return bytes;
}

// One store, opened, and how far its channels are.
class StoreHand {
 public:
    explicit StoreHand(StorePlace& place) : place_(place) { open(); }

    // Opens the next one on the same place: after a close, or as after the end of the process.
    void close_and_open() {
        const auto closed = store_->close();
        EXPECT_TRUE(closed) << closed.error().message;
        open();
    }
    void open() {
        store_.reset();
        store_ = place_.store();
        contents_ = {};
        next_.clear();
        auto opened = store_->open();
        EXPECT_TRUE(opened) << opened.error().message;
        if (!opened) return;
        contents_ = std::move(opened).value();
        for (const auto& channel : contents_.channels) next_[channel.id] = channel.last + 1;
    }
    void leave() { store_.reset(); }

    Store& operator*() { return *store_; }
    Store* operator->() { return store_.get(); }
    const Contents& found() const { return contents_; }
    const StoredChannel* found(std::string_view app, std::string_view name) const {
        for (const auto& channel : contents_.channels) {
            if (channel.app == app && channel.name == name) return &channel;
        }
        return nullptr;
    }

    std::uint32_t declare(std::string_view name, std::uint64_t epoch = 7) {
        const auto id = store_->declare("app", name, epoch);
        EXPECT_TRUE(id) << id.error().message;
        next_.emplace(id.value(), 1);
        return id.value();
    }
    std::uint64_t next(std::uint32_t channel) const { return next_.at(channel); }

    // One group: each of these in its channel, then the notes.
    base::Result<void> try_write(const std::vector<std::pair<std::uint32_t, Draft>>& drafts,
                                 std::span<const Note> notes = {}) {
        std::vector<hub::PublicationRef> publications;
        std::vector<Write> writes;
        auto next = next_;
        for (const auto& [channel, draft] : drafts) {
            publications.push_back(hub::Publication::make({.body_kind = draft.kind,
                                                           .event = draft.event,
                                                           .member = draft.member,
                                                           .body = draft.body,
                                                           .once = draft.once}));
            writes.push_back(
                {channel, next.at(channel)++, draft.unix_ms, publications.back().get()});
        }
        auto written = store_->write(writes, notes);
        if (written) next_ = std::move(next);
        return written;
    }
    void write(const std::vector<std::pair<std::uint32_t, Draft>>& drafts,
               std::span<const Note> notes = {}) {
        const auto written = try_write(drafts, notes);
        ASSERT_TRUE(written) << written.error().message;
    }
    void write(std::uint32_t channel, const Draft& draft) { write({{channel, draft}}); }
    // So many, whose bodies begin with their offset.
    void write_numbered(std::uint32_t channel, std::uint64_t count, std::size_t body_bytes = 8) {
        std::vector<std::pair<std::uint32_t, Draft>> drafts;
        for (std::uint64_t i = 0; i < count; ++i) {
            drafts.emplace_back(channel, Draft{.body = numbered(next(channel) + i, body_bytes)});
        }
        write(drafts);
    }
    static std::string numbered(std::uint64_t offset, std::size_t bytes = 8) {
        auto body = std::to_string(offset) + ' ';
        body.resize(std::max(bytes, body.size()), '.');
        return body;
    }
    void note(std::string_view key, std::string_view value) {
        const Note one{key, value};
        const auto written = store_->write({}, {&one, 1});
        ASSERT_TRUE(written) << written.error().message;
    }
    void trim(std::uint32_t channel, std::uint64_t first) {
        const Trimmed one{channel, first};
        const auto trimmed = store_->trim({&one, 1});
        ASSERT_TRUE(trimmed) << trimmed.error().message;
    }

    std::vector<hub::Kept> read(std::uint32_t channel, std::uint64_t first, std::uint64_t last,
                                std::size_t bytes_max = SIZE_MAX) const {
        std::vector<hub::Kept> into;
        const auto done = store_->read(channel, 7, first, last, bytes_max, into);
        EXPECT_TRUE(done) << done.error().message;
        return into;
    }
    std::vector<std::string> bodies(std::uint32_t channel, std::uint64_t first,
                                    std::uint64_t last) const {
        const auto all = read(channel, first, last);
        std::vector<std::string> found;
        found.reserve(all.size());
        for (const auto& kept : all) found.emplace_back(kept.publication->body());
        return found;
    }
    base::ErrorKind refusal(std::uint32_t channel, std::uint64_t first, std::uint64_t last) const {
        std::vector<hub::Kept> into;
        const auto done = store_->read(channel, 7, first, last, SIZE_MAX, into);
        EXPECT_FALSE(done);
        EXPECT_TRUE(into.empty());
        return done ? base::ErrorKind::internal : done.error().kind;
    }
    // Every kept message of a channel is the one that was written there: they are numbered.
    void expect_whole(std::uint32_t channel, std::uint64_t first, std::uint64_t last) const {
        std::vector<hub::Kept> into;
        while (first + into.size() <= last) {
            const auto begin = first + into.size();
            const auto done = store_->read(channel, 7, begin, last, 1024 * 1024, into);
            ASSERT_TRUE(done) << done.error().message;
            ASSERT_GT(first + into.size(), begin);
        }
        for (std::size_t i = 0; i < into.size(); ++i) {
            ASSERT_EQ(into[i].stamp.position.offset, first + i);
            ASSERT_TRUE(into[i].publication->body().starts_with(std::to_string(first + i) + ' '));
        }
    }
    std::uint64_t find(std::uint32_t channel, std::int64_t unix_ms) const {
        const auto found = store_->find(channel, unix_ms);
        EXPECT_TRUE(found) << found.error().message;
        return found.value_or(0);
    }

 private:
    StorePlace& place_;
    std::unique_ptr<Store> store_;
    Contents contents_;
    std::map<std::uint32_t, std::uint64_t> next_;
};

inline void expect_same(const hub::Kept& kept, const Draft& draft) {
    EXPECT_EQ(kept.publication->kind(), hub::Kind::message);
    EXPECT_EQ(kept.publication->body_kind(), draft.kind);
    EXPECT_EQ(kept.publication->event(), draft.event);
    EXPECT_EQ(kept.publication->member(), draft.member);
    EXPECT_TRUE(kept.publication->body() == draft.body);
    EXPECT_EQ(kept.publication->once().publisher, draft.once.publisher);
    EXPECT_EQ(kept.publication->once().sequence, draft.once.sequence);
    EXPECT_EQ(kept.stamp.unix_ms, draft.unix_ms);
}

}  // namespace carillon::storage::testing
