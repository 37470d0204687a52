#include "storage/file/inspect.h"

#include <fcntl.h>

#include <algorithm>

#include "base/random.h"
#include "storage/file/new_segment.h"
#include "storage/file/survey.h"

namespace carillon::storage::file {

Result<Inspection> inspect(const std::string& path, Io& io) {
    Survey survey(path, io, false);
    TRY(survey.run());
    return std::move(survey.inspection);
}

Result<Inspection> verify(const std::string& path, Io& io) {
    Survey survey(path, io, true);
    TRY(survey.run());
    return std::move(survey.inspection);
}

namespace {

// Damaged segments are written anew, without what cannot be read; behind them comes a new one that begins
// with what is known now. A crash in between leaves something to repair again.
class Repair {
 public:
    Repair(std::string path, Io& io, Survey& survey)
        : path_(std::move(path)), io_(io), survey_(survey) {}

    Result<Repaired> run() {
        const auto newest = survey_.segments.rbegin()->first;
        for (auto& [number, found] : survey_.segments) {
            if (!found.readable) {
                TRY(put_aside(number));
            } else if (found.damaged || number == newest) {
                TRY(rewrite(found));
            }
        }
        const bool end_lost = survey_.segments.rbegin()->second.damaged;
        for (const auto& [id, channel] : survey_.state.channels()) settle(id, end_lost);
        if (end_lost) {
            say("every channel goes on under a new epoch: nobody knows what the newest segment "
                "had behind the damage");
        }
        const SegmentHeader header{.number = newest + 1,
                                   .written = survey_.inspection.written,
                                   .salt = static_cast<std::uint32_t>(random_.next())};
        std::uint64_t bytes = 0;
        TRY(make_segment(io_, path_, header, survey_.state, nullptr, bytes));
        return std::move(repaired_);
    }

 private:
    // Nothing of it can be read: its bytes are kept for who knows better.
    Result<void> put_aside(std::uint64_t number) {
        const auto from = segment_path(path_, number);
        const auto to = from + ".damaged";
        if (const int answer = io_.rename(from, to); answer < 0)
            return io_error("rename", from, answer);
        say(from + " cannot be read at all, and is now " + to);
        return {};
    }

    Result<void> rewrite(const Survey::Found& found) {
        const auto number = found.summary.number;
        TRY_AS(auto file, File::open(io_, segment_path(path_, number), O_RDONLY, nullptr));
        TRY_AS(auto source, FileSource::of(file));
        const auto trailer = read_footer_trailer(source, found.header);
        TRY_AS(
            const auto rewritten,
            rewrite_segment(
                io_, path_, source, found.header, static_cast<std::uint32_t>(random_.next()),
                {.salvage = true, .with_footer = true, .data_end = trailer ? trailer->data_end : 0},
                nullptr));
        if (found.damaged)
            say(segment_path(path_, number) + " was written anew with what of it can be read");
        for (const auto& what : rewritten.left_out) say(segment_path(path_, number) + ": " + what);
        return {};
    }

    // What is newer than any hole stays. Where an end may be lost the same numbers are given again, to other
    // messages: under another epoch.
    void settle(std::uint32_t id, bool end_lost) {
        if (end_lost) survey_.state.find(id)->epoch ^= random_.next() | 1;
        auto channel = *survey_.state.find(id);
        const auto before = channel;
        const auto& runs = survey_.there[id];
        const auto found = runs.empty() ? 0 : runs.back().last;
        if (channel.first > channel.last && found <= channel.last) return;
        if (found < channel.last) {
            channel.last = std::max(found, channel.first - 1);
            if (!end_lost) channel.epoch ^= random_.next() | 1;
        }
        if (!runs.empty() && channel.last == found)
            channel.first = std::max(channel.first, runs.back().first);
        channel.first = std::min(channel.first, channel.last + 1);
        if (channel.first == before.first && channel.last == before.last) return;
        say("channel " + channel.name + " of app " + channel.app + " had messages " +
            std::to_string(before.first) + " to " + std::to_string(before.last) + ", and has " +
            (channel.first > channel.last
                 ? std::string("none")
                 : std::to_string(channel.first) + " to " + std::to_string(channel.last)));
        survey_.state.put(id, channel);
    }
    void say(std::string sentence) { repaired_.sentences.push_back(std::move(sentence)); }

    std::string path_;
    Io& io_;
    Survey& survey_;
    base::SystemRandom random_;
    Repaired repaired_;
};

}  // namespace

Result<Repaired> repair(const std::string& path, Io& io) {
    std::shared_ptr<File> lock;
    if (auto file = File::open(io, path + "/lock", O_RDWR, nullptr)) {
        lock = *file;
        if (io.lock(lock->fd()) < 0)
            return Error{ErrorKind::forbidden, path + " is open in another process"};
    }
    Survey survey(path, io, true);
    TRY(survey.run());
    if (survey.newer_version) {
        return Error{ErrorKind::unsupported,
                     "a newer version of this program wrote some of " + path};
    }
    if (survey.inspection.problems.empty()) return Repaired{};
    return Repair(path, io, survey).run();
}

}  // namespace carillon::storage::file
