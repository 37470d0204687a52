// library/testing_journal.h: for tests only: brokers that keep their topics in a folder of the test's own, or on
// a disk in memory that fails when the test says so.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "carillon/journal.h"
#include "library/plan.h"
#include "library/testing_broker.h"
#include "storage/journal/testing_memory_store.h"

namespace carillon::broker_testing {

// Gone with the test.
class Folder {
 public:
    Folder() {
        auto pattern = (std::filesystem::temp_directory_path() / "carillon-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

 private:
    std::string path_;
};

enum class In : unsigned char { files, sqlite };
inline constexpr In everywhere[] = {In::files, In::sqlite};

struct Kept {
    std::vector<std::string> topics{"#"};
    Retention keep{};
    Sync sync = Sync::every(1ms);
};

inline Builder& keep_in(Builder& builder, In in, const Folder& folder, const Kept& kept = {}) {
    if (in == In::files) {
        return builder.with(FileJournal{.path = folder.path() + "/files",
                                        .topics = kept.topics,
                                        .keep = kept.keep,
                                        .sync = kept.sync});
    }
    return builder.with(SqliteJournal{.path = folder.path() + "/journal.db",
                                      .topics = kept.topics,
                                      .keep = kept.keep,
                                      .sync = kept.sync});
}

// A broker whose journal is in a folder, and whose errors are remembered.
struct Keeper {
    explicit Keeper(In store = In::files) : in(store) {}
    Broker broker(unsigned threads = 1, const Kept& kept = {}) {
        auto builder = sink.builder(threads);
        return keep_in(builder, in, folder, kept).start().value();
    }
    const In in;
    Folder folder;
    Sink sink;
};

// One whose journal is on a disk that the test can make fail.
struct OnDisk {
    Result<Broker> start(unsigned threads = 1, storage::JournalOptions options = {}) {
        auto builder = sink.builder(threads);
        options.rule = [](const hub::App&, std::string_view) { return storage::KeepRule{}; };
        options.tell = [](std::string_view, const std::string&) {};
        builder.plan().journal = library::JournalPlan{
            "Test", [this] { return std::make_unique<storage::testing::MemoryStore>(disk); },
            std::move(options)};
        return builder.start();
    }
    storage::testing::MemoryDisk disk;
    Sink sink;
};

// Runs the caller's loop until this is so, which the test knows will be.
template <class Enough>
void run_until(Broker& broker, const Enough& enough) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!enough() && std::chrono::steady_clock::now() < end) broker.run_for(1ms);
    EXPECT_TRUE(enough()) << "not within 20 seconds";
}

inline std::vector<std::int64_t> numbers_from(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> numbers;
    for (auto n = first; n <= last; ++n) numbers.push_back(n);
    return numbers;
}

inline void publish_numbers(Broker& broker, const char* topic, std::int64_t first,
                            std::int64_t last) {
    for (auto n = first; n <= last; ++n) {
        const auto published = broker.publish(topic, Number{n});
        ASSERT_TRUE(published) << published.error().message;
    }
}

}  // namespace carillon::broker_testing
