#include "storage/journal/retention.h"

#include <algorithm>
#include <mutex>
#include <string>

namespace carillon::storage {

namespace {

// Channels whose age is judged in one round, and of these, those for which the store is asked.
constexpr std::size_t looks_per_round = 10'000;
constexpr std::size_t searches_per_round = 256;
constexpr std::size_t tidy_steps_per_round = 4;

}  // namespace

void Retention::written(JournalChannel& channel) {
    if (!channel.rule.has_value()) return;
    const auto& rule = *channel.rule;
    auto first = channel.first;
    if (rule.messages_max != 0 && channel.kept() > rule.messages_max) {
        first = channel.last + 1 - rule.messages_max;
    }
    if (rule.bytes_max != 0 && channel.bytes > rule.bytes_max) {
        const auto mean = std::max<std::uint64_t>(1, channel.body_bytes_mean());
        const auto over = (channel.bytes - rule.bytes_max + mean - 1) / mean;
        first = std::max(first, channel.first + over);
    }
    let_go(channel, first, trimmed_);
}

// Under the channel's mutex. The newest stays, and what is not written yet.
void Retention::let_go(JournalChannel& channel, std::uint64_t first, base::Count& count) {
    first = std::min({first, channel.last, channel.written});
    if (first <= channel.first) return;
    count.add(first - channel.first);
    channel.bytes -= std::min(channel.bytes, channel.body_bytes_mean() * (first - channel.first));
    channel.first = first;
    channel.oldest_unknown = true;
    if (!std::exchange(channel.to_trim, true)) to_trim_.push_back(&channel);
}

base::Result<void> Retention::keep_house(Store& store) {
    wrote_ = false;
    look_at_some(store);
    TRY(flush(store));
    return tidy(store);
}

// ---- age ----

void Retention::look_at_some(const Store& store) {
    if (next_look_ >= directory_.size()) next_look_ = 0;
    std::size_t searches = 0;
    for (const auto& channel : directory_.some(next_look_, looks_per_round)) {
        if (searches == searches_per_round) return;
        if (too_old(*channel, store)) ++searches;
        ++next_look_;
    }
}

// True: the store was asked.
bool Retention::too_old(JournalChannel& channel, const Store& store) {
    std::int64_t until_ms = 0;
    std::uint32_t id = 0;
    {
        const std::scoped_lock lock(channel.mutex);
        if (!channel.asked_rule) {
            hub::App app;
            app.id = channel.app();
            channel.rule = options_.rule(app, channel.name());
            channel.asked_rule = true;
        }
        written(channel);  // the rule may be another than before the start
        const auto lag = channel.written - std::min(channel.written, channel.noted_up_to);
        if (channel.begun_once && lag != 0 && channel.at_rest()) to_note_.push_back(&channel);
        if (!channel.rule.has_value() || channel.rule->age_ms_max == 0) return false;
        if (!channel.id.has_value() || channel.first >= channel.written) return false;
        until_ms = clock_.now().unix_ms - channel.rule->age_ms_max;
        if (!channel.oldest_unknown && channel.oldest_ms >= until_ms) return false;
        id = *channel.id;
    }
    const auto found = store.find(id, until_ms);
    if (found.has_error()) return true;  // whoever reads it is told
    std::uint64_t first = 0;
    {
        const std::scoped_lock lock(channel.mutex);
        let_go(channel, found.value(), trimmed_);
        first = channel.first;
    }
    std::vector<hub::Kept> oldest;
    if (store.read(id, 0, first, first, 1, oldest).has_error() || oldest.empty()) return true;
    const std::scoped_lock lock(channel.mutex);
    channel.oldest_ms = oldest.front().stamp.unix_ms;
    channel.oldest_unknown = false;
    return true;
}

// ---- telling the store ----

base::Result<void> Retention::flush(Store& store) {
    for (auto* channel : to_trim_) {
        const std::scoped_lock lock(channel->mutex);
        if (!channel->begun_once || channel->noted_up_to + 1 >= channel->first) continue;
        if (channel->at_rest()) {
            to_note_.push_back(channel);
        } else {
            channel->note_due = true;  // with its next group
        }
    }
    const auto noted = write_notes(store, to_note_);
    to_note_.clear();  // what could not be written is found again
    TRY(noted);
    std::vector<Trimmed> trims;
    Channels later;
    for (auto* channel : to_trim_) {
        const std::scoped_lock lock(channel->mutex);
        if (channel->begun_once && channel->noted_up_to + 1 < channel->first) {
            later.push_back(channel);
        } else {
            trims.push_back({*channel->id, channel->first});
        }
    }
    if (!trims.empty()) {
        TRY(store.trim(trims));
        wrote_ = true;
    }
    for (auto* channel : to_trim_) channel->to_trim = false;
    for (auto* channel : later) channel->to_trim = true;
    to_trim_ = std::move(later);
    return {};
}

base::Result<void> Retention::write_notes(Store& store, const Channels& channels) {
    std::vector<std::pair<std::string, std::string>> texts;
    std::vector<std::uint64_t> complete;
    for (const auto* channel : channels) {
        const std::scoped_lock lock(channel->mutex);
        const auto up_to =
            channel->at_rest() && channel->publishers != nullptr ? channel->written : 0;
        complete.push_back(up_to);
        if (up_to == 0) continue;
        texts.emplace_back(once_key(channel->key), channel->publishers->encode(up_to));
    }
    if (texts.empty()) return {};
    std::vector<Note> notes;
    notes.reserve(texts.size());
    for (const auto& [key, value] : texts) notes.push_back({key, value});
    TRY(store.write({}, notes));
    wrote_ = true;
    for (std::size_t i = 0; i < channels.size(); ++i) {
        const std::scoped_lock lock(channels[i]->mutex);
        channels[i]->noted_up_to = std::max(channels[i]->noted_up_to, complete[i]);
    }
    return {};
}

base::Result<void> Retention::tidy(Store& store) {
    for (std::size_t step = 0; step < tidy_steps_per_round; ++step) {
        TRY_AS(const auto gone, store.tidy());
        if (gone.empty()) return {};
        wrote_ = true;
        for (const auto& [id, first] : gone) {
            const auto found = by_id_.find(id);
            if (found == by_id_.end()) continue;
            auto& channel = *found->second;
            const std::scoped_lock lock(channel.mutex);
            evict(channel, first);
        }
    }
    return {};
}

// Under the channel's mutex. The store did it already: even the newest may be gone.
void Retention::evict(JournalChannel& channel, std::uint64_t first) {
    if (first <= channel.first) return;
    evicted_.add(first - channel.first);
    channel.bytes -= std::min(channel.bytes, channel.body_bytes_mean() * (first - channel.first));
    channel.first = first;
    channel.oldest_unknown = true;
    if (!channel.begun_once || channel.noted_up_to + 1 >= first) return;
    channel.at_rest() ? to_note_.push_back(&channel) : void(channel.note_due = true);
}

void Retention::make_room(Store& store) {
    // It may fail for the same reason as the write that is to be tried again, and then that says so.
    look_at_some(store);
    (void)flush(store).has_value();
    (void)tidy(store).has_value();
}

base::Result<void> Retention::note_everything(Store& store) {
    for (std::size_t at = 0; at < directory_.size(); at += looks_per_round) {
        to_note_.clear();
        for (const auto& channel : directory_.some(at, looks_per_round)) {
            const std::scoped_lock lock(channel->mutex);
            if (channel->begun_once && channel->noted_up_to < channel->written) {
                to_note_.push_back(channel.get());
            }
        }
        TRY(write_notes(store, to_note_));
    }
    to_note_.clear();
    return flush(store);
}

}  // namespace carillon::storage
