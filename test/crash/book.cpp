#include "book.h"

#include <sstream>
#include <thread>

#include "hub/durable.h"

namespace carillon::crash {

std::string Book::hear(const std::string& report) {
    handled_now_.clear();
    newest_handled_ = 0;
    said_all = false;
    std::istringstream lines(report);
    for (std::string text; std::getline(lines, text);) line(text);
    return why_;
}

void Book::line(const std::string& text) {
    std::istringstream words(text);
    std::string what;
    std::string name;
    std::string who;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    words >> what;
    if (what == "E") return fail(text);
    if (what == "C") said_all = at_peace_ = true;
    if (what == "Q") at_peace_ = true;
    if (what == "B") some_are_lost_ = true;
    if (what == "O") {
        words >> name >> a >> b;
        opened(name, a, b);
    } else if (what == "A") {
        words >> name >> a >> who;
        auto& channel = channels_[name];
        if (a != channel.appended + 1) fail(text + ": not the next offset");
        channel.appended = a;
    } else if (what == "S") {
        words >> name >> a >> who;
        if (promises_) channels_[name].stored[a] = who;
    } else if (what == "H") {
        words >> a >> b;
        std::getline(words, who);
        if (b > 1) ++redelivered;
        handled(a, who);
    } else if (what == "K") {
        words >> a;
        acked_.insert(a);
    } else if (what == "L") {
        words >> a;
        lost += a;
    }
}

// The same epoch says that nothing is missing that ever got an offset; a quiet end is no reason for a new
// one.
void Book::opened(const std::string& name, std::uint64_t epoch, std::uint64_t last) {
    auto& channel = channels_[name];
    const auto text = name + " goes on at " + std::to_string(last);
    const auto stored = channel.stored.empty() ? 0 : channel.stored.rbegin()->first;
    if (last < stored) fail(text + ", and " + std::to_string(stored) + " was stored");
    if (channel.epoch == epoch && last < channel.appended) {
        fail(text + " in the same epoch, and " + std::to_string(channel.appended) +
             " was given before");
    }
    if (at_peace_ && channel.appended != 0 && channel.epoch != epoch) {
        fail(text + " in a new epoch, without need");
    }
    if (channel.appended != 0) (channel.epoch == epoch ? kept_epochs : new_epochs) += 1;
    if (last < channel.appended) missing += channel.appended - last;
    channel.epoch = epoch;
    channel.appended = last;
    if (name == "out") at_peace_ = false;  // both were opened
}

// One member: in order, and what comes back comes before anything newer.
void Book::handled(std::uint64_t offset, const std::string& who) {
    const auto& stored = channels_["in"].stored;
    const auto text = "handled " + std::to_string(offset);
    const auto told = stored.find(offset);
    if (told != stored.end() && who != " " + std::to_string(offset) + " " + told->second) {
        fail(text + who + ", stored by " + told->second);
    }
    if (offset + 1 < newest_handled_ + 1 && !handled_now_.contains(offset)) {
        fail(text + " for the first time after " + std::to_string(newest_handled_));
    }
    // Between the last one and this: heard before, in this life or another, or lost.
    for (auto between = newest_handled_ + 1; between < offset; ++between) {
        const bool may = acked_.contains(between) || handled_.contains(between) || some_are_lost_;
        if (!may) fail(text + ", and never " + std::to_string(between));
    }
    handled_.insert(offset);
    handled_now_.insert(offset);
    newest_handled_ = std::max(newest_handled_, offset);
}

std::string Book::look(const Settings& settings, storage::file::Io* io) {
    const base::SystemClock clock;
    auto journal = open_journal(settings, io, clock);
    if (!journal) return journal.error().message;
    for (const std::string name : {"in", "out"}) {
        {
            Pen pen(**journal, name, clock);
            opened(name, pen.position().epoch, pen.position().offset);
        }
        read(**journal, name);
    }
    at_peace_ = true;
    return why_;
}

void Book::read(Journal& journal, const std::string& name) {
    auto opened = journal.read(
        *the_app(), name,
        {.from = {.kind = hub::From::Kind::beginning, .value = 0, .after = {}}, .last = 0});
    if (opened.reader == nullptr) return fail(name + " cannot be read");
    auto& channel = channels_[name];
    const auto first = opened.reader->position().offset + 1;
    if (first < channel.first) fail(name + " begins before it did");
    channel.first = first;
    std::vector<hub::Kept> kept;
    for (auto page = hub::Reader::Page::some; page != hub::Reader::Page::end;) {
        page = opened.reader->next(65'536, kept);
        if (page == hub::Reader::Page::lost) return fail(name + ": " + opened.reader->why());
        if (page == hub::Reader::Page::later) std::this_thread::yield();
    }
    auto next = first;
    for (const auto& one : kept) {
        if (one.stamp.position.offset != next++) fail(name + " has a hole");
        found(name, one);
    }
    if (next != channel.appended + 1) fail(name + " ends too early");
}

void Book::found(const std::string& name, const hub::Kept& kept) {
    const auto offset = kept.stamp.position.offset;
    std::istringstream words{std::string(kept.publication->body())};
    std::uint64_t said = 0;
    std::string who;
    words >> said >> who;
    const auto text = name + " " + std::to_string(offset);
    if (said != offset) fail(text + " is what was " + std::to_string(said));
    if (name == "in") {
        const auto told = channels_[name].stored.find(offset);
        if (told != channels_[name].stored.end() && told->second != who) {
            fail(text + " was stored by " + told->second + " and is " + who + "'s");
        }
        return;
    }
    const auto input = std::stoull(who);
    const auto [at, is_new] = made_.emplace(input, offset);
    if (!is_new && at->second != offset) fail("input " + who + " is in the output twice");
    if (!handled_.contains(input)) fail("input " + who + " was never handled");
}

std::uint64_t Book::stored_count() const {
    const auto in = channels_.find("in");
    return in == channels_.end() ? 0 : in->second.stored.size();
}

std::string Book::check_complete() const {
    if (!why_.empty()) return why_;
    const auto& in = channels_.at("in");
    for (std::uint64_t offset = 1; offset <= in.appended; ++offset) {
        // Of what was evicted nobody knows whether it was there: neither of input nor of output.
        const bool evicted = channels_.at("out").first > 1 && handled_.contains(offset);
        const bool lost_to_it = evicted || (some_are_lost_ && offset < in.first);
        if (!made_.contains(offset) && !lost_to_it) {
            return "input " + std::to_string(offset) +
                   (handled_.contains(offset) ? " was handled and is not in the output"
                                              : " was never handled");
        }
    }
    return {};
}

}  // namespace carillon::crash
