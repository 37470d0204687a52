// Processes that are killed with SIGKILL while they publish, work and keep house, and what the next one finds.
//
//   CARILLON_CRASHES=1000   how many kills about, in each test of this file (20); 1000 take ten minutes
//   CARILLON_SEED=7         where the random numbers begin (1)
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <thread>

#include "base/random.h"
#include "book.h"
#include "life.h"

namespace carillon::crash {
namespace {

using Kind = Settings::Kind;
using Sync = JournalOptions::Sync;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const auto* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Directory {
 public:
    Directory() {
        std::string pattern = "/tmp/carillon_crash_XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    const std::string& path() const { return path_; }

 private:
    std::string path_;
};

// A journal, and the lives that end in it.
class Graveyard {
 public:
    Graveyard(Settings settings, std::uint64_t seed)
        : settings_(std::move(settings)), random_(seed) {
        settings_.path = directory_.path();
        settings_.witness = directory_.path() + "/witness";
    }

    // Kills it before its `last_step`, or after so many microseconds. True: it ended before that.
    bool let_live(Life life, std::uint64_t kill_after_us = 0) {
        life.number = ++lives_;
        life.seed = random_.next();
        int ends[2];
        EXPECT_EQ(pipe(ends), 0);
        const auto child = fork();
        if (child == 0) {
            close(ends[0]);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            live(settings_, life, ends[1]);
        }
        close(ends[1]);
        // A pipe holds 64 KiB: more than a life says.
        if (kill_after_us != 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(kill_after_us));
            kill(child, SIGKILL);
        }
        std::string report;
        char text[4096];
        for (ssize_t n = 0; (n = read(ends[0], text, sizeof text)) > 0;) {
            report.append(text, static_cast<std::size_t>(n));
        }
        close(ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        EXPECT_TRUE(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
        killed_ += killed ? 1 : 0;
        const auto why = book.hear(report);
        EXPECT_EQ(why, "") << "in life " << lives_;
        return !killed;
    }
    void look() { EXPECT_EQ(book.look(settings_), "") << "after life " << lives_; }
    // One who ends in peace, and has nothing to publish: everything is done then.
    void finish() {
        EXPECT_TRUE(let_live({.messages = 0}));
        look();
        EXPECT_EQ(book.check_complete(), "");
        std::printf(
            "%llu kills; %llu redelivered; %llu epochs kept, %llu new; %llu were not stored and "
            "are gone; %llu lost to the worker\n",
            as_number(killed_), as_number(book.redelivered), as_number(book.kept_epochs),
            as_number(book.new_epochs), as_number(book.missing), as_number(book.lost));
    }
    std::uint64_t killed() const { return killed_; }
    base::SeededRandom& random() { return random_; }
    Book book;

 private:
    static unsigned long long as_number(std::uint64_t number) { return number; }

    Directory directory_;
    Settings settings_;
    base::SeededRandom random_;
    std::uint64_t lives_ = 0;
    std::uint64_t killed_ = 0;
};

std::uint64_t crashes() { return number_from("CARILLON_CRASHES", 20); }
std::uint64_t seed() { return number_from("CARILLON_SEED", 1); }

struct Case {
    const char* name;
    Settings settings;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class Kill : public ::testing::TestWithParam<Case> {};

// Before each step in turn: of its own, and of each system call.
TEST_P(Kill, before_every_step_until_one_lives_to_its_end) {
    SCOPED_TRACE("CARILLON_SEED=" + std::to_string(seed()));
    Graveyard graveyard(GetParam().settings, seed());
    // With fewer crashes than steps, not every step's turn comes: the seed says which.
    const auto stride = 1 + 400 / (crashes() + 1);
    auto step = 1 + graveyard.random().below(stride);
    while (!graveyard.let_live({.messages = 25, .last_step = step}) && !HasFailure()) {
        step += 1 + graveyard.random().below(2 * stride - 1);
        if (graveyard.random().below(3) == 0) graveyard.look();
    }
    graveyard.finish();
}

TEST_P(Kill, at_any_moment) {
    SCOPED_TRACE("CARILLON_SEED=" + std::to_string(seed()));
    Graveyard graveyard(GetParam().settings, seed() + 1);
    while (graveyard.killed() < crashes() && !HasFailure()) {
        graveyard.let_live({.messages = 200}, 500 + graveyard.random().below(20'000));
        if (graveyard.random().below(4) == 0) graveyard.look();
    }
    graveyard.finish();
}

// Everything it appended was written: then nothing is missing, and the epochs say so.
TEST_P(Kill, in_peace_keeps_every_epoch) {
    SCOPED_TRACE("CARILLON_SEED=" + std::to_string(seed()));
    Graveyard graveyard(GetParam().settings, seed() + 2);
    for (std::uint64_t i = 0; i < 1 + crashes() / 10 && !HasFailure(); ++i) {
        graveyard.let_live({.messages = 10, .killed_in_peace = true});
        if (i % 2 == 1) graveyard.look();
    }
    EXPECT_EQ(graveyard.book.new_epochs, 0U);
    graveyard.finish();
}

constexpr std::uint64_t few = 60;  // messages of "in" that are kept
INSTANTIATE_TEST_SUITE_P(
    journal, Kill,
    ::testing::Values(
        Case{"file", {.kind = Kind::file}},
        Case{"file_interval", {.kind = Kind::file, .sync = Sync::interval}},
        Case{"file_never", {.kind = Kind::file, .sync = Sync::never}},
        Case{"file_trimmed", {.kind = Kind::file, .keep = few}},
        Case{"file_evicted", {.kind = Kind::file, .sync = Sync::never, .bytes_max = 60'000}},
        Case{"sqlite", {.kind = Kind::sqlite}},
        Case{"sqlite_trimmed", {.kind = Kind::sqlite, .sync = Sync::never, .keep = few}}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace carillon::crash
