// A machine that loses its power while a journal is written, trimmed and worked on: of what was not synced some is
// there, and some is not (storage/file/testing_disk.h). In one process: the disk is in memory, and at some step it
// does not answer any more.
//
//   CARILLON_CRASHES=1000   how many machines in each test (20), each four times
//   CARILLON_SEED=7         where the random numbers begin (1)
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "base/random.h"
#include "book.h"
#include "storage/file/testing_disk.h"

namespace carillon::crash {
namespace {

using Sync = JournalOptions::Sync;
using Disk = storage::file::testing::TestDisk;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const auto* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The journal's threads call it: one at a time.
class OneAtATime final : public storage::file::Io {
 public:
    explicit OneAtATime(Io& io) : io_(io) {}
    int open(const std::string& path, int flags) override {
        return one([&] { return io_.open(path, flags); });
    }
    int close(int fd) override {
        return one([&] { return io_.close(fd); });
    }
    std::int64_t pread(int fd, char* to, std::size_t bytes, std::uint64_t at) override {
        return one([&] { return io_.pread(fd, to, bytes, at); });
    }
    std::int64_t pwrite(int fd, const char* from, std::size_t bytes, std::uint64_t at) override {
        return one([&] { return io_.pwrite(fd, from, bytes, at); });
    }
    int fdatasync(int fd) override {
        return one([&] { return io_.fdatasync(fd); });
    }
    int ftruncate(int fd, std::uint64_t bytes) override {
        return one([&] { return io_.ftruncate(fd, bytes); });
    }
    std::int64_t size(int fd) override {
        return one([&] { return io_.size(fd); });
    }
    int rename(const std::string& from, const std::string& to) override {
        return one([&] { return io_.rename(from, to); });
    }
    int unlink(const std::string& path) override {
        return one([&] { return io_.unlink(path); });
    }
    int sync_directory(const std::string& path) override {
        return one([&] { return io_.sync_directory(path); });
    }
    int make_directory(const std::string& path) override {
        return one([&] { return io_.make_directory(path); });
    }
    int list(const std::string& path, std::vector<std::string>& names) override {
        return one([&] { return io_.list(path, names); });
    }
    int lock(int fd) override {
        return one([&] { return io_.lock(fd); });
    }
    int locked(int fd) override {
        return one([&] { return io_.locked(fd); });
    }

 private:
    template <class Call>
    std::invoke_result_t<Call> one(const Call& call) {
        const std::lock_guard lock(mutex_);
        return call();
    }
    Io& io_;
    std::mutex mutex_;
};

class Machine {
 public:
    explicit Machine(Sync sync, std::uint64_t seed) : random_(seed) {
        settings_.sync = sync;
        settings_.path = "disk";
    }

    // Publishes until the disk is gone, and waits for some of it; then the power comes back.
    void live_and_lose_power() {
        disk_.dies_before = 1 + static_cast<int>(random_.below(120));
        ++lives_;
        write();
        disk_.lose_power(random_);
        book.power_lost();
    }
    std::string look() {
        OneAtATime io(disk_);
        return book.look(settings_, &io);
    }
    Book book;

 private:
    void write() {
        OneAtATime io(disk_);
        const base::SystemClock clock;
        auto journal = open_journal(settings_, &io, clock);
        if (!journal) return;  // it died on the way
        const auto report = std::make_shared<Report>();
        {
            Pen pen(**journal, "in", clock);
            Pen out(**journal, "out", clock);
            say_where(*report, "in", pen.position());
            say_where(*report, "out", out.position());
            for (auto n = random_.below(80); n > 0 && append(**journal, pen, report); --n) {
            }
        }
        journal->reset();
        const auto why = book.hear(report->text());
        EXPECT_EQ(why, "") << "in life " << lives_;
    }
    struct Report {
        void say(const std::string& line) {
            const std::lock_guard lock(mutex);
            lines += line + "\n";
        }
        std::string text() {
            const std::lock_guard lock(mutex);
            return lines;
        }
        std::mutex mutex;
        std::string lines;
    };
    static void say_where(Report& report, const std::string& channel, hub::Position at) {
        report.say("O " + channel + " " + std::to_string(at.epoch) + " " +
                   std::to_string(at.offset));
    }
    // False: the disk is gone.
    bool append(Journal& journal, Pen& pen, const std::shared_ptr<Report>& report) {
        const auto who = std::to_string(lives_);
        const auto offset = std::make_shared<std::atomic<std::uint64_t>>(0);
        const hub::CountdownRef stored(
            new hub::Countdown([report, offset, who](const hub::Fate& fate) {
                const auto number = std::to_string(*offset);
                if (fate.stored != 0) report->say("S in " + number + " " + who);
            }));
        *offset = pen.write(who + " " + std::string(random_.below(400), 'x'), stored, {});
        report->say("A in " + std::to_string(*offset) + " " + who);
        stored->done({});
        return random_.below(6) != 0 || journal.flush(100);
    }

    Settings settings_;
    base::SeededRandom random_;
    Disk disk_;
    std::uint64_t lives_ = 0;
};

void lose_power_often(Sync sync) {
    const auto seed = number_from("CARILLON_SEED", 1);
    SCOPED_TRACE("CARILLON_SEED=" + std::to_string(seed));
    const auto crashes = number_from("CARILLON_CRASHES", 20);
    Book sum;
    std::uint64_t stored = 0;
    for (std::uint64_t i = 0; i < crashes && !::testing::Test::HasFailure(); ++i) {
        SCOPED_TRACE("machine " + std::to_string(i));
        Machine machine(sync, seed * 1'000'003 + i);
        if (sync == Sync::never) machine.book.promise_nothing();
        for (int life = 0; life < 4; ++life) {
            machine.live_and_lose_power();
            if (life % 2 == 1) {
                EXPECT_EQ(machine.look(), "");
            }
        }
        EXPECT_EQ(machine.look(), "");
        sum.missing += machine.book.missing;
        sum.new_epochs += machine.book.new_epochs;
        stored += machine.book.stored_count();
    }
    std::printf(
        "%llu machines; %llu messages were stored, %llu were not and are gone; %llu new epochs\n",
        static_cast<unsigned long long>(crashes), static_cast<unsigned long long>(stored),
        static_cast<unsigned long long>(sum.missing),
        static_cast<unsigned long long>(sum.new_epochs));
    EXPECT_NE(sum.missing, 0U) << "the power never failed at a bad moment";
}

TEST(Power, lost_with_a_sync_of_every_batch_takes_nothing_that_was_stored) {
    lose_power_often(Sync::every_batch);
}
TEST(Power, lost_with_a_sync_now_and_then_takes_nothing_that_was_stored) {
    lose_power_often(Sync::interval);
}
// Stored means then that the system has it.
TEST(Power, lost_without_syncs_leaves_a_beginning_without_a_hole) { lose_power_often(Sync::never); }

}  // namespace
}  // namespace carillon::crash
