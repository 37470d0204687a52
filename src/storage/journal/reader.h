// storage/journal/reader.h: what is kept of one channel, a page at a time: from the store through a thread of
// its own, the desk, that fetches the next page while this one is in hand; from memory, at once, what is not
// written yet.
//
// Threads: a PageReader has a consumer, which calls next(), and the desk, which fetches for it. What lies
// between them is behind its mutex. It lives as long as one of them, or a channel that is to ring it, needs it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/count.h"
#include "hub/history.h"
#include "storage/journal/channel.h"
#include "storage/journal/store.h"

namespace carillon::storage {

class ReadDesk;

class PageReader : public std::enable_shared_from_this<PageReader> {
 public:
    struct Start {
        std::uint64_t next = 1;  // the first to hand out
        bool pinned = false;     // it ends after `last`
        std::uint64_t last = 0;
        bool anchored = true;      // `next` was asked for: if it is gone, it is lost
        std::int64_t find_ms = 0;  // not 0: `next` is the first that is not older, to be looked for
        bool stored_only = false;
        hub::Position before{};  // where it stands until something is handed out
        std::function<void()> ring{};
    };
    PageReader(std::shared_ptr<JournalChannel> channel, std::shared_ptr<ReadDesk> desk,
               Start start);

    // ---- the consumer's ----

    hub::Reader::Page next(std::size_t bytes_max, std::vector<hub::Kept>& into);
    hub::Position position() const { return position_; }
    std::string why() const;
    void leave();  // it is not asked any more

    // ---- anybody's ----

    bool stored_only() const { return start_.stored_only; }
    void ring() const;
    bool waiting = false;  // it is in its channel's list; guarded by the channel's mutex

    // ---- the desk's ----

    void fetch(const Store& store);
    void give_up(std::string why);

 private:
    struct Request {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        bool anchored = true;
        std::int64_t find_ms = 0;
    };
    hub::Reader::Page turn_page(bool& turned);
    hub::Reader::Page ask(std::size_t bytes_max, std::vector<hub::Kept>& into);
    hub::Reader::Page hand_out(std::size_t bytes_max, std::vector<hub::Kept>& into);
    hub::Reader::Page hand_out_pending(std::size_t bytes_max, std::vector<hub::Kept>& into);
    hub::Reader::Page wait_for_more();
    hub::Reader::Page lose(const char* why);
    bool submit(const Request& request, bool consumer_waits);
    void read_ahead();
    std::uint64_t fetchable() const;
    base::Result<void> fetch_page(const Store& store, Request& request,
                                  std::vector<hub::Kept>& page) const;
    void keep_page(std::vector<hub::Kept> page, std::uint64_t behind);

    const std::shared_ptr<JournalChannel> channel_;
    const std::shared_ptr<ReadDesk> desk_;
    const Start start_;
    std::atomic<bool> gone_{false};

    // the consumer's
    std::uint64_t next_;
    bool anchored_;
    bool ended_ = false;
    hub::Position position_;
    std::vector<hub::Kept> in_hand_;
    std::size_t at_ = 0;
    std::size_t in_hand_bytes_ = 0;
    std::int64_t find_ms_;  // not 0: what comes next is the first that is not older

    mutable std::mutex mutex_;
    std::vector<hub::Kept> ready_;
    std::size_t ready_bytes_ = 0;
    Request request_;
    std::uint64_t behind_ = 0;  // what was asked for last ended before this
    bool fetching_ = false;
    bool consumer_waits_ = false;
    bool lost_ = false;
    std::string why_;
};

// Fetches pages, one request after the other; each reader has at most one here.
class ReadDesk {
 public:
    explicit ReadDesk(const Store& store);
    ~ReadDesk() { stop(); }
    ReadDesk(const ReadDesk&) = delete;
    ReadDesk& operator=(const ReadDesk&) = delete;

    // False: it is closed.
    bool submit(std::shared_ptr<PageReader> reader);
    bool closed() const { return stopped_.load(std::memory_order_acquire); }
    // Every reader is told that the journal is closed; the store is not touched after this.
    void stop();

    base::SharedCount read;
    base::SharedCount lost;

 private:
    void run();

    const Store& store_;
    std::mutex mutex_;
    std::condition_variable something_;
    std::deque<std::shared_ptr<PageReader>> waiting_;
    std::atomic<bool> stopped_{false};
    std::thread thread_;
};

// What hub::Reader's owner holds.
class ReaderHandle final : public hub::Reader {
 public:
    explicit ReaderHandle(std::shared_ptr<PageReader> reader) : reader_(std::move(reader)) {}
    ~ReaderHandle() override { reader_->leave(); }
    ReaderHandle(const ReaderHandle&) = delete;
    ReaderHandle& operator=(const ReaderHandle&) = delete;

    Page next(std::size_t bytes_max, std::vector<hub::Kept>& into) override {
        return reader_->next(bytes_max, into);
    }
    hub::Position position() const override { return reader_->position(); }
    std::string why() const override { return reader_->why(); }

 private:
    const std::shared_ptr<PageReader> reader_;
};

}  // namespace carillon::storage
