#include "server/histories.h"

#include <algorithm>

#include "base/assert.h"
#include "storage/file/file_store.h"
#include "storage/sqlite/sqlite_store.h"

namespace carillon::server {
namespace {

using storage::Journal;

// The pattern was judged when the configuration was read; who makes a Config by hand is held to the
// same.
hub::Pattern pattern_of(const JournalRule& rule) {
    auto pattern = hub::Pattern::parse(hub::Pattern::Kind::glob, rule.pattern);
    ASSERT(pattern.has_value());
    return std::move(pattern).value();
}

// Beside the journal, whether that is a file or a directory.
std::string witness_path(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path + ".witness";
}

std::unique_ptr<storage::Store> store_of(const JournalConfig& config) {
    if (config.driver == JournalDriver::sqlite) {
        return std::make_unique<storage::SqliteStore>(
            storage::SqliteOptions{.path = config.path, .bytes_max = config.bytes_max});
    }
    storage::FileStoreOptions options;
    options.path = config.path;
    options.bytes_max = config.bytes_max;
    return std::make_unique<storage::FileStore>(std::move(options));
}

storage::JournalOptions::Sync sync_of(JournalSync sync) {
    using Sync = storage::JournalOptions::Sync;
    switch (sync) {
        case JournalSync::every_batch:
            return Sync::every_batch;
        case JournalSync::interval:
            return Sync::interval;
        case JournalSync::never:
            break;
    }
    return Sync::never;
}

// What nobody needs to look into is said quietly.
void say(base::Log& log, std::string_view event, const std::string& what) {
    const bool calm = event == "journal_well" || event == "journal_closed";
    log.write(calm ? base::LogLevel::info : base::LogLevel::warning, event,
              std::initializer_list<base::LogField>{{"message", what}});
}

}  // namespace

KeepRules::KeepRules(const std::vector<JournalRule>& rules) {
    rules_.reserve(rules.size());
    for (const auto& rule : rules) {
        rules_.push_back({.app = rule.app,
                          .pattern = pattern_of(rule),
                          .keep = rule.keep,
                          .how_much = {.messages_max = rule.messages_max,
                                       .bytes_max = rule.bytes_max,
                                       .age_ms_max = std::int64_t{rule.age_s} * 1000}});
    }
}

std::optional<storage::KeepRule> KeepRules::of(const hub::App& app,
                                               std::string_view channel) const {
    for (const auto& rule : rules_) {
        if (!rule.app.empty() && rule.app != app.id) continue;
        if (!rule.pattern.matches(channel)) continue;
        return rule.keep ? std::optional(rule.how_much) : std::nullopt;
    }
    return std::nullopt;
}

Histories::Histories(const JournalConfig& config, storage::MemoryHistory::Rule in_memory)
    : config_(config), rules_(config.channels), memory_(std::move(in_memory)) {}

Result<void> Histories::open(const base::Clock& clock, base::Log& log) {
    if (config_.path.empty()) return {};
    storage::JournalOptions options;
    options.rule = [this](const hub::App& app, std::string_view channel) {
        return rules_.of(app, channel);
    };
    options.sync = sync_of(config_.sync);
    options.interval_ms = config_.sync_interval_ms;
    options.witness_path = witness_path(config_.path);
    options.tell = [&log](std::string_view event, const std::string& what) {
        say(log, event, what);
    };
    auto opened = Journal::open(store_of(config_), std::move(options), clock);
    if (!opened.has_value()) {
        auto error = std::move(opened).error();
        error.message = "journal.path: " + error.message;
        return error;
    }
    journal_ = std::move(opened).value();
    return {};
}

std::string Histories::trouble() const {
    if (journal_ == nullptr) return {};
    const auto numbers = journal_->numbers();
    switch (numbers.state) {
        case storage::JournalState::well:
            break;
        case storage::JournalState::full:
            return "the journal cannot be written to: " + numbers.what;
        case storage::JournalState::failed:
            return "the journal failed, and nothing is kept until the next start: " + numbers.what;
    }
    return {};
}

// ---- hub::History ----

hub::History::Keeps Histories::keeps(const hub::App& app, std::string_view channel) const {
    const auto here = memory_.keeps(app, channel);
    if (here != Keeps::nothing || journal_ == nullptr) return here;
    return journal_->keeps(app, channel);
}

std::unique_ptr<hub::ChannelHistory> Histories::open(const hub::App& app, std::string_view channel,
                                                     std::uint64_t epoch) {
    if (journal_ == nullptr || is_in_memory(app, channel)) {
        return memory_.open(app, channel, epoch);
    }
    hub::History& journal = *journal_;  // whose open() is another than Journal's own
    return journal.open(app, channel, epoch);
}

hub::Outcome Histories::refuses(const hub::App& app, std::string_view channel) const {
    if (journal_ == nullptr || is_in_memory(app, channel)) return hub::Outcome::ok;
    return journal_->refuses(app, channel);
}

hub::History::Opened Histories::read(const hub::App& app, std::string_view channel,
                                     hub::ReadOptions options) {
    if (journal_ == nullptr || is_in_memory(app, channel)) return {};
    return journal_->read(app, channel, std::move(options));
}

void Histories::swept(Now now) {
    memory_.swept(now);
    if (journal_ != nullptr) journal_->swept(now);
}

// ---- hub::Cursors ----

std::string Histories::load(const hub::App& app, std::string_view channel, std::string_view name) {
    return journal_ == nullptr ? std::string() : journal_->load(app, channel, name);
}

bool Histories::save(const hub::App& app, std::string_view channel, std::string_view name,
                     std::string state, const hub::CountdownRef& stored) {
    return journal_ != nullptr && journal_->save(app, channel, name, std::move(state), stored);
}

std::vector<std::string> Histories::names(const hub::App& app, std::string_view channel) {
    return journal_ == nullptr ? std::vector<std::string>() : journal_->names(app, channel);
}

}  // namespace carillon::server
