#include <algorithm>

#include "base/assert.h"
#include "storage/journal/live_journal.h"

namespace carillon::storage {

// The order matters: that epochs are new is stored before anything can be appended under an old one, and
// before the witness begins to vouch for it.
base::Result<void> LiveJournal::recover() {
    TRY_AS(auto contents, store_->open());
    for (const auto& repair : contents.repairs) tell("journal_repaired", repair);
    if (!options_.witness_path.empty()) {
        const auto opened = witness_.open(options_.witness_path);
        if (opened.has_error()) {
            tell("journal_witness", opened.error().message + "; after a crash every epoch is new");
        }
    }
    TRY_AS(generation_, generation_of(contents));
    written_before_ = contents.written;
    witness_.begin(contents.written);
    for (const auto& stored : contents.channels) {
        TRY(recover_channel(stored, contents));
    }
    recover_cursors(contents);
    desk_ = std::make_shared<ReadDesk>(*store_);
    writer_ = std::make_unique<JournalWriter>(*store_, queue_, cursors_, retention_, directory_,
                                              options_, generation_);
    return {};
}

// Counted up, if it cannot be proved that nothing is missing that ever got an offset.
base::Result<std::uint64_t> LiveJournal::generation_of(const Contents& contents) {
    std::uint64_t generation = 0;
    const auto noted = contents.notes.find(generation_key);
    if (noted != contents.notes.end()) {
        const auto parsed = parse_generation(noted->second);
        if (!parsed.has_value()) {
            return base::Error{base::ErrorKind::invalid, "the journal's generation is no number"};
        }
        generation = *parsed;
    }
    const bool whole = contents.closed_well || witness_.vouches_for(contents.written);
    if (whole || contents.channels.empty()) return generation;
    const auto next = std::to_string(++generation);
    const Note note{generation_key, next};
    TRY(store_->write({}, {&note, 1}));
    TRY(store_->sync());
    tell("journal_epochs",
         "it was not closed, and nothing proves that all of it is there: every channel goes on "
         "under a "
         "new epoch");
    return generation;
}

base::Result<void> LiveJournal::recover_channel(const StoredChannel& stored,
                                                const Contents& contents) {
    auto& channel = *directory_.find_or_make(stored.app, stored.name);
    channel.epoch = epoch_of(stored.epoch, generation_);
    channel.first = stored.first;
    channel.last = channel.written = channel.stored = stored.last;
    channel.bytes = stored.bytes;
    channel.oldest_ms = stored.oldest_ms;
    channel.id = stored.id;
    retention_.known(stored.id, channel);
    const auto note = contents.notes.find(once_key(channel.key));
    if (note == contents.notes.end()) return {};
    return recover_publishers(channel, note->second);
}

// What the note does not tell of is read again: not more than was written since the last note.
base::Result<void> LiveJournal::recover_publishers(JournalChannel& channel, std::string_view note) {
    auto decoded = Publishers::decode(note, limits::journal_publishers_max);
    if (!decoded.has_value()) {
        return base::Error{
            base::ErrorKind::invalid,
            "the note of the publishers of channel " + std::string(channel.name()) + " is damaged"};
    }
    channel.publishers = std::make_unique<Publishers>(std::move(decoded->publishers));
    channel.begun_once = true;
    channel.noted_up_to = std::min(decoded->complete_up_to, channel.last);
    std::vector<hub::Kept> page;
    for (auto next = std::max(channel.noted_up_to + 1, channel.first); next <= channel.last;) {
        page.clear();
        TRY(store_->read(*channel.id, channel.epoch, next, channel.last, limits::journal_page_bytes,
                         page));
        for (const auto& kept : page) {
            const auto once = kept.publication->once();
            if (once.publisher != 0) channel.publishers->add(once);
        }
        ASSERT(!page.empty());
        next = page.back().stamp.position.offset + 1;
    }
    return {};
}

void LiveJournal::recover_cursors(Contents& contents) {
    const auto begin = contents.notes.lower_bound(cursor_prefix);
    for (auto at = begin; at != contents.notes.end() && at->first.starts_with(cursor_prefix);
         ++at) {
        cursors_.recover(at->first, std::move(at->second));
    }
}

}  // namespace carillon::storage
