// storage/journal/cursor_book.h: what named subscriptions saved last, by key. Any thread; a mutex of its own,
// inside which the queue's is taken.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "hub/countdown.h"

namespace carillon::storage {

struct Cursor {
    using Text = std::shared_ptr<const std::string>;
    std::string key;
    Text state;              // empty: forgotten
    std::uint64_t save = 0;  // the number of the newest one
};
using CursorRef = std::shared_ptr<Cursor>;

// On its way to the store.
struct Saved {
    CursorRef cursor;  // null: nothing but a question whether everything before is stored
    std::uint64_t save = 0;
    Cursor::Text state{};
    hub::CountdownRef stored{};

    std::size_t bytes() const {
        return sizeof *this + (cursor == nullptr ? 0 : cursor->key.size() + state->size());
    }
};

class CursorBook {
 public:
    std::string load(const std::string& key) const;
    std::vector<std::string> names(const std::string& key_before_name) const;
    void recover(std::string key, std::string state);
    // Puts it in the place of what was there. `also` is called with what is to be written, before anybody
    // else saves.
    template <class Also>
    void save(std::string key, std::string state, const hub::CountdownRef& stored,
              const Also& also) {
        const std::scoped_lock lock(mutex_);
        const auto& cursor = put(std::move(key), std::move(state));
        cursor->save = ++saves_;
        also(Saved{cursor, cursor->save, cursor->state, stored});
    }
    // It is written: one that was forgotten need not be remembered.
    void written(const Saved& saved);
    std::size_t memory_bytes() const;

 private:
    const CursorRef& put(std::string key, std::string state);

    mutable std::mutex mutex_;
    std::map<std::string_view, CursorRef, std::less<>> cursors_;  // keys live in the cursors
    std::uint64_t saves_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace carillon::storage
