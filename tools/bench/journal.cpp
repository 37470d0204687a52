// What it costs to keep things for good: the journal in files, and beside it in the same run what it is
// compared with: the bare system calls, or the same broker without a journal. One JSON line each.
// DIRECTORY is on the disk that is measured.
//
//   journal groups N DIRECTORY     N groups of 100 messages of 200 bytes, each stored before the next
//                                  begins; floor: write() of as many bytes and fdatasync()
//   journal single N DIRECTORY     N messages of 200 bytes, each stored before the next; floor likewise
//   journal replay N DIRECTORY     N messages of 200 bytes read back by a journal's reader, and heard by a
//                                  subscriber of the library from the beginning
//   journal publish N DIRECTORY    N messages of 200 bytes from publish() to a handler on the caller's loop, a
//                                  thousand and then one run: with a journal that syncs every 10 ms, and without
//   journal named N DIRECTORY      N messages of 200 bytes heard by a subscription with a name, acknowledged
//                                  one by one: at least once, and exactly once with one effect each
//   journal channels N DIRECTORY   ten messages each of N channels: memory and descriptors
//   journal restart N DIRECTORY    of N messages in a thousand channels: until the journal is ready, after it
//                                  was closed, and after it was not
#include "carillon/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "carillon/broker.h"
#include "storage/file/file_store.h"
#include "storage/journal/journal.h"

namespace {

using namespace carillon;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::size_t message_bytes = 200;
constexpr std::size_t group_messages = 100;
const std::string body(message_bytes, 'm');

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "journal: %s\n", what.c_str());
    std::exit(1);
}

template <class T>
T good(Result<T> result) {
    if (!result) fail(result.error().message);
    return std::move(*result);
}

double seconds_of(const std::function<void()>& work) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(),
                     values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

// A journal alone, used as a hub would.
class Book {
 public:
    Book(const fs::path& path, storage::JournalOptions::Sync sync) {
        fs::create_directories(path);
        storage::JournalOptions options;
        options.rule = [](const hub::App&, std::string_view) { return storage::KeepRule{}; };
        options.sync = sync;
        options.witness_path = path.string() + ".witness";
        journal = good(storage::Journal::open(
            std::make_unique<storage::FileStore>(storage::FileStoreOptions{.path = path.string()}),
            options, clock));
        app.id = "bench";
    }
    struct Channel {
        std::unique_ptr<hub::ChannelHistory> history;
        hub::Position at;
    };
    Channel open(const std::string& name) {
        auto history = journal->open(app, name, 1);
        const auto at = history->position();
        return {std::move(history), at};
    }
    static void append(Channel& channel, const hub::PublicationRef& publication) {
        ++channel.at.offset;
        channel.history->append(publication, {channel.at, 1'700'000'000'000}, {}, nullptr);
    }
    void flush() {
        if (!journal->flush(60'000)) fail("what was appended was not stored in a minute");
    }

    const base::SystemClock clock{};
    hub::App app{};
    std::unique_ptr<storage::Journal> journal;
};

hub::PublicationRef message() { return hub::Publication::make({.body = body}); }

class RawFile {
 public:
    explicit RawFile(const fs::path& path)
        : fd_(::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600)) {
        if (fd_ < 0) fail("no " + path.string());
    }
    ~RawFile() { ::close(fd_); }
    void append_and_sync(std::size_t bytes) {
        const std::string all(bytes, 'm');
        if (::write(fd_, all.data(), all.size()) != static_cast<ssize_t>(all.size()) ||
            ::fdatasync(fd_) != 0) {
            fail("the floor could not write");
        }
    }

 private:
    const int fd_;
};

// ---- stored, and then the next ----

void run_stored(std::size_t messages, std::uint64_t count, const fs::path& directory) {
    Book book(directory / "journal", storage::JournalOptions::Sync::every_batch);
    RawFile raw(directory / "raw");
    auto channel = book.open("orders");
    std::vector<double> ours;
    std::vector<double> floor;
    for (std::uint64_t i = 0; i < count; ++i) {  // in turns: the disk has moods
        floor.push_back(seconds_of([&] { raw.append_and_sync(messages * message_bytes); }));
        ours.push_back(seconds_of([&] {
            for (std::size_t n = 0; n < messages; ++n) Book::append(channel, message());
            book.flush();
        }));
    }
    const auto sum = [](const std::vector<double>& all) {
        double total = 0;
        for (const auto one : all) total += one;
        return total;
    };
    std::printf(R"({"messages_per_second":%.0f,"floor_per_second":%.0f,"us":%.2f,"floor_us":%.2f})"
                "\n",
                static_cast<double>(count * messages) / sum(ours),
                static_cast<double>(count * messages) / sum(floor), median(ours) * 1e6,
                median(floor) * 1e6);
}

// ---- replay ----

void fill(Book& book, const std::string& name, std::uint64_t count) {
    auto channel = book.open(name);
    for (std::uint64_t i = 0; i < count; ++i) {
        Book::append(channel, message());
        if (i % 10'000 == 9'999) book.flush();
    }
    book.flush();
}

double read_back(const fs::path& path, std::uint64_t count) {
    Book book(path, storage::JournalOptions::Sync::never);
    const auto opened =
        book.journal->read(book.app, "orders",
                           {.from = {.kind = hub::From::Kind::beginning, .value = 0, .after = {}}});
    std::vector<hub::Kept> page;
    std::uint64_t read = 0;
    const auto seconds = seconds_of([&] {
        while (read < count) {
            page.clear();
            switch (opened.reader->next(limits::journal_page_bytes, page)) {
                case hub::Reader::Page::some:
                    read += page.size();
                    break;
                case hub::Reader::Page::later:
                    std::this_thread::yield();
                    break;
                case hub::Reader::Page::end:
                case hub::Reader::Page::lost:
                    fail("the reader ended early: " + opened.reader->why());
            }
        }
    });
    return static_cast<double>(count) / seconds;
}

double hear_from_the_beginning(const fs::path& path, std::uint64_t count) {
    auto broker = good(Builder()
                           .with(Threads{0})
                           .with(FileJournal{.path = path.string(), .topics = {{"orders"}}})
                           .start());
    for (std::uint64_t i = 0; i < count; ++i) {
        (void)good(broker.publish("orders", body));
        if (i % 10'000 == 9'999) {
            (void)good(broker.publish_confirmed("orders", body).get());
            ++i;
        }
    }
    (void)good(broker.publish_confirmed("orders", body).get());
    std::uint64_t heard = 0;
    const auto held = broker.subscribe("orders", [&heard](const std::string&) { ++heard; },
                                       {.from = From::beginning()});
    return static_cast<double>(count) / seconds_of([&] {
               while (heard < count) broker.run_for(std::chrono::milliseconds(1));
           });
}

void run_replay(std::uint64_t count, const fs::path& directory) {
    {
        Book book(directory / "journal", storage::JournalOptions::Sync::never);
        fill(book, "orders", count);
    }
    const auto reader = read_back(directory / "journal", count);
    const auto library = hear_from_the_beginning(directory / "library", count);
    std::printf(R"({"reader_per_second":%.0f,"library_per_second":%.0f})"
                "\n",
                reader, library);
}

// ---- what a publication costs ----

double publish_seconds(Broker& broker, std::uint64_t count) {
    std::uint64_t heard = 0;
    const auto held = broker.subscribe("orders", [&heard](const std::string&) { ++heard; });
    const auto seconds = seconds_of([&] {
        for (std::uint64_t i = 1; i <= count; ++i) {
            while (!broker.publish("orders", body)) std::this_thread::yield();
            if (i % 1000 == 0) broker.run_ready();
        }
        broker.run_ready();
    });
    if (heard != count) fail("something was not heard");
    return seconds;
}

void run_publish(std::uint64_t count, const fs::path& directory) {
    auto with = good(Builder()
                         .with(Threads{0})
                         .with(FileJournal{.path = (directory / "journal").string(),
                                           .topics = {{"orders"}},
                                           .sync = Sync::every(std::chrono::milliseconds(10))})
                         .start());
    auto without = good(Builder().with(Threads{0}).start());
    constexpr std::uint64_t each = 50'000;  // fewer than may wait for the disk
    double ours = 0;
    double floor = 0;
    for (std::uint64_t done = 0; done < count; done += std::min(each, count)) {
        floor += publish_seconds(without, std::min(each, count));
        ours += publish_seconds(with, std::min(each, count));
        (void)good(with.publish_confirmed("orders", body).get());  // nothing waits for it any more
    }
    std::printf(R"({"ns":%.1f,"floor_ns":%.1f})"
                "\n",
                ours / static_cast<double>(count) * 1e9, floor / static_cast<double>(count) * 1e9);
}

// ---- heard by a name ----

double named_seconds(Broker& broker, std::uint64_t count, Guarantee guarantee) {
    const auto exactly = guarantee == Guarantee::exactly_once;
    const auto handler = [exactly](const Delivery<std::string>& order) {
        if (exactly && !order.publish("invoices", order.value())) fail("no effect");
    };
    const auto name = exactly ? "exactly" : "at least";
    return seconds_of([&] {
        const auto held =
            broker.subscribe("orders", handler, {.name = name, .guarantee = guarantee});
        while (good(broker.named("orders", name)).cursor < count) {
            broker.run_for(std::chrono::milliseconds(1));
        }
    });
}

void run_named(std::uint64_t count, const fs::path& directory) {
    auto broker = good(Builder()
                           .with(Threads{0})
                           .with(FileJournal{.path = (directory / "journal").string(),
                                             .topics = {{"orders"}, {"invoices"}}})
                           .start());
    for (std::uint64_t i = 1; i <= count; ++i) {
        while (!broker.publish("orders", body)) std::this_thread::yield();
    }
    if (!broker.drain(std::chrono::minutes(1))) fail("the journal did not take it in a minute");
    const auto at_least = named_seconds(broker, count, Guarantee::at_least_once);
    const auto exactly = named_seconds(broker, count, Guarantee::exactly_once);
    std::printf(R"({"at_least_once_per_second":%.0f,"exactly_once_per_second":%.0f})"
                "\n",
                static_cast<double>(count) / at_least, static_cast<double>(count) / exactly);
}

// ---- many channels ----

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t descriptors() {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

void run_channels(std::uint64_t count, const fs::path& directory) {
    const auto before = resident_bytes();
    const auto open_before = descriptors();
    Book book(directory / "journal", storage::JournalOptions::Sync::interval);
    std::vector<Book::Channel> channels;
    channels.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        channels.push_back(book.open("room/" + std::to_string(i)));
    }
    for (int round = 0; round < 10; ++round) {
        for (auto& channel : channels) Book::append(channel, message());
        book.flush();
    }
    const auto numbers = book.journal->numbers();
    std::printf(R"({"bytes_per_channel":%.0f,"bytes":%llu,"descriptors":%zu,"disk_bytes":%llu})"
                "\n",
                static_cast<double>(resident_bytes() - before) / static_cast<double>(count),
                static_cast<unsigned long long>(resident_bytes() - before),
                descriptors() - open_before, static_cast<unsigned long long>(numbers.usage.bytes));
}

// ---- beginning again ----

double open_seconds(const fs::path& path) {
    return seconds_of([&] { const Book book(path, storage::JournalOptions::Sync::interval); });
}

void run_restart(std::uint64_t count, const fs::path& directory) {
    const auto path = directory / "journal";
    {
        Book book(path, storage::JournalOptions::Sync::never);
        std::vector<Book::Channel> channels;
        channels.reserve(1000);
        for (int i = 0; i < 1000; ++i) channels.push_back(book.open("room/" + std::to_string(i)));
        for (std::uint64_t i = 0; i < count; ++i) {
            Book::append(channels[i / 100 % channels.size()], message());
            if (i % 20'000 == 19'999) book.flush();
        }
        book.flush();
        // As it lies there while it is in use is how a crash leaves it.
        fs::copy(path, directory / "crashed", fs::copy_options::recursive);
    }
    const auto after_close = open_seconds(path);
    const auto after_crash = open_seconds(directory / "crashed");
    std::printf(R"({"seconds":%.4f,"crashed_seconds":%.4f})"
                "\n",
                after_close, after_crash);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) fail("see the head of tools/bench/journal.cpp");
    const std::string scenario = argv[1];
    const auto count = std::strtoull(argv[2], nullptr, 10);
    const fs::path directory = argv[3];
    fs::create_directories(directory);
    if (scenario == "groups") {
        run_stored(group_messages, count, directory);
    } else if (scenario == "single") {
        run_stored(1, count, directory);
    } else if (scenario == "replay") {
        run_replay(count, directory);
    } else if (scenario == "publish") {
        run_publish(count, directory);
    } else if (scenario == "named") {
        run_named(count, directory);
    } else if (scenario == "channels") {
        run_channels(count, directory);
    } else if (scenario == "restart") {
        run_restart(count, directory);
    } else {
        fail("no scenario " + scenario);
    }
    return 0;
}
