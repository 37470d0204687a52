// carillon/journal.h: topics that are kept: beyond the subscription, the program and, as far as Sync
// says, the machine. A broker has one journal, in files or in SQLite.
//
//   auto broker = carillon::Builder()
//                     .with(carillon::FileJournal{.path = "data", .topics = {"orders/#"}})
//                     .start();
//   auto all = broker->subscribe("orders/7", handler, {.from = carillon::From::beginning()});
//
// publish() does not wait for the disk: what it took is written within a moment by a thread of the
// journal's. Who wants to know awaits publish_confirmed(). What the journal cannot take is refused:
// overloaded (64 MiB wait for the disk), io (the disk is full, or fails): then nobody hears it either.
//
// Messages are kept as bytes (a described type as JSON), with their topic, time and offset.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "carillon/broker.h"

namespace carillon {

// How much of each topic is kept; 0: no bound of that kind. The newest message always stays.
struct Retention {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;  // of messages, about
    std::chrono::milliseconds age{0};
};

// When a message counts as stored: confirmed, handed to subscriptions with a name, and safe from…
class Sync {
 public:
    // …a power loss: the disk has it. One sync for all that came while the last one went on.
    static Sync each_batch() { return {Kind::each_batch, std::chrono::milliseconds(0)}; }
    // The same, at most so often (1 ms … 1 h): it takes that much longer.
    static Sync every(std::chrono::milliseconds interval) { return {Kind::interval, interval}; }
    // …the end of the process, but not of the machine: the operating system has it.
    static Sync never() { return {Kind::never, std::chrono::milliseconds(0)}; }

    enum class Kind : unsigned char { each_batch, interval, never };
    Kind kind() const { return kind_; }
    std::chrono::milliseconds interval() const { return interval_; }

 private:
    // NOLINTNEXTLINE(google-explicit-constructor): the functions above return {…}
    Sync(Kind kind, std::chrono::milliseconds interval) : kind_(kind), interval_(interval) {}
    Kind kind_;
    std::chrono::milliseconds interval_;
};

// Topics and patterns, as one subscribes to (no globs), and what is kept of each topic.
struct JournalRule {
    std::vector<std::string> topics{};
    Retention keep{};
};

// What happens to a journal, in one sentence: what was put right when it was opened, that the disk is
// full, that all is well again. On the journal's threads.
using JournalTold = std::function<void(std::string_view sentence)>;

// In a folder: segments that are appended to. Of one broker at a time.
struct CARILLON_API FileJournal {
    std::string path;                      // the folder; it is made if it is not there
    std::vector<std::string> topics{"#"};  // as in JournalRule; the first rule that matches counts
    Retention keep{};
    std::vector<JournalRule> more{};  // for topics that `topics` does not match
    Sync sync = Sync::every(std::chrono::milliseconds(10));
    std::uint64_t bytes_max = 0;  // of all of it on disk: then the oldest goes; 0: no bound
    std::uint64_t segment_bytes = 64 * 1024 * 1024;
    JournalTold told{};  // empty: to the error sink

    void install(Builder& builder);
};

// In one SQLite database (WAL). Slower; other programs may look into it.
struct CARILLON_API SqliteJournal {
    std::string path;
    std::vector<std::string> topics{"#"};
    Retention keep{};
    std::vector<JournalRule> more{};
    Sync sync = Sync::every(std::chrono::milliseconds(10));
    std::uint64_t bytes_max = 0;
    JournalTold told{};

    void install(Builder& builder);
};

}  // namespace carillon
