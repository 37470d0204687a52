#include "storage/journal/publishers.h"

#include <algorithm>

namespace carillon::storage {

namespace {

void put(std::string& out, std::uint64_t value) {
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

std::uint64_t take(std::string_view& from) {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) {
        value |= static_cast<std::uint64_t>(
                     static_cast<unsigned char>(from[static_cast<std::size_t>(i)]))
                 << (8 * i);
    }
    from.remove_prefix(8);
    return value;
}

}  // namespace

bool Publishers::seen(const hub::Once& once) const {
    const auto found = by_publisher_.find(once.publisher);
    return found != by_publisher_.end() && once.sequence <= slots_[found->second].newest.sequence;
}

void Publishers::add(const hub::Once& once) {
    const auto at = slot_for(once.publisher);
    slots_[at].newest.sequence = std::max(slots_[at].newest.sequence, once.sequence);
    link_newest(at);
}

// Its publisher's, unlinked.
std::uint32_t Publishers::slot_for(std::uint64_t publisher) {
    const auto found = by_publisher_.find(publisher);
    if (found != by_publisher_.end()) {
        unlink(found->second);
        return found->second;
    }
    auto at = static_cast<std::uint32_t>(slots_.size());
    if (slots_.size() < publishers_max_) {
        slots_.emplace_back();
    } else {
        at = oldest_;
        unlink(at);
        by_publisher_.erase(slots_[at].newest.publisher);
    }
    slots_[at].newest = {publisher, 0};
    by_publisher_.emplace(publisher, at);
    return at;
}

void Publishers::link_newest(std::uint32_t at) {
    slots_[at].older = newest_;
    slots_[at].newer = none_;
    if (newest_ != none_) slots_[newest_].newer = at;
    newest_ = at;
    if (oldest_ == none_) oldest_ = at;
}

void Publishers::unlink(std::uint32_t at) {
    const auto [older, newer] = std::pair(slots_[at].older, slots_[at].newer);
    (older == none_ ? oldest_ : slots_[older].newer) = newer;
    (newer == none_ ? newest_ : slots_[newer].older) = older;
}

std::string Publishers::encode(std::uint64_t complete_up_to) const {
    std::string note;
    note.reserve(8 + 16 * slots_.size());
    put(note, complete_up_to);
    for (auto at = oldest_; at != none_; at = slots_[at].newer) {
        put(note, slots_[at].newest.publisher);
        put(note, slots_[at].newest.sequence);
    }
    return note;
}

std::optional<Publishers::Decoded> Publishers::decode(std::string_view note,
                                                      std::size_t publishers_max) {
    if (note.size() < 8 || note.size() % 16 != 8) return std::nullopt;
    Decoded decoded{.complete_up_to = take(note), .publishers = Publishers(publishers_max)};
    while (!note.empty()) {
        hub::Once once;
        once.publisher = take(note);
        once.sequence = take(note);
        decoded.publishers.add(once);
    }
    return decoded;
}

}  // namespace carillon::storage
