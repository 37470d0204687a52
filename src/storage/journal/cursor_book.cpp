#include "storage/journal/cursor_book.h"

namespace carillon::storage {

namespace {

constexpr std::size_t cursor_overhead_bytes = 160;

std::size_t bytes_of(const Cursor& cursor) {
    return cursor_overhead_bytes + cursor.key.capacity() + cursor.state->capacity();
}

}  // namespace

std::string CursorBook::load(const std::string& key) const {
    const std::scoped_lock lock(mutex_);
    const auto found = cursors_.find(key);
    return found == cursors_.end() ? std::string{} : *found->second->state;
}

std::vector<std::string> CursorBook::names(const std::string& key_before_name) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> names;
    for (auto at = cursors_.lower_bound(key_before_name);
         at != cursors_.end() && at->first.starts_with(key_before_name); ++at) {
        if (!at->second->state->empty()) {
            names.emplace_back(at->first.substr(key_before_name.size()));
        }
    }
    return names;
}

void CursorBook::recover(std::string key, std::string state) {
    const std::scoped_lock lock(mutex_);
    put(std::move(key), std::move(state));
}

const CursorRef& CursorBook::put(std::string key, std::string state) {
    auto text = std::make_shared<const std::string>(std::move(state));
    const auto found = cursors_.find(key);
    if (found != cursors_.end()) {
        bytes_ -= bytes_of(*found->second);
        found->second->state = std::move(text);
        bytes_ += bytes_of(*found->second);
        return found->second;
    }
    auto cursor = std::make_shared<Cursor>(Cursor{.key = std::move(key), .state = std::move(text)});
    bytes_ += bytes_of(*cursor);
    const std::string_view name = cursor->key;
    return cursors_.emplace(name, std::move(cursor)).first->second;
}

void CursorBook::written(const Saved& saved) {
    const std::scoped_lock lock(mutex_);
    const auto& cursor = saved.cursor;
    if (cursor->save != saved.save || !cursor->state->empty()) return;
    bytes_ -= bytes_of(*cursor);
    cursors_.erase(cursor->key);
}

std::size_t CursorBook::memory_bytes() const {
    const std::scoped_lock lock(mutex_);
    return bytes_;
}

}  // namespace carillon::storage
