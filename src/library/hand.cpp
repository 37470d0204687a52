#include "library/hand.h"

#include <utility>

#include "base/limits.h"

namespace carillon::detail {

void Hand::take(std::uint64_t offset, std::uint64_t publisher) {
    const std::lock_guard lock(mutex_);
    settled_ = {};
    settled_.offset = offset;
    publisher_ = publisher;
    effects_bytes_ = 0;
}

bool Hand::holds(std::uint64_t offset) const {
    const std::lock_guard lock(mutex_);
    return settled_.offset == offset;
}

void Hand::fail(std::string_view why) {
    if (why.starts_with(prefix_)) why.remove_prefix(prefix_.size());
    const std::lock_guard lock(mutex_);
    settled_.failure = why;
}

void Hand::interrupt() {
    const std::lock_guard lock(mutex_);
    settled_.stopped = true;
}

Result<hub::Once> Hand::next_once(std::uint64_t offset) const {
    if (offset == 0 || settled_.offset != offset) {
        return Error{ErrorKind::closed, "the message that this belongs to is not in hand any more"};
    }
    const auto index = settled_.effects.size();
    if (index >= limits::effects_max) {
        return Error{ErrorKind::too_large, "more than " + std::to_string(limits::effects_max) +
                                               " messages published with one"};
    }
    return hub::Once{publisher_, offset * limits::effects_max + index};
}

Result<void> Hand::has_room_for(const hub::Publication& publication) {
    const auto bytes = publication.inbox_bytes();
    if (effects_bytes_ + bytes > limits::effects_bytes_max) {
        return Error{ErrorKind::too_large, "more than 64 MiB published with one message"};
    }
    effects_bytes_ += bytes;
    return {};
}

Hand::Settled Hand::settle() {
    const std::lock_guard lock(mutex_);
    return settle_locked();
}

Hand::Settled Hand::settle_locked() {
    with_reader_ = 0;
    done_ = 0;
    return std::exchange(settled_, {});
}

// ---- of a stream ----

void Hand::give_to_reader(std::uint64_t offset) {
    const std::lock_guard lock(mutex_);
    with_reader_ = offset;
}

void Hand::asked_for_next() {
    const std::lock_guard lock(mutex_);
    if (with_reader_ != 0) done_ = std::exchange(with_reader_, 0);
}

bool Hand::reject(std::string_view why) {
    const std::lock_guard lock(mutex_);
    if (with_reader_ == 0) return false;
    settled_.failure = why;
    done_ = std::exchange(with_reader_, 0);
    return true;
}

Hand::Settled Hand::settle_if_done() {
    const std::lock_guard lock(mutex_);
    if (done_ == 0 || done_ != settled_.offset) return {};
    return settle_locked();
}

// FNV-1a, and its bits mixed: what is close to each other should not be.
std::uint64_t publisher_of(std::string_view topic, std::string_view name, std::uint64_t replay,
                           std::uint64_t offset) {
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    const auto add = [&hash](std::string_view text) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
        }
        hash = (hash ^ 0x100U) * 1'099'511'628'211U;  // an end that no text contains
    };
    add(topic);
    add(name);
    add(std::to_string(replay));
    if (replay != 0) add(std::to_string(offset));
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
    hash ^= hash >> 31;
    return hash != 0 ? hash : 1;
}

}  // namespace carillon::detail
