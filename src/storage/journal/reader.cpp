#include "storage/journal/reader.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"

namespace carillon::storage {

using Page = hub::Reader::Page;

namespace {

constexpr auto not_kept = "what comes next is not kept any more";
constexpr auto never_stored = "the journal failed before it was stored";
constexpr auto journal_closed = "the journal is closed";

}  // namespace

PageReader::PageReader(std::shared_ptr<JournalChannel> channel, std::shared_ptr<ReadDesk> desk,
                       Start start)
    : channel_(std::move(channel)),
      desk_(std::move(desk)),
      start_(std::move(start)),
      next_(start_.next),
      anchored_(start_.anchored),
      position_(start_.before),
      find_ms_(start_.find_ms) {}

Page PageReader::next(std::size_t bytes_max, std::vector<hub::Kept>& into) {
    if (ended_) return Page::end;
    if (at_ == in_hand_.size()) {
        bool turned = false;
        const auto answer = turn_page(turned);
        if (!turned) return answer == Page::end ? ask(bytes_max, into) : answer;
    }
    return hand_out(bytes_max, into);
}

// Takes the page that was fetched and asks for the one behind it. `end`: none was asked for.
Page PageReader::turn_page(bool& turned) {
    {
        const std::scoped_lock lock(mutex_);
        if (behind_ > next_) next_ = behind_;
        if (ready_.empty()) {
            if (lost_) return Page::lost;
            if (!fetching_) return Page::end;
            consumer_waits_ = true;
            return Page::later;
        }
        in_hand_.clear();
        in_hand_.swap(ready_);
        in_hand_bytes_ = ready_bytes_;
    }
    turned = true;
    at_ = 0;
    find_ms_ = 0;
    next_ = in_hand_.front().stamp.position.offset;
    read_ahead();
    return Page::some;
}

void PageReader::read_ahead() {
    const auto first = in_hand_.back().stamp.position.offset + 1;
    std::uint64_t last = 0;
    {
        const std::scoped_lock lock(channel_->mutex);
        last = fetchable();
    }
    if (first <= last) (void)submit({.first = first, .last = last}, false);
}

// Under the channel's mutex: the last that the store has for this reader.
std::uint64_t PageReader::fetchable() const {
    const auto has = start_.stored_only ? channel_->stored : channel_->written;
    return start_.pinned ? std::min(has, start_.last) : has;
}

Page PageReader::hand_out(std::size_t bytes_max, std::vector<hub::Kept>& into) {
    anchored_ = true;
    if (at_ == 0 && into.empty() && in_hand_bytes_ <= bytes_max) {
        into.swap(in_hand_);
        in_hand_.clear();
    } else {
        std::size_t bytes = 0;
        do {
            bytes += in_hand_[at_].publication->body().size();
            into.push_back(std::move(in_hand_[at_++]));
        } while (at_ < in_hand_.size() && bytes < bytes_max);
        if (at_ == in_hand_.size()) in_hand_.clear();
        if (in_hand_.empty()) at_ = 0;
    }
    position_ = into.back().stamp.position;
    next_ = position_.offset + 1;
    return Page::some;
}

// Nothing is fetched: what comes next is in memory, on the disk, to come, or gone.
Page PageReader::ask(std::size_t bytes_max, std::vector<hub::Kept>& into) {
    Request request;
    {
        const std::scoped_lock lock(channel_->mutex);
        if (start_.pinned && next_ > start_.last) return ended_ = true, Page::end;
        if (desk_->closed()) return lose(journal_closed);
        if (next_ < channel_->first && anchored_) return lose(not_kept);
        next_ = std::max(next_, channel_->first);
        if (next_ > channel_->safe(start_.stored_only)) return wait_for_more();
        if (next_ > channel_->written) return hand_out_pending(bytes_max, into);
        request = {next_, fetchable(), anchored_, find_ms_};
    }
    return submit(request, true) ? Page::later : lose(journal_closed);
}

// Under the channel's mutex. It rings when there is more; of a reader with `last` more is to come.
Page PageReader::wait_for_more() {
    if (channel_->broken && next_ <= channel_->last) return lose(never_stored);
    if (!waiting && start_.ring != nullptr) channel_->waiting.push_back(shared_from_this());
    waiting = start_.ring != nullptr;
    return start_.pinned ? Page::later : Page::end;
}

void PageReader::leave() {
    gone_.store(true, std::memory_order_relaxed);
    const auto self = shared_from_this();  // the list may hold the last reference
    const std::scoped_lock lock(channel_->mutex);
    if (waiting) std::erase(channel_->waiting, self);
    waiting = false;
}

// Under the channel's mutex.
Page PageReader::hand_out_pending(std::size_t bytes_max, std::vector<hub::Kept>& into) {
    if (channel_->broken) return lose(never_stored);
    const auto last = start_.pinned ? std::min(channel_->last, start_.last) : channel_->last;
    std::size_t bytes = 0;
    const auto before = into.size();
    for (; next_ <= last && (into.size() == before || bytes < bytes_max); ++next_) {
        const auto& pending = channel_->pending(next_);
        if (pending.unix_ms < find_ms_) continue;
        find_ms_ = 0;
        bytes += pending.publication->body().size();
        into.push_back({pending.publication, {{channel_->epoch, next_}, pending.unix_ms}});
    }
    if (into.size() == before) return wait_for_more();
    anchored_ = true;
    position_ = into.back().stamp.position;
    return Page::some;
}

Page PageReader::lose(const char* why) {
    const std::scoped_lock lock(mutex_);
    if (!lost_) desk_->lost.add();
    lost_ = true;
    why_ = why;
    return Page::lost;
}

std::string PageReader::why() const {
    const std::scoped_lock lock(mutex_);
    return why_;
}

void PageReader::ring() const {
    if (start_.ring != nullptr && !gone_.load(std::memory_order_relaxed)) start_.ring();
}

bool PageReader::submit(const Request& request, bool consumer_waits) {
    {
        const std::scoped_lock lock(mutex_);
        ASSERT(!fetching_);
        fetching_ = true;
        consumer_waits_ = consumer_waits;
        request_ = request;
    }
    if (desk_->submit(shared_from_this())) return true;
    lose(journal_closed);
    const std::scoped_lock lock(mutex_);
    return fetching_ = false;
}

// ---- on the desk's thread ----

void PageReader::fetch(const Store& store) {
    if (gone_.load(std::memory_order_relaxed)) return;
    Request request;
    {
        const std::scoped_lock lock(mutex_);
        request = request_;
    }
    std::vector<hub::Kept> page;
    const auto fetched = fetch_page(store, request, page);
    if (fetched.has_error()) return give_up(fetched.error().message);
    desk_->read.add(page.size());
    keep_page(std::move(page), request.last + 1);
}

void PageReader::keep_page(std::vector<hub::Kept> page, std::uint64_t behind) {
    std::size_t bytes = 0;
    for (const auto& kept : page) bytes += kept.publication->body().size();
    bool waits = false;
    {
        const std::scoped_lock lock(mutex_);
        if (page.empty()) behind_ = behind;
        ready_ = std::move(page);
        ready_bytes_ = bytes;
        fetching_ = false;
        waits = std::exchange(consumer_waits_, false);
    }
    if (waits) ring();
}

void PageReader::give_up(std::string why) {
    {
        const std::scoped_lock lock(mutex_);
        if (!lost_) desk_->lost.add();
        lost_ = true;
        fetching_ = false;
        why_ = std::move(why);
    }
    ring();
}

// An empty page: of what was asked for nothing is new enough, or kept.
base::Result<void> PageReader::fetch_page(const Store& store, Request& request,
                                          std::vector<hub::Kept>& page) const {
    for (;;) {
        std::uint32_t id = 0;
        std::uint64_t epoch = 0;
        std::uint64_t kept_from = 0;
        {
            const std::scoped_lock lock(channel_->mutex);
            id = channel_->id.value_or(0);
            epoch = channel_->epoch;
            kept_from = channel_->first;
        }
        if (request.first < kept_from && request.anchored) {
            return base::Error{base::ErrorKind::not_found, not_kept};
        }
        auto first = std::max(request.first, kept_from);
        if (request.find_ms != 0) {
            TRY_AS(const auto found, store.find(id, request.find_ms));
            first = std::max(first, found);
        }
        if (first > request.last) return {};
        auto got = store.read(id, epoch, first, request.last, limits::journal_page_bytes, page);
        if (got.has_value()) return {};
        // It may have been let go in this moment.
        const std::scoped_lock lock(channel_->mutex);
        if (request.anchored || first >= channel_->first) return std::move(got).error();
    }
}

// ---- the desk ----

ReadDesk::ReadDesk(const Store& store) : store_(store), thread_([this] { run(); }) {}

bool ReadDesk::submit(std::shared_ptr<PageReader> reader) {
    {
        const std::scoped_lock lock(mutex_);
        if (stopped_) return false;
        waiting_.push_back(std::move(reader));
    }
    something_.notify_one();
    return true;
}

void ReadDesk::stop() {
    std::deque<std::shared_ptr<PageReader>> left;
    {
        const std::scoped_lock lock(mutex_);
        stopped_ = true;
        left.swap(waiting_);
    }
    something_.notify_one();
    if (thread_.joinable()) thread_.join();
    for (const auto& reader : left) reader->give_up(journal_closed);
}

void ReadDesk::run() {
    for (;;) {
        std::shared_ptr<PageReader> reader;
        {
            std::unique_lock lock(mutex_);
            something_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
            if (stopped_) return;
            reader = std::move(waiting_.front());
            waiting_.pop_front();
        }
        reader->fetch(store_);
    }
}

}  // namespace carillon::storage
