// base/buffer.h: bytes that grow at the end: what encoders write to. Unlike std::string it never
// clears what it is about to overwrite and keeps `padding` readable bytes behind its content
// (simdjson reads past the end).
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace carillon::base {

class Buffer {
 public:
    static constexpr std::size_t padding = 64;

    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    char* data() { return data_.get(); }
    const char* data() const { return data_.get(); }
    std::string_view view() const { return {data_.get(), size_}; }
    std::string_view view(std::size_t from, std::size_t to) const {
        return {data_.get() + from, to - from};
    }

    // Room for `n` more bytes; write there, then commit what was written.
    char* prepare(std::size_t n) {
        if (capacity_ - size_ < n) grow(size_ + n);
        return data_.get() + size_;
    }
    void commit(std::size_t n) { size_ += n; }

    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    void append(char c) {
        *prepare(1) = c;
        ++size_;
    }
    void resize_down(std::size_t size) { size_ = size; }
    void clear() { size_ = 0; }
    void erase_front(std::size_t n) {
        std::memmove(data_.get(), data_.get() + n, size_ - n);
        size_ -= n;
    }
    // Gives back what is not used; the content moves.
    void shrink_to_fit() {
        if (size_ == 0) {
            data_.reset();
            capacity_ = 0;
        } else if (size_ < capacity_) {
            reallocate(size_);
        }
    }

 private:
    struct Free {
        void operator()(char* p) const { std::free(p); }
    };
    void grow(std::size_t wanted) {
        std::size_t next = capacity_ < 128 ? 128 : capacity_ * 2;
        reallocate(next < wanted ? wanted : next);
    }
    void reallocate(std::size_t capacity) {
        auto* moved = static_cast<char*>(std::realloc(data_.get(), capacity + padding));
        if (moved == nullptr) std::abort();  // out of memory: nothing sensible is left to do
        (void)data_.release();
        data_.reset(moved);
        capacity_ = capacity;
    }

    std::unique_ptr<char[], Free> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace carillon::base
