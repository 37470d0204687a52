// The journals that a Builder takes: which topics they keep, and in what store.
#include <algorithm>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "carillon/journal.h"
#include "hub/pattern.h"
#include "library/hook_chain.h"
#include "library/plan.h"
#include "storage/file/file_store.h"
#include "storage/sqlite/sqlite_store.h"

namespace carillon {
namespace {

struct Rule {
    std::vector<hub::Pattern> topics;
    storage::KeepRule keep;
};

Result<Rule> rule_of(const std::vector<std::string>& topics, const Retention& keep) {
    if (keep.age.count() < 0) return Error{ErrorKind::invalid, "an age below zero"};
    Rule rule{{}, {keep.messages, keep.bytes, keep.age.count()}};
    for (const auto& topic : topics) {
        auto pattern = library::parse_filter({.text = topic, .glob = false});
        if (!pattern) return std::move(pattern).error();
        rule.topics.push_back(std::move(*pattern));
    }
    return rule;
}

Result<storage::JournalOptions::Rule> rules_of(const std::vector<std::string>& topics,
                                               const Retention& keep,
                                               const std::vector<JournalRule>& more) {
    auto rules = std::make_shared<std::vector<Rule>>();
    TRY_AS(auto first, rule_of(topics, keep));
    rules->push_back(std::move(first));
    for (const auto& one : more) {
        TRY_AS(auto rule, rule_of(one.topics, one.keep));
        rules->push_back(std::move(rule));
    }
    return storage::JournalOptions::Rule(
        [rules](const hub::App&, std::string_view topic) -> std::optional<storage::KeepRule> {
            for (const auto& rule : *rules) {
                const bool is_its = std::any_of(
                    rule.topics.begin(), rule.topics.end(),
                    [topic](const hub::Pattern& pattern) { return pattern.matches(topic); });
                if (is_its) return rule.keep;
            }
            return std::nullopt;
        });
}

storage::JournalOptions::Sync sync_of(Sync sync) {
    using Its = storage::JournalOptions::Sync;
    switch (sync.kind()) {
        case Sync::Kind::each_batch:
            return Its::every_batch;
        case Sync::Kind::interval:
            return Its::interval;
        case Sync::Kind::never:
            return Its::never;
    }
    return Its::interval;
}

// What both have in common.
template <class Part>
void plan_journal(const char* what, const Part& part, Builder& builder, std::string witness_path,
                  std::function<std::unique_ptr<storage::Store>()> make_store) {
    auto& plan = builder.plan();
    const auto refuse = [&](const std::string& why) { plan.refuse(what + (": " + why)); };
    if (plan.journal) return refuse("one journal for one broker");
    if (part.path.empty()) return refuse("it needs a path");
    using namespace std::chrono_literals;
    if (part.sync.kind() == Sync::Kind::interval &&
        (part.sync.interval() < 1ms || part.sync.interval() > 1h)) {
        return refuse("Sync::every: 1 ms … 1 h");
    }
    if (part.bytes_max != 0 && part.bytes_max < limits::journal_bytes_min) {
        return refuse("bytes_max: at least 1 MiB, or 0: no bound");
    }
    auto rules = rules_of(part.topics, part.keep, part.more);
    if (!rules) return refuse(rules.error().message);
    storage::JournalOptions options;
    options.rule = std::move(*rules);
    options.sync = sync_of(part.sync);
    options.interval_ms = std::max<std::int64_t>(part.sync.interval().count(), 1);
    options.witness_path = std::move(witness_path);
    if (part.told) {
        options.tell = [told = part.told](std::string_view, const std::string& sentence) {
            told(sentence);
        };
    }
    plan.journal = library::JournalPlan{what, std::move(make_store), std::move(options)};
}

}  // namespace

void FileJournal::install(Builder& builder) {
    storage::FileStoreOptions options;
    options.path = path;
    options.segment_bytes = segment_bytes;
    options.bytes_max = bytes_max;
    plan_journal("FileJournal", *this, builder, path + "/witness",
                 [options] { return std::make_unique<storage::FileStore>(options); });
}

void SqliteJournal::install(Builder& builder) {
    storage::SqliteOptions options;
    options.path = path;
    options.bytes_max = bytes_max;
    plan_journal("SqliteJournal", *this, builder, path + "-witness",
                 [options] { return std::make_unique<storage::SqliteStore>(options); });
}

}  // namespace carillon
