// storage/journal/live_journal.h: a journal, put together: the channels, the queue, the writer, the desk. What
// is called under a channel's lock is in channel_log.cpp, what happens at the start in recovery.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/journal/cursor_book.h"
#include "storage/journal/directory.h"
#include "storage/journal/journal.h"
#include "storage/journal/queue.h"
#include "storage/journal/reader.h"
#include "storage/journal/retention.h"
#include "storage/journal/witness.h"
#include "storage/journal/writer.h"

namespace carillon::storage {

class LiveJournal final : public Journal {
 public:
    LiveJournal(std::unique_ptr<Store> store, JournalOptions options, const base::Clock& clock);
    ~LiveJournal() override;
    void close() override;
    LiveJournal(const LiveJournal&) = delete;
    LiveJournal& operator=(const LiveJournal&) = delete;

    // Once, before anything else (recovery.cpp).
    base::Result<void> recover();

    Keeps keeps(const hub::App& app, std::string_view channel) const override;
    bool has_past(const hub::App& app, std::string_view channel) const override {
        return directory_.find(app.id, channel) != nullptr;
    }
    std::unique_ptr<hub::ChannelHistory> open(const hub::App& app, std::string_view channel,
                                              std::uint64_t epoch) override;
    bool in_trouble() const override {
        return queue_.overloaded() || closed_.load(std::memory_order_relaxed) ||
               writer_->state() != JournalState::well;
    }
    hub::Outcome refuses(const hub::App& app, std::string_view channel) const override;
    Opened read(const hub::App& app, std::string_view channel, hub::ReadOptions options) override;
    void swept(Now now) override;

    std::string load(const hub::App& app, std::string_view channel, std::string_view name) override;
    bool save(const hub::App& app, std::string_view channel, std::string_view name,
              std::string state, const hub::CountdownRef& stored) override;
    std::vector<std::string> names(const hub::App& app, std::string_view channel) override;

    JournalNumbers numbers() const override;
    bool flush(std::int64_t at_most_ms) override;

 private:
    friend class ChannelLog;
    using ChannelRef = Directory::ChannelRef;

    void tell(std::string_view event, const std::string& what) const;
    base::Result<std::uint64_t> generation_of(const Contents& contents);
    base::Result<void> recover_channel(const StoredChannel& stored, const Contents& contents);
    base::Result<void> recover_publishers(JournalChannel& channel, std::string_view note);
    void recover_cursors(Contents& contents);
    void let_readers_go();

    const std::unique_ptr<Store> store_;
    const JournalOptions options_;
    Witness witness_;
    std::uint64_t written_before_ = 0;
    std::uint64_t generation_ = 0;
    JournalQueue queue_;
    Directory directory_;
    CursorBook cursors_;
    Retention retention_;
    mutable base::SharedCount refused_;
    mutable base::SharedCount duplicates_;
    std::shared_ptr<ReadDesk> desk_;
    std::unique_ptr<JournalWriter> writer_;
    std::atomic<bool> closed_{false};
};

// What hub::Channel holds of its journal. Every call under the channel's lock.
class ChannelLog final : public hub::ChannelHistory {
 public:
    ChannelLog(LiveJournal& journal, Directory::ChannelRef channel)
        : journal_(journal), channel_(std::move(channel)) {}

    hub::Position position() const override;
    bool seen(const hub::Once& once) const override;
    void append(const hub::PublicationRef& publication, const hub::Stamp& stamp, Now now,
                const hub::CountdownRef& stored) override;
    std::size_t size() const override;
    std::unique_ptr<hub::Reader> read_after(std::uint64_t offset) const override;
    std::size_t bytes_after(std::uint64_t offset) const override;
    void trim(Now) override {}  // the writer does
    bool outlives_channel() const override { return true; }

 private:
    LiveJournal& journal_;
    const Directory::ChannelRef channel_;
};

}  // namespace carillon::storage
