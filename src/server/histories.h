// server/histories.h: what channels keep, and where: in memory what a protocol's names ask for (a cache
// channel's last event), in the journal what the operator's rules say. A channel is in one of them, and
// where it is follows from its name and the configuration alone.
//
// Without a journal nothing but memory is there. It is opened before anything is published, and closed
// after the hub is gone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "hub/history.h"
#include "hub/pattern.h"
#include "server/config.h"
#include "storage/journal/journal.h"
#include "storage/memory/memory_history.h"

namespace carillon::server {

// The rules of the configuration, ready to be asked for each publication. Immutable.
class KeepRules {
 public:
    explicit KeepRules(const std::vector<JournalRule>& rules);
    // What the first rule that fits says; empty: not kept.
    std::optional<storage::KeepRule> of(const hub::App& app, std::string_view channel) const;

 private:
    struct Rule {
        std::string app;  // empty: every app
        hub::Pattern pattern;
        bool keep;
        storage::KeepRule how_much;
    };
    std::vector<Rule> rules_;
};

class Histories final : public hub::History, public hub::Cursors {
 public:
    Histories(const JournalConfig& config, storage::MemoryHistory::Rule in_memory);

    // Opens the journal, if the configuration has one. Once, before anything is published. An Error says
    // what to do about it.
    Result<void> open(const base::Clock& clock, base::Log& log);

    // What is queued is stored, and who waits for that is told. Nobody publishes any more.
    void close() {
        if (journal_ != nullptr) journal_->close();
    }

    const storage::MemoryHistory& memory() const { return memory_; }
    const storage::Journal* journal() const { return journal_.get(); }  // null: there is none
    storage::Journal* journal() { return journal_.get(); }
    // Why nothing can be published to some channels now; empty: everything can.
    std::string trouble() const;

    // ---- hub::History ----
    Keeps keeps(const hub::App& app, std::string_view channel) const override;
    std::unique_ptr<hub::ChannelHistory> open(const hub::App& app, std::string_view channel,
                                              std::uint64_t epoch) override;
    bool has_past(const hub::App& app, std::string_view channel) const override {
        return journal_ != nullptr && journal_->has_past(app, channel);
    }
    bool in_trouble() const override { return journal_ != nullptr && journal_->in_trouble(); }
    hub::Outcome refuses(const hub::App& app, std::string_view channel) const override;
    Opened read(const hub::App& app, std::string_view channel, hub::ReadOptions options) override;
    void swept(Now now) override;

    // ---- hub::Cursors ----
    std::string load(const hub::App& app, std::string_view channel, std::string_view name) override;
    bool save(const hub::App& app, std::string_view channel, std::string_view name,
              std::string state, const hub::CountdownRef& stored) override;
    std::vector<std::string> names(const hub::App& app, std::string_view channel) override;

 private:
    bool is_in_memory(const hub::App& app, std::string_view channel) const {
        return memory_.keeps(app, channel) != Keeps::nothing;
    }

    const JournalConfig config_;
    const KeepRules rules_;
    storage::MemoryHistory memory_;
    std::unique_ptr<storage::Journal> journal_;
};

}  // namespace carillon::server
