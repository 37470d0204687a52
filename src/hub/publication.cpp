#include "hub/publication.h"

#include <cstddef>
#include <cstring>
#include <new>

namespace carillon::hub {

Publication::Publication(const Parts& parts)
    : kind_(parts.kind),
      body_kind_(parts.body_kind),
      passing_(parts.passing),
      has_once_(parts.once.publisher != 0),
      event_bytes_(static_cast<std::uint32_t>(parts.event.size())),
      member_bytes_(static_cast<std::uint32_t>(parts.member.size())),
      body_bytes_(static_cast<std::uint32_t>(parts.body.size())),
      origin_(parts.origin),
      exclude_(parts.exclude) {
    if (has_once_) std::memcpy(static_cast<void*>(this + 1), &parts.once, sizeof parts.once);
    auto* at = const_cast<char*>(text());
    for (const auto part : {parts.event, parts.member, parts.body}) {
        if (!part.empty()) std::memcpy(at, part.data(), part.size());
        at += part.size();
    }
}

PublicationRef Publication::make(const Parts& parts) {
    const auto bytes = parts.event.size() + parts.member.size() + parts.body.size();
    const auto once = parts.once.publisher != 0 ? sizeof(Once) : 0;
    void* memory = ::operator new(sizeof(Publication) + once + bytes);
    return PublicationRef(new (memory) Publication(parts), false);
}

PublicationRef Publication::make(const Parts& parts, const ValueParts& value) {
    const auto once = parts.once.publisher != 0 ? sizeof(Once) : 0;
    const auto text = sizeof(Publication) + once + parts.event.size() + parts.member.size();
    constexpr auto align = alignof(std::max_align_t);
    const auto at = (text + align - 1) / align * align;
    auto* memory = static_cast<char*>(::operator new(at + value.bytes));
    auto* made = new (memory) Publication(parts);
    made->body_bytes_ = static_cast<std::uint32_t>(value.body_bytes);
    made->value_ = value.build(memory + at, value.context);
    return PublicationRef(made, false);
}

void intrusive_ptr_release(const Publication* p) {
    // The last holder needs no other's leave: nobody can become one any more.
    if (p->holders_.load(std::memory_order_acquire) != 1 &&
        p->holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
        return;
    }
    if (p->value_ != nullptr) p->value_->~Value();
    p->~Publication();
    ::operator delete(const_cast<Publication*>(p));
}

}  // namespace carillon::hub
