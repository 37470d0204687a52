// storage/journal/publishers.h: the newest sequence of each publisher of one channel who publishes what must
// not happen twice. Bounded: who was silent longest is forgotten, and a duplicate of his is taken again.
// Guarded by its channel's mutex.
//
//   note := complete_up_to(8) (publisher(8) sequence(8))*      little endian, longest silent first
//
// A note tells of every publication of the channel up to an offset; what came after is read again.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "hub/publication.h"

namespace carillon::storage {

class Publishers {
 public:
    explicit Publishers(std::size_t publishers_max = limits::journal_publishers_max)
        : publishers_max_(publishers_max) {}

    bool seen(const hub::Once& once) const;
    void add(const hub::Once& once);
    std::size_t size() const { return slots_.size(); }
    std::size_t memory_bytes() const { return sizeof *this + slots_.capacity() * 48; }

    std::string encode(std::uint64_t complete_up_to) const;
    struct Decoded;
    // nullopt: that is no such note.
    static std::optional<Decoded> decode(std::string_view note, std::size_t publishers_max);

 private:
    static constexpr std::uint32_t none_ = UINT32_MAX;
    struct Slot {
        hub::Once newest;
        std::uint32_t older = none_;
        std::uint32_t newer = none_;
    };
    void link_newest(std::uint32_t at);
    void unlink(std::uint32_t at);
    std::uint32_t slot_for(std::uint64_t publisher);

    std::size_t publishers_max_;
    std::vector<Slot> slots_;
    boost::unordered_flat_map<std::uint64_t, std::uint32_t> by_publisher_;
    std::uint32_t oldest_ = none_;
    std::uint32_t newest_ = none_;
};

struct Publishers::Decoded {
    std::uint64_t complete_up_to = 0;
    Publishers publishers;
};

}  // namespace carillon::storage
