#include "server/journal_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "server/journal_view.h"
#include "storage/file/file_store.h"
#include "storage/file/inspect.h"
#include "storage/sqlite/sqlite_store.h"

namespace carillon::server {
namespace {

using storage::Contents;
using storage::Store;
using storage::StoredChannel;
using storage::Trimmed;

bool is_directory(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
}

Result<JournalAnswer> show(const JournalRequest& request) {
    const bool whole = request.verb == JournalRequest::Verb::verify;
    TRY_AS(const auto view, view_journal(request.path, whole));
    auto text = request.json ? json_of(view) : table_of(view);
    if (whole && !request.json && view.problems.empty()) text += "\nall of it can be read\n";
    const bool wrong = whole && !view.problems.empty();
    return JournalAnswer{std::move(text), {}, wrong ? 1 : 0};
}

Result<JournalAnswer> repair(const JournalRequest& request) {
    if (!is_directory(request.path)) {
        return Error{ErrorKind::unsupported,
                     request.path +
                         ": an SQLite file is not repaired here; sqlite3's .recover makes "
                         "another of what can be read"};
    }
    TRY_AS(const auto repaired, storage::file::repair(request.path));
    std::string text;
    for (const auto& sentence : repaired.sentences) text += sentence + "\n";
    return JournalAnswer{text.empty() ? "there was nothing to repair\n" : text, {}, 0};
}

// ---- trim ----

// Where the channel is to begin.
Result<std::uint64_t> new_first(const JournalRequest& request, const StoredChannel& channel,
                                const Store& store, Now now) {
    if (request.before) return std::clamp(*request.before, channel.first, channel.last + 1);
    return store.find(channel.id, now.unix_ms - *request.older_than_ms);
}

Result<std::vector<Trimmed>> chosen(const JournalRequest& request, const Contents& contents,
                                    const Store& store, Now now, std::uint64_t& gone) {
    std::vector<Trimmed> trimmed;
    bool found = !request.channel.has_value();
    for (const auto& channel : contents.channels) {
        if (request.channel && *request.channel != std::pair(channel.app, channel.name)) continue;
        found = true;
        TRY_AS(const auto first, new_first(request, channel, store, now));
        if (first <= channel.first) continue;
        gone += first - channel.first;
        trimmed.push_back({channel.id, first});
    }
    if (!found) return Error{ErrorKind::not_found, request.path + ": no such channel in it"};
    return trimmed;
}

// Until nothing of it is left on the disk: each step lets go of a part.
Result<void> tidy(Store& store) {
    for (auto before = store.usage().bytes + 1; store.usage().bytes < before;) {
        before = store.usage().bytes;
        for (int step = 0; step < 16; ++step) {
            TRY(store.tidy());
        }
    }
    return store.sync();
}

std::unique_ptr<Store> store_at(const std::string& path) {
    if (!is_directory(path)) {
        return std::make_unique<storage::SqliteStore>(storage::SqliteOptions{.path = path});
    }
    storage::FileStoreOptions options;
    options.path = path;
    return std::make_unique<storage::FileStore>(std::move(options));
}

Result<JournalAnswer> trim(const JournalRequest& request, Now now) {
    // A journal that is not there would be made.
    TRY(view_journal(request.path, false));
    const auto store = store_at(request.path);
    TRY_AS(const auto contents, store->open());
    std::uint64_t gone = 0;
    std::vector<storage::Trimmed> trimmed;
    const auto done = [&]() -> Result<void> {
        TRY_AS(trimmed, chosen(request, contents, *store, now, gone));
        TRY(store->trim(trimmed));
        return tidy(*store);
    }();
    // One that was not closed stays so: whether something is missing of it, nobody knows here. One that
    // was is closed again, whatever was wrong with the request.
    if (contents.closed_well) {
        TRY(store->close());
    }
    TRY(done);
    std::string notes;
    for (const auto& sentence : contents.repairs) notes += sentence + "\n";
    return JournalAnswer{fmt::format("{} messages of {} channels let go\n", gone, trimmed.size()),
                         std::move(notes), 0};
}

Result<JournalAnswer> answer(const JournalRequest& request, Now now) {
    if (request.help) return JournalAnswer{std::string(journal_help_text()), {}, 0};
    if (request.verb != JournalRequest::Verb::trim) return show(request);
    return request.repair ? repair(request) : trim(request, now);
}

}  // namespace

JournalAnswer answer_journal_request(const JournalRequest& request, Now now) {
    auto answered = answer(request, now);
    if (answered.has_value()) return std::move(answered).value();
    return {{}, "carillon: " + answered.error().message + "\n", 2};
}

}  // namespace carillon::server
