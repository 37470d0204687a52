// storage/journal/channel.h: what a journal knows of one channel while the process lives: where it stands,
// what of it is not written yet, how far it is written and stored, who reads it. Never forgotten, for its
// numbers must go on.
//
// Threads: everything below the mutex is guarded by it, unless it says that it is the writer's. Innermost
// but for the queue's mutex (queue.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/adaptive_mutex.h"
#include "hub/history.h"
#include "storage/journal/journal.h"
#include "storage/journal/keys.h"
#include "storage/journal/publishers.h"

namespace carillon::storage {

class PageReader;

// Appended, and not written yet. Its offset follows from its place.
struct Pending {
    hub::PublicationRef publication;
    hub::CountdownRef stored;
    std::int64_t unix_ms;

    std::size_t bytes() const { return publication->inbox_bytes() + sizeof *this; }
};

struct JournalChannel {
    JournalChannel(std::string_view app_id, std::string_view channel_name)
        : key(channel_key(app_id, channel_name)),
          name_at(key.size() - channel_name.size()),
          app_at(name_at - app_id.size()) {}

    std::string_view app() const { return std::string_view(key).substr(app_at, name_at - app_at); }
    std::string_view name() const { return std::string_view(key).substr(name_at); }
    std::uint64_t kept() const { return last + 1 - first; }
    std::uint64_t body_bytes_mean() const { return kept() == 0 ? 0 : bytes / kept(); }
    std::uint64_t safe(bool stored_only) const { return stored_only ? stored : last; }
    // What is not written yet, from `written` + 1 on.
    const Pending& pending(std::uint64_t offset) const {
        const auto at = offset - written - 1;
        return at < writing.size() ? writing[at] : filling[at - writing.size()];
    }
    // Nothing is on its way: what is known is what is written.
    bool at_rest() const { return !queued && writing.empty(); }

    const std::string key;
    const std::size_t name_at;
    const std::size_t app_at;

    mutable base::AdaptiveMutex mutex;
    std::uint64_t epoch = 0;  // 0: nothing was ever appended, somebody waits to read
    std::uint64_t first = 1;
    std::uint64_t last = 0;
    std::uint64_t written = 0;
    std::uint64_t stored = 0;
    std::uint64_t bytes = 0;  // of bodies kept, about
    std::int64_t oldest_ms = 0;
    std::vector<Pending> filling;  // empty while nothing is queued: not even memory
    std::vector<Pending> writing;  // the writer's group
    std::optional<std::uint32_t> id{};
    std::unique_ptr<Publishers> publishers{};  // null: none publishes once
    std::uint64_t noted_up_to = 0;             // their note is complete up to this offset
    std::vector<std::shared_ptr<PageReader>> waiting;
    std::optional<KeepRule> rule{};
    bool asked_rule = false;
    bool queued = false;          // the writer will come
    bool broken = false;          // what was not written never will be
    bool note_due = false;        // …of its publishers, with the next group
    bool oldest_unknown = false;  // oldest_ms is of something let go since

    // the writer's
    bool begun_once =
        false;  // a note that there are publishers is on its way before their messages
    bool unsynced = false;
    bool to_trim = false;
};

}  // namespace carillon::storage
