// test/crash/book.h: what is known of a journal from what its processes said before they died, and whether it
// agrees with what is found in it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "place.h"

namespace carillon::crash {

class Book {
 public:
    // What a process said. Empty: it is as it must be.
    std::string hear(const std::string& report);
    // What is in the journal now. Opens it and closes it well.
    std::string look(const Settings& settings, storage::file::Io* io = nullptr);
    // What is told as stored may be gone when the power is.
    void promise_nothing() { promises_ = false; }
    std::uint64_t stored_count() const;
    // The end: everything was handled, and is in "out" once.
    std::string check_complete() const;
    // The power went, or something else that the witness does not vouch for: what was not stored may be
    // gone.
    void power_lost() { at_peace_ = false; }

    std::uint64_t redelivered = 0;
    std::uint64_t kept_epochs = 0;
    std::uint64_t new_epochs = 0;
    std::uint64_t lost = 0;
    std::uint64_t missing = 0;  // appended, not stored, and gone
    bool said_all = false;      // the last process ended well

 private:
    struct Channel {
        std::uint64_t epoch = 0;
        std::uint64_t appended = 0;                   // the highest that somebody told of
        std::map<std::uint64_t, std::string> stored;  // offset, who
        std::uint64_t first = 1;
    };
    void fail(const std::string& why) {
        if (why_.empty()) why_ = why;
    }
    void line(const std::string& text);
    void opened(const std::string& name, std::uint64_t epoch, std::uint64_t last);
    void handled(std::uint64_t offset, const std::string& who);
    void read(Journal& journal, const std::string& name);
    void found(const std::string& name, const hub::Kept& kept);

    std::map<std::string, Channel> channels_;
    std::set<std::uint64_t> handled_;      // ever
    std::set<std::uint64_t> handled_now_;  // in this life
    std::set<std::uint64_t> acked_;
    std::map<std::uint64_t, std::uint64_t> made_;  // input, its offset in "out"
    std::uint64_t newest_handled_ = 0;             // in this life
    std::uint64_t last_in_ = 0;
    bool at_peace_ = false;
    bool promises_ = true;
    bool some_are_lost_ = false;  // to the worker; who is killed may not have said how many
    std::string why_;
};

}  // namespace carillon::crash
