// hub/publication.h: what is published: immutable, counted, one allocation, shared by every lane
// and session that still has a use for it. A member event (joined, left) is a publication too, of
// another kind.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "hub/session_id.h"
#include "hub/value.h"

namespace carillon::hub {

enum class Kind : std::uint8_t {
    message,
    joined,
    left,
    gap,  // for one session: its body says, in decimal, how many publications it was not sent
    // What a protocol tells its own clients of a channel: a message that no other format shows, and
    // that no bridge carries.
    announcement,
};
enum class BodyKind : std::uint8_t { text, json, binary };

// Where a publication stands in its channel. The offset counts only what history keeps; 0: nothing
// kept yet.
struct Position {
    std::uint64_t epoch = 0;  // another one: another life of the channel; offsets do not compare
    std::uint64_t offset = 0;
};
struct Stamp {
    Position position;
    std::int64_t unix_ms = 0;
};

// Who publishes something that must not happen twice, and which of his publications it is: they count
// up. Where history is kept for good, what is not above the highest seen of that publisher is a
// duplicate. Publisher 0: nobody minds.
struct Once {
    std::uint64_t publisher = 0;
    std::uint64_t sequence = 0;
};

class Publication;
using PublicationRef = boost::intrusive_ptr<const Publication>;

class Publication {
 public:
    struct Parts {
        Kind kind = Kind::message;
        BodyKind body_kind = BodyKind::text;
        std::string_view event{};  // may be empty: no name
        std::string_view
            member{};  // joined, left: who; message: the presence member who speaks, if any
        std::string_view body{};  // joined: the member's data
        SessionId origin{};       // the session that published; 0: a backend
        SessionId exclude{};      // this session must not hear it
        bool passing = false;     // for who is there: never kept, and takes no offset
        Once once{};
    };
    static PublicationRef make(const Parts& parts);  // copies

    // The same, but its body is a Value, which `build` makes in `bytes` of the publication's own
    // memory. `body_bytes`: about what it takes, in memory and as bytes.
    struct ValueParts {
        std::size_t bytes;
        std::size_t body_bytes;
        Value* (*build)(void* memory, void* context);
        void* context;
    };
    static PublicationRef make(const Parts& parts, const ValueParts& value);

    Kind kind() const { return kind_; }
    BodyKind body_kind() const { return body_kind_; }
    std::string_view event() const { return {text(), event_bytes_}; }
    std::string_view member() const { return {text() + event_bytes_, member_bytes_}; }
    std::string_view body() const {
        if (value_ != nullptr) return value_->bytes();
        return {text() + event_bytes_ + member_bytes_, body_bytes_};
    }
    const Value* value() const { return value_; }  // null: it came as bytes
    SessionId origin() const { return origin_; }
    SessionId exclude() const { return exclude_; }
    bool passing() const { return passing_; }
    Once once() const {
        Once once;
        if (has_once_) std::memcpy(static_cast<void*>(&once), this + 1, sizeof once);
        return once;
    }

    // What it costs while it waits in one inbox.
    std::size_t inbox_bytes() const {
        return item_overhead_bytes + event_bytes_ + member_bytes_ + body_bytes_;
    }
    static constexpr std::size_t item_overhead_bytes = 64;

 private:
    explicit Publication(const Parts& parts);
    const char* text() const {
        return reinterpret_cast<const char*>(this + 1) + (has_once_ ? sizeof(Once) : 0);
    }
    friend void intrusive_ptr_add_ref(const Publication* p) {
        p->holders_.fetch_add(1, std::memory_order_relaxed);
    }
    friend void intrusive_ptr_release(const Publication* p);

    mutable std::atomic<std::uint32_t> holders_{1};  // whoever made it
    Kind kind_;
    BodyKind body_kind_;
    bool passing_;
    bool has_once_;
    std::uint32_t event_bytes_;
    std::uint32_t member_bytes_;
    std::uint32_t body_bytes_;
    SessionId origin_;
    SessionId exclude_;
    Value* value_ = nullptr;
    // once (if it has one), event, member and body (or the value) follow in the same allocation
};

}  // namespace carillon::hub
