// What it costs to find the patterns that match a name. Lines for people and for awk:
//
//   pattern_bench [N]       N patterns (100,000 if not said) of each kind; medians of 9 rounds
//
//   match N ns              PatternIndex::match, level patterns: 64k names, most of them not in cache
//   match_hot N ns          the same, 64 names over and over
//   found N each            patterns found for each of these names, to see that something is
//   floor N ns              one look-up in a flat_map for each level of the same 64k names
//   floor_hot N ns
//   glob N ns               PatternIndex::match, globs under many prefixes: 64k names
//   found_globs N each
//   one_by_one 1024 ns      PatternIndex::match, globs without a prefix
//   add N ns                one level pattern; the table's growth is in it. One round
//   remove N ns
//   levels N bytes          of heap, for each pattern
//   globs N bytes
//   worst_glob 1024 ns      one glob and one name of 1,024 bytes, as unfriendly as they come
#include <malloc.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/random.h"
#include "hub/pattern_index.h"

namespace carillon::hub {
namespace {

constexpr std::size_t names_cold = 65'536;
constexpr std::size_t names_hot = 64;
constexpr std::size_t customers = 1000;

std::string id(std::string_view what, std::uint64_t n) {
    return std::string(what) + "-" + std::to_string(n);
}
std::string region(std::uint64_t i) { return id("region", i % 100); }

// Some that many names match, and one of its own for each device, room, customer and user.
std::vector<std::string> level_texts(std::size_t count) {
    std::vector<std::string> texts{"orders/#", "sensor/+/+/temperature", "chat/+/lobby"};
    for (std::size_t i = 0; i < 100 && texts.size() < count; ++i) {
        texts.push_back("sensor/" + region(i) + "/#");
    }
    for (std::size_t i = 0; i < customers && texts.size() < count; ++i) {
        texts.push_back("orders/" + id("customer", i) + "/+/state");
        texts.push_back("orders/+/" + id("article", i) + "/#");
        texts.push_back("chat/" + id("team", i) + "/#");
    }
    for (std::size_t i = 0; texts.size() < count; ++i) {
        switch (i % 5) {
            case 0:
                texts.push_back("chat/+/" + id("room", i));
                break;
            case 1:
                texts.push_back("building/" + id("floor", i % 40) + "/+/" + id("desk", i));
                break;
            default:
                texts.push_back("sensor/" + region(i) + "/" + id("device", i) + "/+");
                break;
        }
    }
    texts.resize(std::min(texts.size(), count));
    return texts;
}

std::vector<std::string> level_names(std::size_t count, std::size_t patterns) {
    base::SeededRandom random(1);
    std::vector<std::string> names;
    while (names.size() < count) {
        const auto i = random.below(patterns);
        switch (random.below(4)) {
            case 0:
                names.push_back("chat/" + id("team", i % customers) + "/" + id("room", i));
                break;
            case 1:
                names.push_back("orders/" + id("customer", i % customers) + "/" +
                                id("article", random.below(customers)) + "/state");
                break;
            default:
                names.push_back("sensor/" + region(i) + "/" + id("device", i) + "/temperature");
                break;
        }
    }
    return names;
}

std::vector<std::string> glob_texts(std::size_t count) {
    std::vector<std::string> texts{"*:urgent", "user:*:typing"};
    for (std::size_t i = 0; texts.size() < count; ++i) {
        texts.push_back(i % 2 == 0 ? id("room", i) + ":*" : id("user:", i) + ":?-*");
    }
    return texts;
}

std::vector<std::string> glob_names(std::size_t count, std::size_t patterns) {
    base::SeededRandom random(2);
    std::vector<std::string> names;
    while (names.size() < count) {
        const auto i = random.below(patterns);
        names.push_back(i % 2 == 0 ? id("room", i) + ":urgent" : id("user:", i) + ":a-typing");
    }
    return names;
}

std::vector<Pattern> parse_all(Pattern::Kind kind, const std::vector<std::string>& texts) {
    std::vector<Pattern> patterns;
    patterns.reserve(texts.size());
    for (const auto& text : texts) patterns.push_back(Pattern::parse(kind, text).value());
    return patterns;
}

// Never looked into.
Channel& channel() {
    alignas(64) static std::array<char, 64> nothing;
    return *reinterpret_cast<Channel*>(nothing.data());
}

// The median of 9 rounds of `round`, which does `times` of it.
double median_ns(std::size_t times, const std::function<void()>& round) {
    std::array<double, 9> each{};
    for (auto& ns : each) {
        const auto begin = std::chrono::steady_clock::now();
        round();
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - begin;
        ns = took.count() / static_cast<double>(times);
    }
    std::ranges::sort(each);
    return each[each.size() / 2];
}

void say(const char* what, std::size_t count, double value, const char* unit) {
    std::printf("%s %zu %.1f %s\n", what, count, value, unit);
}

std::size_t heap_bytes() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void fill(PatternIndex& index, const std::vector<Pattern>& patterns, const char* what) {
    const auto before = heap_bytes();
    for (const auto& pattern : patterns) index.add(pattern, channel());
    const auto bytes = static_cast<double>(heap_bytes() - before);
    say(what, patterns.size(), bytes / static_cast<double>(patterns.size()), "bytes");
}

double ns_per_match(const PatternIndex& index, const std::vector<std::string>& names,
                    std::size_t repeat) {
    std::vector<Channel*> found;
    return median_ns(names.size() * repeat, [&] {
        for (std::size_t i = 0; i < repeat; ++i) {
            for (const auto& name : names) {
                found.clear();
                index.match(name, found);
            }
        }
    });
}

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>{}(text);
    }
};
using Floor = boost::unordered_flat_map<std::string, Channel*, TextHash, std::equal_to<>>;

double ns_of_floor(const Floor& floor, const std::vector<std::string>& names, std::size_t repeat) {
    std::size_t hits = 0;
    const auto ns = median_ns(names.size() * repeat, [&] {
        for (std::size_t i = 0; i < repeat; ++i) {
            for (const auto& name : names) {
                for (LevelReader reader(name); !reader.done();) {
                    hits += floor.find(reader.next()) != floor.end();
                }
            }
        }
    });
    ASSERT(hits != 0);
    return ns;
}

double found_per_name(const PatternIndex& index, const std::vector<std::string>& names) {
    std::vector<Channel*> found;
    for (const auto& name : names) index.match(name, found);
    return static_cast<double>(found.size()) / static_cast<double>(names.size());
}

void measure_levels(std::size_t count) {
    const auto texts = level_texts(count);
    const auto patterns = parse_all(Pattern::Kind::levels, texts);
    const auto cold = level_names(names_cold, count);
    const auto hot = level_names(names_hot, count);
    PatternIndex index;
    fill(index, patterns, "levels");
    say("found", count, found_per_name(index, cold), "each");
    Floor floor;
    for (const auto& text : texts) {
        for (LevelReader reader(text); !reader.done();) floor.emplace(reader.next(), &channel());
    }
    say("match", count, ns_per_match(index, cold, 4), "ns");
    say("floor", count, ns_of_floor(floor, cold, 4), "ns");
    say("match_hot", count, ns_per_match(index, hot, 4096), "ns");
    say("floor_hot", count, ns_of_floor(floor, hot, 4096), "ns");
}

// Each pattern once: rounds would find a table that has grown already.
void measure_changes(std::size_t count) {
    const auto patterns = parse_all(Pattern::Kind::levels, level_texts(count));
    PatternIndex index;
    const auto timed = [&](const char* what, const auto& change) {
        const auto begin = std::chrono::steady_clock::now();
        for (const auto& pattern : patterns) change(pattern);
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - begin;
        say(what, count, took.count() / static_cast<double>(count), "ns");
    };
    timed("add", [&](const Pattern& pattern) { index.add(pattern, channel()); });
    timed("remove", [&](const Pattern& pattern) { index.remove(pattern); });
    ASSERT(index.nodes() == 0);
}

void measure_globs(std::size_t count) {
    const auto names = glob_names(names_cold, count);
    PatternIndex index;
    fill(index, parse_all(Pattern::Kind::glob, glob_texts(count)), "globs");
    say("found_globs", count, found_per_name(index, names), "each");
    say("glob", count, ns_per_match(index, names, 4), "ns");

    constexpr std::size_t unanchored = 1024;
    PatternIndex tried;
    for (std::size_t i = 0; i < unanchored; ++i) {
        tried.add(Pattern::parse(Pattern::Kind::glob, "*:" + id("event", i)).value(), channel());
    }
    say("one_by_one", unanchored, ns_per_match(tried, {names.begin(), names.begin() + 1024}, 1),
        "ns");
}

// It fails at the glob's last byte, from each place of the name.
void measure_worst_glob() {
    constexpr std::size_t bytes = 1024;
    const auto glob =
        Pattern::parse(Pattern::Kind::glob, "*" + std::string(bytes / 2, 'a') + "b*").value();
    const std::string name(bytes, 'a');
    std::size_t matched = 0;
    const auto ns = median_ns(8, [&] {
        for (int i = 0; i < 8; ++i) matched += glob.matches(name);
    });
    ASSERT(matched == 0);
    say("worst_glob", bytes, ns, "ns");
}

}  // namespace
}  // namespace carillon::hub

int main(int argc, char** argv) {
    const auto count = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
    if (argc > 2 || count == 0) {
        std::fprintf(stderr, "usage: pattern_bench [N]\n");
        return 2;
    }
    carillon::hub::measure_levels(count);
    carillon::hub::measure_changes(count);
    carillon::hub::measure_globs(count);
    carillon::hub::measure_worst_glob();
    return 0;
}
