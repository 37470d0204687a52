// hub/patterns.h: the patterns of one app that somebody subscribes to, with their lock. It is taken
// inside a channel's lock and never the other way round; publishers share it.
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "hub/pattern.h"
#include "hub/pattern_index.h"

namespace carillon::hub {

struct AppState;
class Channel;

struct Patterns {
    Patterns();
    ~Patterns();

    // Whether there are any: all that an app without patterns pays.
    bool used() const { return count.load(std::memory_order_relaxed) != 0; }

    // Under the lock, alone.
    Channel* find(const Pattern& pattern) const { return find_key(pattern.key()); }
    Channel* find_key(const std::string& key) const;  // shared is enough
    Channel& add(AppState& app_state, const Pattern& pattern);
    void erase_if_gone(Channel& channel);

    std::shared_mutex mutex;
    PatternIndex index;
    std::atomic<std::size_t> count{0};

 private:
    struct Owned;
    std::unordered_map<std::string, std::unique_ptr<Owned>> owned_;  // by key
};

// Whether a name is a pattern's key (hub/pattern.h).
inline bool is_pattern_key(std::string_view name) {
    return !name.empty() && (name.front() == '\x01' || name.front() == '\x02');
}
// A channel's name as it is, a pattern's as it was written.
inline std::string_view pattern_text(std::string_view name) {
    return is_pattern_key(name) ? name.substr(1) : name;
}

}  // namespace carillon::hub
