// What a journal costs who publishes, and how fast it is read, without a disk. Lines for people and for awk:
//
//   journal_bench [N]       N messages of 200 bytes (2,000,000 if not said); medians of 5 rounds
//
// append and make: of the publishing threads' own time, so that a busy machine does not count.
//
//   append T ns             ChannelLog::append by T threads at once, each with a channel of its own; the
//                           publication is there already, and its references are the writer's too
//   make_append T ns        the same, with the publication made for it, and freed by the writer
//   make T ns               the same without a journal: made, and freed by who made it
//   replay 1 ns             hub::Reader::next, for each message, from a store that has it in memory
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "storage/journal/journal.h"

namespace carillon::storage {
namespace {

// Takes everything, and hands out the same message again and again.
class NoDisk final : public Store {
 public:
    explicit NoDisk(std::uint64_t there = 0) : there_(there) {}
    base::Result<Contents> open() override {
        Contents contents;
        contents.closed_well = true;
        if (there_ != 0) contents.channels.push_back({0, "app", "full", 7, 1, there_, 0, 1});
        return contents;
    }
    base::Result<std::uint32_t> declare(std::string_view, std::string_view,
                                        std::uint64_t) override {
        return ++channels_;
    }
    base::Result<void> write(std::span<const Write>, std::span<const Note>) override { return {}; }
    base::Result<void> sync() override { return {}; }
    base::Result<void> read(std::uint32_t, std::uint64_t epoch, std::uint64_t first,
                            std::uint64_t last, std::size_t bytes_max,
                            std::vector<hub::Kept>& into) const override {
        for (std::size_t bytes = 0; first <= last && bytes < bytes_max; ++first, bytes += 200) {
            into.push_back({body_, {{epoch, first}, 1}});
        }
        return {};
    }
    base::Result<std::uint64_t> find(std::uint32_t, std::int64_t) const override {
        return std::uint64_t{1};
    }
    base::Result<void> trim(std::span<const Trimmed>) override { return {}; }
    base::Result<std::vector<Trimmed>> tidy() override { return std::vector<Trimmed>{}; }
    Usage usage() const override { return {}; }
    base::Result<void> close() override { return {}; }

 private:
    const std::uint64_t there_;
    std::uint32_t channels_ = 0;
    const std::string text_ = std::string(200, 'x');
    const hub::PublicationRef body_ = hub::Publication::make({.body = text_});
};

struct Desk {
    explicit Desk(std::uint64_t there = 0) {
        JournalOptions options;
        options.rule = [](const hub::App&, std::string_view) { return KeepRule{}; };
        options.queue_bytes_max = SIZE_MAX / 2;
        app.id = "app";
        journal = Journal::open(std::make_unique<NoDisk>(there), options, clock).value();
    }
    base::SystemClock clock;
    hub::App app;
    std::unique_ptr<Journal> journal;
};

constexpr std::size_t rounds = 5;
const std::string body(200, 'x');

template <class Round>
double median_ns(std::uint64_t count, const Round& round) {
    std::vector<double> all;
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        round();
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - begin;
        all.push_back(took.count() / static_cast<double>(count));
    }
    std::nth_element(all.begin(), all.begin() + rounds / 2, all.end());
    return all[rounds / 2];
}

void say(const char* what, unsigned threads, double ns) {
    std::printf("%-12s %u %.1f ns\n", what, threads, ns);
}

double own_ns() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// The threads' own time for `count` calls of all of them: the median of some rounds.
template <class Work>
double own_ns_of(unsigned threads, std::uint64_t count, const Work& work) {
    std::vector<double> sums;
    for (std::size_t round = 0; round < rounds; ++round) {
        std::vector<double> took(threads);
        std::vector<std::thread> all;
        all.reserve(threads);
        for (unsigned i = 0; i < threads; ++i) {
            all.emplace_back([&took, &work, i] {
                const auto begin = own_ns();
                work(i);
                took[i] = own_ns() - begin;
            });
        }
        for (auto& each : all) each.join();
        sums.push_back(std::accumulate(took.begin(), took.end(), 0.0));
    }
    std::nth_element(sums.begin(), sums.begin() + rounds / 2, sums.end());
    return sums[rounds / 2] / static_cast<double>(count);
}

void append_all(Desk& desk, unsigned thread, std::uint64_t count, bool make) {
    const auto log = desk.journal->open(desk.app, "channel" + std::to_string(thread), 7);
    auto position = log->position();
    auto publication = hub::Publication::make({.body = body});
    for (; count != 0; --count) {
        if (make) publication = hub::Publication::make({.body = body});
        ++position.offset;
        log->append(publication, {position, 1}, {}, nullptr);
    }
}

void measure_append(std::uint64_t count, unsigned threads, bool make) {
    Desk desk;
    const auto ns = own_ns_of(threads, count, [&](unsigned i) {
        append_all(desk, i, count / threads, make);
        (void)desk.journal->flush(60'000);  // the next round begins with nothing
    });
    say(make ? "make_append" : "append", threads, ns);
}

void measure_make(std::uint64_t count, unsigned threads) {
    const auto ns = own_ns_of(threads, count, [&](unsigned) {
        std::vector<hub::PublicationRef> waiting(1024);
        for (std::uint64_t i = 0; i < count / threads; ++i) {
            waiting[i % waiting.size()] = hub::Publication::make({.body = body});
        }
    });
    say("make", threads, ns);
}

void measure_replay(std::uint64_t count) {
    Desk desk(count);
    const auto ns = median_ns(count, [&] {
        const auto log = desk.journal->open(desk.app, "full", 7);
        const auto reader = log->read_after(0);
        std::vector<hub::Kept> page;
        std::uint64_t heard = 0;
        for (;;) {
            page.clear();
            const auto answer = reader->next(limits::journal_page_bytes, page);
            if (answer == hub::Reader::Page::end) break;
            if (answer == hub::Reader::Page::later) std::this_thread::yield();
            heard += page.size();
        }
        ASSERT(heard == count);
    });
    say("replay", 1, ns);
}

}  // namespace
}  // namespace carillon::storage

int main(int argc, char** argv) {
    const auto count = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
    if (argc > 2 || count == 0) {
        std::fprintf(stderr, "usage: journal_bench [N]\n");
        return 2;
    }
    for (const unsigned threads : {1U, 2U}) {
        carillon::storage::measure_append(count, threads, false);
        carillon::storage::measure_make(count, threads);
        carillon::storage::measure_append(count, threads, true);
    }
    carillon::storage::measure_replay(count);
    return 0;
}
