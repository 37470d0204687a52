// hub/value.h: a publication's body in the shape in which its publisher had it. Who reads the same
// shape in this process needs no bytes; they are made when the first one asks for them, once, on
// whatever thread that is.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace carillon::hub {

class Value {
 public:
    Value() = default;
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;
    virtual ~Value() { delete bytes_.load(std::memory_order_relaxed); }

    // What get() points at: equal pointers, equal types.
    virtual const void* type() const = 0;
    virtual const void* get() const = 0;
    std::string_view bytes() const {
        const auto* made = bytes_.load(std::memory_order_acquire);
        if (made == nullptr) made = &encode_once();
        return *made;
    }

 protected:
    virtual std::string encode() const = 0;

 private:
    // Two who ask at once may both encode it; one of them is kept.
    const std::string& encode_once() const {
        const auto* mine = new std::string(encode());
        const std::string* first = nullptr;
        if (bytes_.compare_exchange_strong(first, mine, std::memory_order_acq_rel)) return *mine;
        delete mine;
        return *first;
    }

    mutable std::atomic<const std::string*> bytes_{nullptr};
};

}  // namespace carillon::hub
