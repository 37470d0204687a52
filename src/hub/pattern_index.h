// hub/pattern_index.h: all patterns of one app, to be asked which of them match a name. Not locked:
// its owner locks. match() changes nothing and may run on several threads at once, as long as
// nobody adds or removes. What a pattern leads to is a Channel&, never looked into here.
//
// Level patterns are a trie over levels. At each level a name may go two ways, by itself and by
// '+', so a walk of depth d visits up to 2^d nodes: if somebody put them there. It visits none that
// does not exist and none twice. Globs stand under their literal prefix, and of one name each
// prefix is looked up that has the length of some glob's; those under one prefix are tried one by
// one. So match() costs what the name is deep and what is found, not what the index holds; the one
// who adds should bound what is tried one by one (unanchored(), neighbours()).
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/pattern.h"

namespace carillon::hub {

class Channel;

class PatternIndex {
 public:
    PatternIndex() = default;
    PatternIndex(const PatternIndex&) = delete;
    PatternIndex& operator=(const PatternIndex&) = delete;

    Channel* find(const Pattern& pattern) const;         // null: none
    void add(const Pattern& pattern, Channel& channel);  // must not be there yet
    void remove(const Pattern& pattern);                 // must be there

    std::size_t size() const { return level_patterns_ + globs_; }
    // Globs with no literal prefix: each name is tried against each of them.
    std::size_t unanchored() const { return unanchored_; }
    // Globs with the literal prefix of this one, itself too if it is there; 0 for level patterns.
    std::size_t neighbours(const Pattern& pattern) const;
    // What the patterns occupy: 0 once all are removed.
    std::size_t nodes() const { return node_count_ + groups_.size(); }

    // Appends each that matches `name`, in no promised order, each once. Allocates only what
    // `found` needs.
    void match(std::string_view name, std::vector<Channel*>& found) const;

 private:
    // A level of one or several patterns, with all levels before it.
    struct Node {
        bool empty() const { return !here && !below && !plus && children == 0; }
        // Normalised, a level pattern has a '#' only as its last level.
        Channel*& end_of(std::string_view pattern) { return pattern.ends_with('#') ? below : here; }

        Node* parent = nullptr;
        std::unique_ptr<Node> plus;  // the level '+' under this one; the others are in nodes_
        Channel* here = nullptr;     // of the pattern that ends here
        Channel* below = nullptr;    // of the pattern that goes on with '#'
        std::uint32_t children = 0;  // in nodes_
        std::string level;
    };
    struct Glob {
        std::string rest;  // behind the prefix
        Channel* channel;
    };
    using Globs = std::vector<Glob>;
    struct Group {
        Globs::const_iterator lower_bound(std::string_view rest) const;
        Globs::const_iterator place_of(std::string_view rest) const;  // end(): it is not here
        void match(std::string_view rest, std::vector<Channel*>& found) const;

        std::string prefix;
        Globs globs;  // sorted: each add and remove first finds its own
    };

    // The hash stands beside the pointer: a table that grows under its owner's lock need not fetch
    // every node from memory, and a stranger in a probe is told without looking at it.
    template <class T>
    struct Hashed {
        std::size_t hash;
        std::unique_ptr<T> it;
    };
    struct NodeKey {
        std::size_t hash;
        const Node* parent;
        std::string_view level;
        bool is(const Node& node) const { return node.parent == parent && node.level == level; }
    };
    struct GroupKey {
        std::size_t hash;
        std::string_view prefix;
        bool is(const Group& group) const { return group.prefix == prefix; }
    };
    struct Hash {
        using is_transparent = void;
        using is_avalanching = void;  // mixed where they are made
        std::size_t operator()(const auto& key) const { return key.hash; }
    };
    struct Equal {
        using is_transparent = void;
        template <class T>
        bool operator()(const Hashed<T>& a, const Hashed<T>& b) const {
            return a.it == b.it;
        }
        template <class T>
        bool operator()(const auto& key, const Hashed<T>& held) const {
            return key.hash == held.hash && key.is(*held.it);
        }
        template <class T>
        bool operator()(const Hashed<T>& held, const auto& key) const {
            return (*this)(key, held);
        }
    };
    template <class T>
    using Table = boost::unordered_flat_set<Hashed<T>, Hash, Equal>;

    class NameLevels;

    Node* child(const Node& parent, std::string_view level, std::size_t level_hash) const;
    Node* step(const Node& parent, std::string_view level) const;
    Node& make_step(Node& parent, std::string_view level);
    Node* node_of(std::string_view pattern) const;
    Node& make_node(std::string_view pattern);
    void prune(Node* node);
    void walk(const Node& node, std::size_t depth, NameLevels& levels,
              std::vector<Channel*>& found) const;
    void match_levels(std::string_view name, std::vector<Channel*>& found) const;

    Group* group_of(std::string_view glob) const;
    Group& make_group(std::string_view glob);
    void remove_group(const Group& group);
    void add_glob(std::string_view glob, Channel& channel);
    void remove_glob(std::string_view glob);
    void match_globs(std::string_view name, std::vector<Channel*>& found) const;

    // On the heap, so that a look-up in a const index finds nodes as an owner does.
    const std::unique_ptr<Node> root_ = std::make_unique<Node>();
    Table<Node> nodes_;
    std::size_t node_count_ = 0;  // with those for '+', without the root
    std::size_t level_patterns_ = 0;
    Table<Group> groups_;
    std::vector<std::uint32_t> groups_by_length_;  // of their prefix: how many; the last is not 0
    std::size_t unanchored_ = 0;
    std::size_t globs_ = 0;
};

}  // namespace carillon::hub
