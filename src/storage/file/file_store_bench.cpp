// What a file journal costs: writes beside raw ones, reading, finding, opening what has ten million messages.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "storage/file/file_store.h"

namespace {

using namespace carillon;
using storage::FileStore;
using storage::Write;

constexpr std::size_t body_bytes = 200;

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double resident_mb() {
    std::ifstream in("/proc/self/statm");
    double all = 0;
    double resident = 0;
    in >> all >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

hub::PublicationRef a_message() {
    const std::string body(body_bytes, 'x');
    return hub::Publication::make({.event = "e", .body = body});
}

template <class T>
T must(base::Result<T> result) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
}
void must(const base::Result<void>& result) {
    if (result) return;
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
}

void groups_with_sync(const std::string& path, int count, std::size_t messages) {
    const std::string raw_bytes(messages * (body_bytes + 4), 'x');
    const int raw = ::open((path + "/raw").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    FileStore store({.path = path + "/groups" + std::to_string(messages)});
    must(store.open());
    const auto id = must(store.declare("app", "c", 1));
    const auto message = a_message();
    double raw_seconds = 0;
    double our_seconds = 0;
    std::uint64_t offset = 0;
    for (int i = 0; i < count; ++i) {
        auto begin = seconds();
        if (::pwrite(raw, raw_bytes.data(), raw_bytes.size(),
                     static_cast<off_t>(i) * static_cast<off_t>(raw_bytes.size())) < 0 ||
            ::fdatasync(raw) < 0) {
            std::exit(1);
        }
        raw_seconds += seconds() - begin;
        std::vector<Write> writes;
        writes.reserve(messages);
        for (std::size_t k = 0; k < messages; ++k)
            writes.push_back({id, ++offset, 1'700'000'000'000, message.get()});
        begin = seconds();
        must(store.write(writes, {}));
        must(store.sync());
        our_seconds += seconds() - begin;
    }
    ::close(raw);
    std::printf("write+sync, groups of %zu x %zu B: %.0f us each, raw %.0f us: %.2f of raw\n",
                messages, body_bytes, our_seconds / count * 1e6, raw_seconds / count * 1e6,
                raw_seconds / our_seconds);
}

void fill(const std::string& path, std::uint64_t messages, std::uint32_t channels,
          std::size_t group) {
    FileStore store({.path = path});
    must(store.open());
    std::vector<std::uint32_t> ids;
    ids.reserve(channels);
    for (std::uint32_t i = 0; i < channels; ++i)
        ids.push_back(must(store.declare("app", "channel-" + std::to_string(i), 1)));
    std::vector<std::uint64_t> last(channels, 0);
    const auto message = a_message();
    std::vector<Write> writes;
    const auto begin = seconds();
    std::size_t channel = 0;
    for (std::uint64_t done = 0; done < messages; done += group) {
        writes.clear();
        for (std::size_t k = 0; k < group; ++k)
            writes.push_back({ids[channel], ++last[channel],
                              1'700'000'000'000 + static_cast<std::int64_t>(done), message.get()});
        channel = (channel + 1) % channels;
        must(store.write(writes, {}));
    }
    must(store.sync());
    const auto took = seconds() - begin;
    const auto usage = store.usage();
    std::printf("wrote %llu messages of %u channels, blocks of %zu: %.1f M/s, %.0f MB, %u files\n",
                static_cast<unsigned long long>(messages), channels, group,
                static_cast<double>(messages) / took / 1e6, static_cast<double>(usage.bytes) / 1e6,
                usage.files);
}

// In another process: what it had in memory is not there when the next one is measured.
void fill_elsewhere(const std::string& path, std::uint64_t messages, std::uint32_t channels,
                    std::size_t group) {
    std::fflush(stdout);
    const auto child = ::fork();
    if (child == 0) {
        fill(path, messages, channels, group);
        std::fflush(stdout);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) std::exit(1);
}

void read_all(const std::string& path) {
    FileStore store({.path = path});
    const auto contents = must(store.open());
    for (int round = 0; round < 2; ++round) {
        std::uint64_t read = 0;
        const auto begin = seconds();
        const auto busy = std::clock();
        std::vector<hub::Kept> kept;
        for (const auto& channel : contents.channels) {
            for (auto next = channel.first; next <= channel.last;) {
                kept.clear();
                must(store.read(channel.id, 1, next, channel.last, 256 * 1024, kept));
                next += kept.size();
                read += kept.size();
            }
        }
        const auto busy_seconds = static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC;
        std::printf("read %llu messages: %.2f M/s, %.2f M/s of processor time%s\n",
                    static_cast<unsigned long long>(read),
                    static_cast<double>(read) / (seconds() - begin) / 1e6,
                    static_cast<double>(read) / busy_seconds / 1e6,
                    round == 0 ? " (first time)" : "");
    }
}

void open_it(const std::string& path) {
    const auto before = resident_mb();
    const auto begin = seconds();
    FileStore store({.path = path});
    const auto contents = must(store.open());
    const auto took = seconds() - begin;
    std::printf(
        "opened %llu messages of %zu channels: %.0f ms, %.0f MB more memory, %u descriptors\n",
        static_cast<unsigned long long>(contents.written), contents.channels.size(), took * 1e3,
        resident_mb() - before, store.usage().descriptors);
}

}  // namespace

// file_store_bench [DIRECTORY] [MESSAGES]
int main(int count, char** arguments) {
    std::string pattern = std::string(count > 1 ? arguments[1] : "/tmp") + "/carillon_bench_XXXXXX";
    const std::string path = ::mkdtemp(pattern.data());
    const std::uint64_t messages =
        count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 10'000'000;
    groups_with_sync(path, 200, 100);
    groups_with_sync(path, 200, 1);
    fill_elsewhere(path + "/many", messages, 10'000, 1);
    open_it(path + "/many");
    std::filesystem::remove_all(path + "/many");
    fill_elsewhere(path + "/blocks", messages, 10, 100);
    open_it(path + "/blocks");
    read_all(path + "/blocks");
    std::filesystem::remove_all(path);
}
