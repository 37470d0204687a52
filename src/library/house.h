// library/house.h: where a broker lives: a hub, some of its lanes, and the app whose channels are its
// topics. Its own, or a server's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "hub/hub.h"
#include "storage/journal/journal.h"

namespace carillon::library {

// What a Builder was told of a journal.
struct JournalPlan {
    std::string what;  // FileJournal, SqliteJournal
    std::function<std::unique_ptr<storage::Store>()> make_store;
    storage::JournalOptions options{};
};

struct House {
    virtual ~House() = default;
    virtual hub::Hub& hub() = 0;
    virtual hub::History* history() { return nullptr; }      // null: nothing is kept
    virtual storage::Journal* journal() { return nullptr; }  // null: there is none
    // Whether the broker lets go of what is too old (Hub::sweep).
    virtual bool is_swept_by_broker() const { return false; }
    virtual hub::Lane& lane(unsigned index) = 0;  // of the broker's own
    virtual const hub::AppRef& app() const = 0;
    // How the broker's numbers are asked for on the loop of one of its lanes. Before start().
    using RunOnLane = std::function<void(unsigned index, std::function<void()> job)>;
    virtual void set_run_on_lane(const RunOnLane&) {}
    // After the broker's loops are attached and its hooks; before anything is published. app() is
    // known then.
    virtual Result<void> start() { return {}; }
    // While the broker's loops still run: nobody else publishes from now on.
    virtual void stop() {}
};

// With nothing but a hub, and perhaps a journal, which is opened.
Result<std::unique_ptr<House>> make_house(unsigned lanes, std::optional<JournalPlan> journal);

}  // namespace carillon::library
