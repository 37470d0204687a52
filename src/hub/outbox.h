// hub/outbox.h: one client's queue of slices: ranges of frames in batches, first in first out, for
// everything the client is sent. Two pointers when empty. It lives in its connection (edge),
// belongs to its lane, knows no socket.
//
// Committed: the rest of a frame whose first bytes the kernel has. It is never dropped and nothing
// goes before it. Replies are never dropped either; a connection with too many unsent ones is not
// read (edge).
#pragma once

#include <sys/uio.h>

#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <span>
#include <string_view>

#include "hub/batch.h"
#include "hub/outcome.h"
#include "hub/ports.h"

namespace carillon::hub {

class Lane;
class Session;

// What happens to a client that cannot keep up. Judged after a write, on what remains.
struct OutboxPolicy {
    enum class OnFull : std::uint8_t {
        drop_newest,  // the newest whole frames go until it fits
        close,        // everything uncommitted goes, Subscriber::on_close(slow) says goodbye
    };
    std::uint32_t messages_max = 1000;
    std::size_t bytes_max = 8 * 1024 * 1024;
    OnFull on_full = OnFull::close;
};

struct Slice {
    Batch* batch;
    Slice* next;
    std::uint32_t first;  // frames [first, last) of the batch
    std::uint32_t last;
    std::uint32_t sent;    // bytes of it that the kernel has
    std::uint32_t pinned;  // bytes of the batch, if this is its first slice here; else 0
};

// Slices are made and freed at the rate of deliveries: a free list, never the allocator once warm.
class SlicePool {
 public:
    SlicePool() = default;
    SlicePool(const SlicePool&) = delete;
    SlicePool& operator=(const SlicePool&) = delete;
    ~SlicePool();
    Slice* take();
    void give(Slice* slice);
    std::size_t live() const { return live_; }

 private:
    static constexpr std::size_t idle_max = 65'536;
    Slice* idle_ = nullptr;
    std::size_t idle_count_ = 0;
    std::size_t live_ = 0;
};

class Outbox : public boost::intrusive::list_base_hook<
                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
    Outbox(Lane& lane, Door& door) : lane_(lane), door_(door) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox();  // discards what is left; its session was closed before

    bool empty() const { return head_ == nullptr; }
    std::uint32_t messages() const { return messages_; }  // whole or committed publication frames
    std::size_t bytes() const { return message_bytes_; }  // theirs, not yet sent
    std::size_t reply_bytes() const { return reply_bytes_; }
    bool blocked() const { return blocked_; }

    // For the door.
    // The unsent bytes in order, in at most `pieces.size()` pieces and about `bytes_max` bytes.
    // Returns the pieces used.
    std::size_t gather(std::span<iovec> pieces, std::size_t bytes_max) const;
    void consume(std::size_t bytes);  // the kernel took these
    void block() { blocked_ = true; }
    void unblock();  // the socket may take more: lists it for the next write

    // For tests: the frames still owed, in order.
    template <class Visit>
    void each_frame(Visit visit) const;

 private:
    friend class Audience;
    friend class Hub;
    friend class Lane;

    void push(Batch& batch, std::uint32_t first, std::uint32_t last);
    void pop();
    // Cuts publication frames that are not committed, newest first, until at most this much is
    // left. Returns the frames cut.
    std::uint32_t cut(std::uint32_t messages_max, std::size_t bytes_max);
    void cut_slice(Slice& slice, std::uint32_t keep);
    void discard();  // everything, at the end of the connection: publications count as left
    void compact();  // copies what is owed when it pins much more
    Batch* copy_frame(const Slice& from, std::uint32_t frame, Batch* copy);
    void adopt(Batch* copy);
    bool over(const OutboxPolicy& policy) const {
        return messages_ > policy.messages_max || message_bytes_ > policy.bytes_max;
    }
    void forget_empty_slices();

    Lane& lane_;
    Door& door_;
    Slice* head_ = nullptr;
    Slice* tail_ = nullptr;
    Session* session_ = nullptr;
    std::size_t message_bytes_ = 0;
    std::size_t reply_bytes_ = 0;
    std::size_t pinned_bytes_ = 0;
    std::uint32_t messages_ = 0;
    bool blocked_ = false;
};

template <class Visit>
void Outbox::each_frame(Visit visit) const {
    for (const Slice* slice = head_; slice != nullptr; slice = slice->next) {
        const auto base = slice->batch->begin_of(slice->first);
        for (auto frame = slice->first; frame < slice->last; ++frame) {
            if (slice->batch->frames[frame].end - base <= slice->sent) continue;
            visit(slice->batch->view(frame, frame + 1), slice->batch->reply);
        }
    }
}

}  // namespace carillon::hub
