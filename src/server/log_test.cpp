#include "server/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

namespace carillon::server {
namespace {

using ::testing::HasSubstr;

// A stderr that a test can read, or leave unread.
struct Pipe {
    Pipe() { EXPECT_EQ(::pipe(ends), 0); }
    ~Pipe() {
        ::close(ends[0]);
        close_writer();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close_writer() {
        if (ends[1] >= 0) ::close(ends[1]);
        ends[1] = -1;
    }
    // Until everybody closed the writing end.
    std::string read_all() {
        std::string all;
        char buffer[4096];
        for (;;) {
            const auto n = ::read(ends[0], buffer, sizeof buffer);
            if (n <= 0) return all;
            all.append(buffer, static_cast<std::size_t>(n));
        }
    }
    int ends[2] = {-1, -1};
};

std::string written(LogConfig config, const std::function<void(Log&)>& use) {
    Pipe pipe;
    const base::ManualClock clock;
    {
        Log log(clock, config, pipe.ends[1]);
        use(log);
    }
    pipe.close_writer();
    return pipe.read_all();
}

TEST(Log, writes_a_line_per_event_in_order) {
    const auto text = written({}, [](Log& log) {
        log.info("started", {{"port", std::int64_t{6001}}});
        log.error("broken", {{"why", "a \"reason\"\n"}});
    });
    EXPECT_EQ(text,
              "{\"time\":\"2023-11-14T22:13:20.000Z\",\"level\":\"info\",\"event\":\"started\","
              "\"port\":6001}\n"
              "{\"time\":\"2023-11-14T22:13:20.000Z\",\"level\":\"error\",\"event\":\"broken\","
              "\"why\":\"a \\\"reason\\\"\\n\"}\n");
}

TEST(Log, leaves_out_what_is_below_its_level) {
    const LogConfig config{.level = base::LogLevel::warning, .format = LogFormat::text};
    const auto text = written(config, [](Log& log) {
        log.debug("a");
        log.info("b");
        log.warning("c");
        log.error("d");
    });
    EXPECT_EQ(text,
              "2023-11-14T22:13:20.000Z warning c\n"
              "2023-11-14T22:13:20.000Z error   d\n");
}

TEST(Log, does_not_take_a_value_for_a_format) {
    const auto text = written({}, [](Log& log) { log.info("e", {{"v", "{} {0} %s %n {:>99}"}}); });
    EXPECT_THAT(text, HasSubstr("\"v\":\"{} {0} %s %n {:>99}\"}\n"));
}

TEST(Log, drops_the_oldest_and_counts_when_nobody_reads_and_never_waits) {
    constexpr int lines = 400;
    const std::string padding(1000, 'x');  // a pipe holds about 64 of these
    Pipe pipe;
    const base::ManualClock clock;
    std::uint64_t dropped = 0;
    std::string text;
    {
        std::optional<Log> log(std::in_place, clock, LogConfig{}, pipe.ends[1], 4);
        for (std::int64_t i = 0; i < lines; ++i) log->info("e", {{"i", i}, {"p", padding}});
        dropped = log->dropped();
        std::thread reader([&] { text = pipe.read_all(); });
        log.reset();
        pipe.close_writer();
        reader.join();
    }
    EXPECT_GT(dropped, 0U);
    EXPECT_EQ(dropped + static_cast<std::uint64_t>(std::ranges::count(text, '\n')), lines);
    EXPECT_THAT(text, HasSubstr("\"i\":399,"));  // the newest stayed
}

TEST(Log, counts_what_the_descriptor_refuses) {
    const base::ManualClock clock;
    const int full = ::open("/dev/full", O_WRONLY);
    ASSERT_GE(full, 0);
    std::optional<Log> log(std::in_place, clock, LogConfig{}, full);
    for (int i = 0; i < 3; ++i) log->info("lost");
    while (log->dropped() < 3) std::this_thread::yield();
    log.reset();
    ::close(full);
}

TEST(Log, keeps_lines_whole_when_many_threads_speak) {
    const auto text = written({}, [](Log& log) {
        std::vector<std::thread> threads;
        threads.reserve(4);
        for (std::int64_t t = 0; t < 4; ++t) {
            threads.emplace_back([&log, t] {
                for (std::int64_t i = 0; i < 50; ++i) log.info("e", {{"t", t}, {"i", i}});
            });
        }
        for (auto& thread : threads) thread.join();
    });
    EXPECT_EQ(std::ranges::count(text, '\n'), 200);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        EXPECT_EQ(text.compare(at, 8, "{\"time\":"), 0);
    }
}

}  // namespace
}  // namespace carillon::server
