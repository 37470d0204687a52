// library/typed_value.h: a message of the user's type inside a publication: the one copy that everybody
// reads. Who wants bytes gets JSON.
#pragma once

#include <cstddef>
#include <string>

#include "carillon/detail/core.h"
#include "hub/publication.h"

namespace carillon::library {

class alignas(std::max_align_t) TypedValue final : public hub::Value {
 public:
    static constexpr Encoding encoding = Encoding::json;

    // Every Value in this process is one of these.
    static const TypedValue* of(const hub::Publication& publication) {
        return static_cast<const TypedValue*>(publication.value());
    }
    static std::size_t bytes_for(const detail::Type& type) {
        return sizeof(TypedValue) + type.size;
    }
    // In memory of that many bytes; moves from `value`, or copies it.
    static hub::Value* build(void* memory, const detail::Type& type, void* value, bool may_move) {
        auto* made = new (memory) TypedValue(type);
        (may_move ? type.move(made->data(), value) : type.copy(made->data(), value));
        return made;
    }
    ~TypedValue() override { type_.destroy(data()); }

    const void* type() const override { return &type_; }
    const void* get() const override { return this + 1; }
    const detail::Type& message_type() const { return type_; }

 private:
    explicit TypedValue(const detail::Type& type) : type_(type) {}
    void* data() { return this + 1; }
    // What JSON cannot say (NaN) was published all the same, to those who read the type: to the
    // others it is null.
    std::string encode() const override {
        std::string out;
        return type_.encode(get(), encoding, out) ? out : "null";
    }

    const detail::Type& type_;
};

}  // namespace carillon::library
