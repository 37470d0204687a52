#include "storage/journal/writer.h"

#include <algorithm>
#include <chrono>

#include "storage/journal/reader.h"

namespace carillon::storage {

namespace {

// Between two groups, unless every batch is synced, which takes longer: so that who publishes does not
// wake the writer for each message.
constexpr std::int64_t linger_ms = 1;
constexpr std::int64_t house_ms = 1000;
// Written since the last round: then there may be something to let go of.
constexpr std::uint64_t house_bytes = 8 * limits::mib;

}  // namespace

JournalWriter::JournalWriter(Store& store, JournalQueue& queue, CursorBook& cursors,
                             Retention& retention, const Directory& directory,
                             const JournalOptions& options, std::uint64_t generation)
    : store_(store),
      queue_(queue),
      cursors_(cursors),
      retention_(retention),
      directory_(directory),
      options_(options),
      generation_(generation),
      next_house_ms_(steady_ms() + house_ms),
      thread_([this] { run(); }) {}

std::int64_t JournalWriter::steady_ms() {
    using std::chrono::milliseconds;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(now).count();
}

void JournalWriter::stop() {
    if (!thread_.joinable()) return;
    give_up_ms_ = steady_ms() + options_.close_patience_ms;
    stopping_ = true;
    queue_.hurry();
    thread_.join();
}

void JournalWriter::sweep() {
    sweep_ = true;
    queue_.hurry();
}

void JournalWriter::count_in(JournalNumbers& numbers) const {
    numbers.state = state();
    numbers.what = what();
    numbers.stored = stored_.get();  // first: never more than written
    numbers.written = written_.get();
    numbers.groups = groups_.get();
    numbers.syncs = syncs_.get();
    numbers.write_failures = write_failures_.get();
}

void JournalWriter::run() {
    for (;;) {
        const bool last = stopping_;
        if (!last && queue_.wait(rest_ms()) && options_.sync != JournalOptions::Sync::every_batch) {
            queue_.linger(linger_ms);
        }
        take_group();
        const bool something = !channels_.empty() || !saved_.empty();
        if (something) write_group();
        sync_if_due();
        if (last && !something) break;
        if (steady_ms() >= next_house_ms_ || bytes_since_house_ >= house_bytes ||
            sweep_.exchange(false)) {
            keep_house();
        }
    }
    finish();
}

// Until something is due.
std::int64_t JournalWriter::rest_ms() const {
    auto due = next_house_ms_;
    if (anything_unsynced_ && options_.sync == JournalOptions::Sync::interval) {
        due = std::min(due, std::max(first_unsynced_ms_, last_sync_ms_ + options_.interval_ms));
    }
    return due - steady_ms();
}

void JournalWriter::take_group() {
    messages_ = 0;
    queue_.take(channels_, saved_);
    for (auto* channel : channels_) take_channel(*channel);
    ring_and_forget(readers_);
}

void JournalWriter::take_channel(JournalChannel& channel) {
    const std::scoped_lock lock(channel.mutex);
    channel.queued = false;
    channel.writing.swap(channel.filling);
    messages_ += channel.writing.size();
    // What is noted is what was seen up to the last message of this group.
    const auto unnoted = channel.last - channel.noted_up_to;
    if (channel.publishers != nullptr && channel.begun_once &&
        (channel.note_due || unnoted >= Retention::unnoted_max)) {
        own_notes_.emplace_back(once_key(channel.key), channel.publishers->encode(channel.last));
        channel.note_due = false;
        channel.noted_up_to = channel.last;
    }
    std::erase_if(channel.waiting, [this](const auto& reader) {
        if (reader->stored_only()) return false;
        reader->waiting = false;
        readers_.push_back(reader);
        return true;
    });
}

// Until it is written, or it is certain that it never will be.
void JournalWriter::write_group() {
    if (state() == JournalState::failed) return drop_group();
    for (;;) {
        const auto written = try_group();
        if (written.has_value()) break;
        write_failures_.add();
        if (!refused(written.error())) return drop_group();
    }
    if (state() == JournalState::full) become(JournalState::well, "writing again");
    group_written();
}

base::Result<void> JournalWriter::try_group() {
    writes_.clear();
    for (auto* channel : channels_) {
        if (channel->id.has_value()) continue;
        TRY(declare(*channel));
    }
    TRY(announce_publishers());
    collect_writes();
    return store_.write(writes_, notes_);
}

base::Result<void> JournalWriter::declare(JournalChannel& channel) {
    TRY_AS(const auto id,
           store_.declare(channel.app(), channel.name(), base_of(channel.epoch, generation_)));
    retention_.known(id, channel);
    const std::scoped_lock lock(channel.mutex);
    channel.id = id;
    return {};
}

base::Result<void> JournalWriter::announce_publishers() {
    std::vector<std::pair<std::string, std::string>> texts;
    std::vector<JournalChannel*> begun;
    for (auto* channel : channels_) {
        const std::scoped_lock lock(channel->mutex);
        if (channel->publishers == nullptr || channel->begun_once) continue;
        texts.emplace_back(once_key(channel->key), Publishers{}.encode(channel->written));
        begun.push_back(channel);
        channel->noted_up_to = channel->written;
    }
    if (texts.empty()) return {};
    std::vector<Note> notes;
    notes.reserve(texts.size());
    for (const auto& [key, value] : texts) notes.push_back({key, value});
    TRY(store_.write({}, notes));
    for (auto* channel : begun) channel->begun_once = true;
    return {};
}

// Nobody else changes what is in `writing`, nor `written`.
void JournalWriter::collect_writes() {
    for (auto* channel : channels_) {
        auto offset = channel->written;
        for (const auto& pending : channel->writing) {
            writes_.push_back({*channel->id, ++offset, pending.unix_ms, pending.publication.get()});
        }
    }
    notes_.clear();
    for (const auto& [key, value] : own_notes_) notes_.push_back({key, value});
    // Of saves of one key that follow each other the newest is enough. If another key's are between them
    // it is not: a crash may leave a part of the notes, and the older one was saved before those.
    for (std::size_t i = 0; i < saved_.size(); ++i) {
        const auto& cursor = saved_[i].cursor;
        const bool again = i + 1 < saved_.size() && saved_[i + 1].cursor == cursor;
        if (cursor != nullptr && !again) notes_.push_back({cursor->key, *saved_[i].state});
    }
}

void JournalWriter::group_written() {
    groups_.add();
    written_.add(writes_.size());
    unstored_ += writes_.size();
    if (!anything_unsynced_) first_unsynced_ms_ = steady_ms();
    anything_unsynced_ = true;
    for (auto* channel : channels_) channel_written(*channel);
    std::size_t bytes = 0;
    for (auto& saved : saved_) {
        bytes += saved.bytes();
        if (saved.stored != nullptr) waiting_.push_back(std::move(saved.stored));
        if (saved.cursor != nullptr) cursors_.written(saved);
        if (saved.cursor == nullptr) somebody_flushes_ = true;
    }
    queue_.uncount(bytes);
    queue_.give_back(spares_);
    spares_.clear();
    channels_.clear();
    saved_.clear();
    own_notes_.clear();
    if (options_.sync == JournalOptions::Sync::never) all_stored();
}

void JournalWriter::channel_written(JournalChannel& channel) {
    std::vector<Pending> done;
    {
        const std::scoped_lock lock(channel.mutex);
        done.swap(channel.writing);
        channel.written += done.size();
        retention_.written(channel);
    }
    if (!std::exchange(channel.unsynced, true)) unsynced_.push_back(&channel);
    std::size_t bytes = 0;
    for (auto& pending : done) {
        bytes += pending.bytes();
        if (pending.stored != nullptr) waiting_.push_back(std::move(pending.stored));
    }
    bytes_since_house_ += bytes;
    queue_.uncount(bytes);
    done.clear();
    spares_.push_back(std::move(done));
}

void JournalWriter::sync_if_due() {
    if (!anything_unsynced_ || state() == JournalState::failed) return;
    switch (options_.sync) {
        case JournalOptions::Sync::every_batch:
            return sync();
        case JournalOptions::Sync::interval:
            if (stopping_ || somebody_flushes_ ||
                steady_ms() >= last_sync_ms_ + options_.interval_ms) {
                sync();
            }
            return;
        case JournalOptions::Sync::never:
            return;
    }
}

void JournalWriter::sync() {
    somebody_flushes_ = false;
    const auto synced = store_.sync();
    last_sync_ms_ = steady_ms();
    if (synced.has_error()) return fail(synced.error());
    syncs_.add();
    all_stored();
}

void JournalWriter::all_stored() {
    anything_unsynced_ = false;
    for (auto* channel : unsynced_) {
        channel->unsynced = false;
        const std::scoped_lock lock(channel->mutex);
        channel->stored = channel->written;
        std::erase_if(channel->waiting, [this](const auto& reader) {
            if (!reader->stored_only()) return false;
            reader->waiting = false;
            readers_.push_back(reader);
            return true;
        });
    }
    unsynced_.clear();
    stored_.add(std::exchange(unstored_, 0));
    tell_waiting({.stored = 1});
    ring_and_forget(readers_);
}

// Who is told may append: nothing is locked, and what he appends is for the next group.
void JournalWriter::tell_waiting(const hub::Fate& fate) {
    for (auto& countdown : waiting_) {
        countdown->done(fate);
        countdown.reset();
    }
    waiting_.clear();
}

void JournalWriter::ring_and_forget(Readers& readers) {
    for (const auto& reader : readers) reader->ring();
    readers.clear();
}

void JournalWriter::keep_house() {
    next_house_ms_ = steady_ms() + house_ms;
    bytes_since_house_ = 0;
    if (state() != JournalState::well) return;
    const auto kept = retention_.keep_house(store_);
    if (retention_.wrote() && !std::exchange(anything_unsynced_, true)) {
        first_unsynced_ms_ = steady_ms();
    }
    if (kept.has_value()) return;
    // What could not be let go of now stays until the next round.
    if (kept.error().kind != base::ErrorKind::io) return fail(kept.error());
    tell("journal_housekeeping", kept.error().message);
}

void JournalWriter::finish() {
    if (state() == JournalState::failed) {
        return tell("journal_closed", "left as it is: " + what());
    }
    auto closed = retention_.note_everything(store_);
    if (closed.has_value()) closed = store_.sync();
    if (closed.has_value()) {
        all_stored();
        closed = store_.close();
    }
    if (closed.has_error()) fail(closed.error());
}

}  // namespace carillon::storage
