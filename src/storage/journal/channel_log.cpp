#include <algorithm>
#include <mutex>

#include "base/assert.h"
#include "storage/journal/live_journal.h"

namespace carillon::storage {

namespace {

std::uint64_t body_bytes(const hub::Publication& publication) {
    return publication.inbox_bytes() - hub::Publication::item_overhead_bytes;
}

}  // namespace

hub::Position ChannelLog::position() const {
    const std::scoped_lock lock(channel_->mutex);
    return {channel_->epoch, channel_->last};
}

bool ChannelLog::seen(const hub::Once& once) const {
    const std::scoped_lock lock(channel_->mutex);
    if (channel_->publishers == nullptr || !channel_->publishers->seen(once)) return false;
    journal_.duplicates_.add();
    return true;
}

// Counted before the writer can see it, so that what it takes off was put there.
void ChannelLog::append(const hub::PublicationRef& publication, const hub::Stamp& stamp, Now,
                        const hub::CountdownRef& stored) {
    auto& channel = *channel_;
    journal_.queue_.count(publication->inbox_bytes() + sizeof(Pending));
    journal_.witness_.add_one();
    const std::scoped_lock lock(channel.mutex);
    ASSERT(stamp.position.offset == channel.last + 1);
    if (!channel.queued) {
        channel.queued = true;
        journal_.queue_.add(channel);
    }
    if (channel.kept() == 0) {
        channel.oldest_ms = stamp.unix_ms;
        channel.oldest_unknown = false;
    }
    if (stored != nullptr) stored->expect_one_more();
    channel.filling.push_back({publication, stored, stamp.unix_ms});
    ++channel.last;
    channel.bytes += body_bytes(*publication);
    const auto once = publication->once();
    if (once.publisher == 0) return;
    if (channel.publishers == nullptr) channel.publishers = std::make_unique<Publishers>();
    channel.publishers->add(once);
}

std::size_t ChannelLog::size() const {
    const std::scoped_lock lock(channel_->mutex);
    return channel_->kept();
}

std::unique_ptr<hub::Reader> ChannelLog::read_after(std::uint64_t offset) const {
    PageReader::Start start;
    {
        const std::scoped_lock lock(channel_->mutex);
        start.next = offset + 1;
        start.pinned = true;
        start.last = channel_->last;
        start.before = {channel_->epoch, offset};
    }
    return std::make_unique<ReaderHandle>(
        std::make_shared<PageReader>(channel_, journal_.desk_, std::move(start)));
}

// However much there is: two pages at a time.
std::size_t ChannelLog::bytes_after(std::uint64_t offset) const {
    const std::scoped_lock lock(channel_->mutex);
    const auto count = channel_->last - std::min(offset, channel_->last);
    const auto each = channel_->body_bytes_mean() + hub::Publication::item_overhead_bytes;
    return std::min<std::size_t>(count * each, 2 * limits::journal_page_bytes);
}

}  // namespace carillon::storage
