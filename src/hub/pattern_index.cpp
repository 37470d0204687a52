#include "hub/pattern_index.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/assert.h"

namespace carillon::hub {

namespace {

// flat_set wants a hash whose low and high bits are both good.
std::size_t mix(std::size_t h) {
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15ULL;
    return h ^ (h >> 29);
}

std::size_t hash_of_level(std::string_view level) { return std::hash<std::string_view>{}(level); }

std::size_t hash_under(const void* parent, std::size_t level_hash) {
    return mix(level_hash ^ (reinterpret_cast<std::uintptr_t>(parent) * 0xff51afd7ed558ccdULL));
}

// FNV-1a, because it grows by one byte at a time: all prefixes of a name cost one pass over it.
class PrefixHash {
 public:
    void add(char c) { state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL; }
    std::size_t get() const { return mix(state_); }
    static std::size_t of(std::string_view prefix) {
        PrefixHash hash;
        for (const char c : prefix) hash.add(c);
        return hash.get();
    }

 private:
    std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

bool is_own(std::string_view name) { return name.starts_with('$'); }

}  // namespace

// The levels of a name, each cut off and hashed once, and not before the walk comes that far.
class PatternIndex::NameLevels {
 public:
    // Not a string_view: that would have each match() clear 65 of them first.
    struct Level {
        std::string_view text() const { return {begin, bytes}; }
        const char* begin;
        std::size_t bytes;
        std::size_t hash;
    };

    explicit NameLevels(std::string_view name) : reader_(name) {}

    // Null: the name ends before. Asked for one level more than the one before it, at most.
    const Level* at(std::size_t depth) {
        if (depth < known_) return &levels_[depth];
        if (reader_.done()) return nullptr;
        const auto text = reader_.next();
        levels_[known_] = {text.data(), text.size(), hash_of_level(text)};
        return &levels_[known_++];
    }

 private:
    LevelReader reader_;
    std::size_t known_ = 0;
    std::array<Level, pattern_levels_max + 1> levels_;  // one below the deepest node: does it end?
};

// ---- one pattern ----

Channel* PatternIndex::find(const Pattern& pattern) const {
    if (pattern.kind() == Pattern::Kind::glob) {
        const auto* group = group_of(pattern.text());
        if (group == nullptr) return nullptr;
        const auto at = group->place_of(pattern.text().substr(group->prefix.size()));
        return at == group->globs.end() ? nullptr : at->channel;
    }
    auto* node = node_of(pattern.text());
    return node == nullptr ? nullptr : node->end_of(pattern.text());
}

void PatternIndex::add(const Pattern& pattern, Channel& channel) {
    if (pattern.kind() == Pattern::Kind::glob) return add_glob(pattern.text(), channel);
    auto& end = make_node(pattern.text()).end_of(pattern.text());
    ASSERT(end == nullptr);
    end = &channel;
    ++level_patterns_;
}

void PatternIndex::remove(const Pattern& pattern) {
    if (pattern.kind() == Pattern::Kind::glob) return remove_glob(pattern.text());
    auto* node = node_of(pattern.text());
    ASSERT(node != nullptr);
    auto& end = node->end_of(pattern.text());
    ASSERT(end != nullptr);
    end = nullptr;
    --level_patterns_;
    prune(node);
}

// ---- the trie ----

PatternIndex::Node* PatternIndex::child(const Node& parent, std::string_view level,
                                        std::size_t level_hash) const {
    const auto at = nodes_.find(NodeKey{hash_under(&parent, level_hash), &parent, level});
    return at == nodes_.end() ? nullptr : at->it.get();
}

PatternIndex::Node* PatternIndex::step(const Node& parent, std::string_view level) const {
    return level == "+" ? parent.plus.get() : child(parent, level, hash_of_level(level));
}

PatternIndex::Node& PatternIndex::make_step(Node& parent, std::string_view level) {
    if (auto* node = step(parent, level)) return *node;
    auto made = std::make_unique<Node>();
    auto& node = *made;
    node.parent = &parent;
    ++node_count_;
    if (level == "+") {
        parent.plus = std::move(made);
        return node;
    }
    node.level = level;
    ++parent.children;
    nodes_.insert({hash_under(&parent, hash_of_level(level)), std::move(made)});
    return node;
}

PatternIndex::Node* PatternIndex::node_of(std::string_view pattern) const {
    auto* node = root_.get();
    for (LevelReader reader(pattern); node != nullptr && !reader.done();) {
        const auto level = reader.next();
        if (level != "#") node = step(*node, level);
    }
    return node;
}

PatternIndex::Node& PatternIndex::make_node(std::string_view pattern) {
    auto* node = root_.get();
    for (LevelReader reader(pattern); !reader.done();) {
        const auto level = reader.next();
        if (level != "#") node = &make_step(*node, level);
    }
    return *node;
}

void PatternIndex::prune(Node* node) {
    while (node != root_.get() && node->empty()) {
        auto* const parent = node->parent;
        --node_count_;
        if (parent->plus.get() == node) {
            parent->plus.reset();
        } else {
            --parent->children;
            const auto hash = hash_under(parent, hash_of_level(node->level));
            nodes_.erase(nodes_.find(NodeKey{hash, parent, node->level}));
        }
        node = parent;
    }
}

void PatternIndex::match_levels(std::string_view name, std::vector<Channel*>& found) const {
    NameLevels levels(name);
    if (!is_own(name)) return walk(*root_, 0, levels, found);
    const auto* first = levels.at(0);
    const auto* node = child(*root_, first->text(), first->hash);
    if (node != nullptr) walk(*node, 1, levels, found);
}

// At most pattern_levels_max deep.
void PatternIndex::walk(const Node& from, std::size_t depth, NameLevels& levels,
                        std::vector<Channel*>& found) const {
    for (const auto* node = &from; node != nullptr; node = node->plus.get(), ++depth) {
        if (node->below != nullptr) found.push_back(node->below);
        const auto* level = levels.at(depth);
        if (level == nullptr) {
            if (node->here != nullptr) found.push_back(node->here);
            return;
        }
        if (node->children == 0) continue;
        const auto* next = child(*node, level->text(), level->hash);
        if (next != nullptr) walk(*next, depth + 1, levels, found);
    }
}

// ---- globs ----

std::size_t PatternIndex::neighbours(const Pattern& pattern) const {
    if (pattern.kind() != Pattern::Kind::glob) return 0;
    const auto* group = group_of(pattern.text());
    return group == nullptr ? 0 : group->globs.size();
}

PatternIndex::Group* PatternIndex::group_of(std::string_view glob) const {
    const auto prefix = literal_prefix(glob);
    const auto at = groups_.find(GroupKey{PrefixHash::of(prefix), prefix});
    return at == groups_.end() ? nullptr : at->it.get();
}

PatternIndex::Group& PatternIndex::make_group(std::string_view glob) {
    if (auto* group = group_of(glob)) return *group;
    const auto prefix = literal_prefix(glob);
    auto made = std::make_unique<Group>(Group{std::string(prefix), {}});
    auto& group = *made;
    groups_.insert({PrefixHash::of(prefix), std::move(made)});
    if (groups_by_length_.size() <= prefix.size()) groups_by_length_.resize(prefix.size() + 1);
    ++groups_by_length_[prefix.size()];
    return group;
}

void PatternIndex::remove_group(const Group& group) {
    --groups_by_length_[group.prefix.size()];
    while (!groups_by_length_.empty() && groups_by_length_.back() == 0)
        groups_by_length_.pop_back();
    groups_.erase(groups_.find(GroupKey{PrefixHash::of(group.prefix), group.prefix}));
}

void PatternIndex::add_glob(std::string_view glob, Channel& channel) {
    auto& group = make_group(glob);
    const auto rest = glob.substr(group.prefix.size());
    const auto at = group.lower_bound(rest);
    ASSERT(at == group.globs.end() || at->rest != rest);
    group.globs.insert(at, {std::string(rest), &channel});
    ++globs_;
    if (group.prefix.empty()) ++unanchored_;
}

void PatternIndex::remove_glob(std::string_view glob) {
    auto* group = group_of(glob);
    ASSERT(group != nullptr);
    const auto at = group->place_of(glob.substr(group->prefix.size()));
    ASSERT(at != group->globs.end());
    group->globs.erase(at);
    --globs_;
    if (group->prefix.empty()) --unanchored_;
    if (group->globs.empty()) remove_group(*group);
}

void PatternIndex::match_globs(std::string_view name, std::vector<Channel*>& found) const {
    PrefixHash hash;
    for (std::size_t length = 0; length < groups_by_length_.size(); ++length) {
        if (groups_by_length_[length] != 0 && (length != 0 || !is_own(name))) {
            const auto at = groups_.find(GroupKey{hash.get(), name.substr(0, length)});
            if (at != groups_.end()) at->it->match(name.substr(length), found);
        }
        if (length == name.size()) return;
        hash.add(name[length]);
    }
}

void PatternIndex::Group::match(std::string_view rest, std::vector<Channel*>& found) const {
    for (const auto& glob : globs) {
        if (glob_matches(glob.rest, rest)) found.push_back(glob.channel);
    }
}

auto PatternIndex::Group::lower_bound(std::string_view rest) const -> Globs::const_iterator {
    return std::ranges::lower_bound(globs, rest, {}, &Glob::rest);
}

auto PatternIndex::Group::place_of(std::string_view rest) const -> Globs::const_iterator {
    const auto at = lower_bound(rest);
    return at != globs.end() && at->rest == rest ? at : globs.end();
}

// ---- a name ----

void PatternIndex::match(std::string_view name, std::vector<Channel*>& found) const {
    if (level_patterns_ != 0) match_levels(name, found);
    if (globs_ != 0) match_globs(name, found);
}

}  // namespace carillon::hub
