// storage/journal/testing_history_place.h: a journal as hub/testing_history.h wants to have it, over whatever
// stores a place makes.
#pragma once

#include <memory>
#include <utility>

#include "hub/testing_history.h"
#include "storage/journal/journal.h"
#include "storage/journal/testing_store_hand.h"

namespace carillon::storage::testing {

class JournalPlace final : public hub::testing::HistoryPlace {
 public:
    template <MakePlace make_place>
    static std::unique_ptr<HistoryPlace> make(const hub::testing::HistoryRule& rule) {
        return std::make_unique<JournalPlace>(make_place(0), rule);
    }
    JournalPlace(std::unique_ptr<StorePlace> place, const hub::testing::HistoryRule& rule)
        : place_(std::move(place)),
          keep_{.messages_max = rule.messages_max, .bytes_max = 0, .age_ms_max = rule.age_ms_max} {
        open();
    }

    hub::History& history() override { return *journal_; }
    void settle() override { EXPECT_TRUE(journal_->flush(20'000)); }
    bool restart() override {
        open();
        return true;
    }

 private:
    void open() {
        journal_.reset();
        JournalOptions options;
        options.rule = [keep = keep_](const hub::App&, std::string_view) { return keep; };
        options.interval_ms = 1;
        auto opened = Journal::open(place_->store(), std::move(options), clock);
        EXPECT_TRUE(opened) << opened.error().message;
        journal_ = std::move(opened).value();
    }

    std::unique_ptr<StorePlace> place_;
    const KeepRule keep_;
    std::unique_ptr<Journal> journal_;
};

}  // namespace carillon::storage::testing
