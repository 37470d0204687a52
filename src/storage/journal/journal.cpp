#include "storage/journal/journal.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "storage/journal/live_journal.h"

namespace carillon::storage {

using hub::Recovery;

base::Result<std::unique_ptr<Journal>> Journal::open(std::unique_ptr<Store> store,
                                                     JournalOptions options,
                                                     const base::Clock& clock) {
    auto journal = std::make_unique<LiveJournal>(std::move(store), std::move(options), clock);
    TRY(journal->recover());
    return std::unique_ptr<Journal>(std::move(journal));
}

LiveJournal::LiveJournal(std::unique_ptr<Store> store, JournalOptions options,
                         const base::Clock& clock)
    : store_(std::move(store)),
      options_(std::move(options)),
      queue_(options_.queue_bytes_max),
      retention_(directory_, options_, clock) {}

LiveJournal::~LiveJournal() { close(); }

void LiveJournal::close() {
    if (writer_ == nullptr || closed_.exchange(true))
        return;  // it was never open, or is not any more
    writer_->stop();
    desk_->stop();
    let_readers_go();
}

// They and their channels hold each other.
void LiveJournal::let_readers_go() {
    for (const auto& channel : directory_.some(0, directory_.size())) {
        std::vector<std::shared_ptr<PageReader>> waiting;
        {
            const std::scoped_lock lock(channel->mutex);
            waiting.swap(channel->waiting);
            for (const auto& reader : waiting) reader->waiting = false;
        }
        for (const auto& reader : waiting) reader->ring();
    }
}

void LiveJournal::tell(std::string_view event, const std::string& what) const {
    if (options_.tell != nullptr) options_.tell(event, what);
}

// ---- hub::History ----

hub::History::Keeps LiveJournal::keeps(const hub::App& app, std::string_view channel) const {
    return options_.rule(app, channel).has_value() ? Keeps::for_good : Keeps::nothing;
}

std::unique_ptr<hub::ChannelHistory> LiveJournal::open(const hub::App& app,
                                                       std::string_view channel,
                                                       std::uint64_t epoch) {
    auto found = directory_.find_or_make(app.id, channel);
    auto rule = options_.rule(app, channel);
    {
        const std::scoped_lock lock(found->mutex);
        if (found->epoch == 0) found->epoch = epoch;
        found->rule = rule;
        found->asked_rule = true;
    }
    return std::make_unique<ChannelLog>(*this, std::move(found));
}

hub::Outcome LiveJournal::refuses(const hub::App& app, std::string_view channel) const {
    if (!in_trouble() || keeps(app, channel) == Keeps::nothing) return hub::Outcome::ok;
    refused_.add();
    const bool well = !closed_ && writer_->state() == JournalState::well;
    return well ? hub::Outcome::overloaded : hub::Outcome::storage_failed;
}

void LiveJournal::swept(Now) { writer_->sweep(); }

namespace {

// Where a reader begins; under the channel's mutex.
Recovery resolve(const JournalChannel& channel, const hub::ReadOptions& options,
                 PageReader::Start& start) {
    using Kind = hub::From::Kind;
    const auto [kind, value, after] = options.from;
    const auto end = channel.last + 1;
    start.next = end;
    start.anchored = kind == Kind::offset || kind == Kind::after || kind == Kind::now;
    switch (kind) {
        case Kind::now:
            break;
        case Kind::beginning:
            start.next = channel.first;
            break;
        case Kind::newest: {
            const auto behind = channel.safe(options.stored_only) + 1;
            start.next = std::max(channel.first, behind - std::min(behind, value));
            break;
        }
        case Kind::offset:
            start.next = std::max<std::uint64_t>(value, 1);
            if (start.next > end) return Recovery::ahead;
            break;
        case Kind::after:
            start.next = after.offset + 1;
            if (after.epoch != channel.epoch) return Recovery::unknown_epoch;
            if (start.next > end) return Recovery::ahead;
            if (start.next < channel.first) return Recovery::trimmed;
            break;
        case Kind::time:
            start.next = channel.first;
            start.find_ms = static_cast<std::int64_t>(value);
            break;
    }
    const auto before_time = channel.safe(options.stored_only);
    start.before = {channel.epoch, kind == Kind::time ? before_time : start.next - 1};
    return Recovery::recovered;
}

}  // namespace

hub::History::Opened LiveJournal::read(const hub::App& app, std::string_view channel,
                                       hub::ReadOptions options) {
    auto rule = options_.rule(app, channel);
    if (!rule.has_value()) return {};
    auto found = directory_.find_or_make(app.id, channel);
    PageReader::Start start;
    start.pinned = options.last != 0;
    start.last = options.last;
    start.stored_only = options.stored_only;
    Opened opened;
    {
        const std::scoped_lock lock(found->mutex);
        opened.recovery = resolve(*found, options, start);
        found->rule = rule;
        found->asked_rule = true;
    }
    if (opened.recovery != Recovery::recovered) return opened;
    start.ring = std::move(options.ring);
    opened.reader = std::make_unique<ReaderHandle>(
        std::make_shared<PageReader>(std::move(found), desk_, std::move(start)));
    return opened;
}

// ---- hub::Cursors ----

std::string LiveJournal::load(const hub::App& app, std::string_view channel,
                              std::string_view name) {
    return cursors_.load(cursor_key_before_name(app.id, channel).append(name));
}

bool LiveJournal::save(const hub::App& app, std::string_view channel, std::string_view name,
                       std::string state, const hub::CountdownRef& stored) {
    auto key = cursor_key_before_name(app.id, channel).append(name);
    if (in_trouble()) return false;
    if (key.size() > note_key_bytes_max || state.size() > note_value_bytes_max) return false;
    if (stored != nullptr) stored->expect_one_more();
    cursors_.save(std::move(key), std::move(state), stored,
                  [this](Saved saved) { queue_.add(std::move(saved)); });
    return true;
}

std::vector<std::string> LiveJournal::names(const hub::App& app, std::string_view channel) {
    return cursors_.names(cursor_key_before_name(app.id, channel));
}

// ---- the rest ----

JournalNumbers LiveJournal::numbers() const {
    JournalNumbers numbers;
    writer_->count_in(numbers);
    numbers.appended = witness_.appended() - written_before_;
    numbers.refused = refused_.get();
    numbers.duplicates = duplicates_.get();
    numbers.trimmed = retention_.trimmed();
    numbers.evicted = retention_.evicted();
    numbers.read = desk_->read.get();
    numbers.lost_reads = desk_->lost.get();
    numbers.queue_bytes = queue_.bytes();
    numbers.queue_bytes_max = queue_.bytes_max();
    numbers.channels = directory_.size();
    numbers.memory_bytes =
        directory_.memory_bytes() + cursors_.memory_bytes() + numbers.queue_bytes;
    numbers.usage = store_->usage();
    return numbers;
}

// Asks in the queue, behind all that was appended before.
bool LiveJournal::flush(std::int64_t at_most_ms) {
    const auto told = std::make_shared<std::promise<bool>>();
    auto answer = told->get_future();
    Saved question;
    question.stored = hub::CountdownRef(
        new hub::Countdown([told](const hub::Fate& fate) { told->set_value(fate.stored != 0); }));
    queue_.add(std::move(question));
    const auto patience = std::chrono::milliseconds(at_most_ms);
    return answer.wait_for(patience) == std::future_status::ready && answer.get();
}

}  // namespace carillon::storage
