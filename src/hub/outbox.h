// hub/outbox.h: one client's queue of slices: ranges of frames in batches, first in first out, for
// everything the client is sent. Two pointers when empty. It lives in its connection (edge),
// belongs to its lane, knows no socket.
//
// Committed: the rest of a frame whose first bytes the kernel has, and what the door says is half on
// its way (block). No frame with a byte of that is dropped, and nothing goes before it. Replies are
// never dropped either; a connection with too many unsent ones is not read (edge). Nor is a replay:
// it had room when it was promised.
#pragma once

#include <sys/uio.h>

#include <array>
#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "hub/batch.h"
#include "hub/outcome.h"
#include "hub/ports.h"
#include "hub/replay.h"

namespace carillon::hub {

class Lane;
class Session;

// What happens to a client that cannot keep up. Judged after a write, on what remains.
struct OutboxPolicy {
    enum class OnFull : std::uint8_t {
        drop_newest,  // the newest whole frames go until it fits
        drop_oldest,  // the oldest whole frames go until it fits
        close,        // everything uncommitted goes, Subscriber::on_close(slow) says goodbye
        // Publishers in this process and outside every loop wait until it has room (Hub::publish
        // with Patience); for the others it is drop_newest. Its bytes are not bounded by the
        // policy. For a session with one subscription, whose format is by reference and shows
        // messages only.
        wait,
    };
    std::uint32_t messages_max = 1000;
    std::size_t bytes_max = 8 * 1024 * 1024;
    OnFull on_full = OnFull::close;
    // Where frames were dropped the client finds one of Kind::gap, if its format shows such.
    bool gap_notice = false;
};

struct Slice {
    Batch* batch;  // null: a LateSlice
    Slice* next;
    std::uint32_t first;  // frames [first, last) of the batch
    std::uint32_t last;
    std::uint32_t sent;    // bytes of it that the kernel has
    std::uint32_t pinned;  // bytes of the batch, if this is its first slice here; else 0

    std::size_t bytes() const { return batch->frames[last - 1].end - batch->begin_of(first); }
};

// What becomes frames only when it reaches the front: a replay, or the notice of a gap.
struct LateSlice : Slice {
    std::unique_ptr<Replay> replay;  // null: a gap notice
    std::uint64_t dropped = 0;       // what the notice will say
};

// Slices are made and freed at the rate of deliveries: a free list, never the allocator once warm.
class SlicePool {
 public:
    SlicePool() = default;
    SlicePool(const SlicePool&) = delete;
    SlicePool& operator=(const SlicePool&) = delete;
    ~SlicePool();
    Slice* take();
    LateSlice* take_late();
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
    Outbox(Lane& lane, Door& door) : door_(door), lane_(lane) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox();  // discards what is left; its session was closed before

    bool empty() const { return head_ == nullptr; }
    // Publications that wait, encoded or not, and the unsent bytes of those that are.
    std::uint32_t messages() const { return live().messages + replay().messages; }
    std::uint32_t live_messages() const { return live().messages; }
    std::size_t bytes() const { return live().bytes + replay().bytes; }
    std::size_t reply_bytes() const { return debt_[index_of(Source::reply)].bytes; }
    bool blocked() const { return blocked_; }
    // Whether there is something to write now: what comes first is not being fetched.
    bool has_front() const { return head_ != nullptr && head_->batch != nullptr; }
    // What it keeps in memory for itself: also what was sent of a frame that is not complete.
    std::size_t held_bytes() const { return bytes() + reply_bytes() + (empty() ? 0 : head_->sent); }
    bool replays() const { return replay().messages != 0; }

    // For the door.
    // The unsent bytes in order, in at most `pieces.size()` pieces and about `bytes_max` bytes.
    // Returns the pieces used.
    std::size_t gather(std::span<iovec> pieces, std::size_t bytes_max) const;
    // The first unsent bytes, as many as fit, copied one behind the other. Returns how many.
    std::size_t copy_front(std::span<char> into) const;
    void consume(std::size_t bytes);  // the kernel took these, and with them what was committed
    // For a door in this process, whose format is by reference: how many publications wait in one
    // piece at the front, and the n-th of them; valid until the hub is called.
    std::uint32_t front_count() const { return has_front() ? head_->last - head_->first : 0; }
    const Batch::Reference& front(std::uint32_t n) const {
        return head_->batch->references[head_->first + n];
    }
    Delivery front_delivery(std::uint32_t n) const {
        return head_->batch->delivery(head_->first + n);
    }
    void consume_front(std::uint32_t count);  // so many of these were heard
    // `committed`: so many of the first unsent bytes are half on their way in another shape (a TLS
    // record): they stay, and are offered again first. In Door::write_now these are the first bytes
    // that it did not take.
    void block(std::size_t committed = 0) {
        blocked_ = true;
        committed_ = static_cast<std::uint32_t>(committed);
    }
    void unblock();  // the socket may take more: lists it for the next write

    // For tests: the frames still owed, in order, those of a replay too; and whether it is a reply.
    void each_frame(const std::function<void(std::string_view, bool)>& visit) const;

 private:
    friend class Audience;
    friend class Hub;
    friend class Lane;
    struct Debt {
        std::uint32_t messages = 0;  // frames of which the kernel has not all; replies count too
        std::size_t bytes = 0;       // unsent
    };

    void push(Batch& batch, std::uint32_t first, std::uint32_t last);
    void push(std::unique_ptr<Replay> missed);
    void append(Slice& slice);
    void forward(std::size_t bytes);
    void pop();
    void discard();  // everything, at the end of the connection: publications count as left
    // Copies what it holds, if more than four times as much and `spare` bytes are pinned for it.
    void compact(std::size_t spare = limits::batch_bytes_max);
    Batch* copy_frame(const Slice& from, std::uint32_t frame, Batch* copy);
    void adopt(Batch* copy);
    Slice& slice_of(Batch& batch);  // the whole of it; the batch's one holder is now this slice

    // The front of the queue becomes frames, if it is not yet: before the door looks (outbox_late).
    // Afterwards has_front(), or it is empty, or it is being fetched.
    void open_front();
    Batch* encode_page(Replay& replay, Replay::Next& last);
    void give_up_replay(const Replay& replay);
    Batch* encode_gap(std::uint64_t dropped);
    void add_late_bytes(std::size_t bytes);
    void subtract_late_bytes(std::size_t bytes);
    bool has_room_for(const Replay& replay, const OutboxPolicy& policy) const;

    // Whether the live frames are more than the policy allows, and what it says about it: cuts them
    // until they fit, all but committed ones. Returns how many (outbox_cut).
    bool over(const OutboxPolicy& policy) const {
        return live().messages > policy.messages_max ||
               (live().bytes > policy.bytes_max && policy.on_full != OutboxPolicy::OnFull::wait);
    }
    std::uint32_t cut_newest(const OutboxPolicy& policy);
    std::uint32_t cut_oldest(const OutboxPolicy& policy);
    std::uint32_t cut_all();  // replays and notices too: only what is committed and replies stay
    // What it was offered as a member of this group and did not hear: it goes to another member.
    std::vector<Batch::Reference> cut_group(const Group& group, std::vector<std::string>& names);
    void cut_slice(Slice& slice, std::uint32_t keep, bool dropped = true);
    Slice** split_committed();
    void split(Slice& slice, std::size_t bytes);
    void forget_empty_slices();
    void note_gap(Slice** at, std::uint32_t dropped);

    static std::size_t index_of(Source source) { return static_cast<std::size_t>(source); }
    Debt& debt(Source source) { return debt_[index_of(source)]; }
    const Debt& live() const { return debt_[index_of(Source::live)]; }
    const Debt& replay() const { return debt_[index_of(Source::replay)]; }

    // What a direct walk looks at comes first: it belongs into one cache line.
    Door& door_;
    Slice* head_ = nullptr;
    bool blocked_ = false;
    bool parked_ = false;          // on the lane's list of those who are
    std::uint32_t committed_ = 0;  // by the last block(), until more is consumed
    Lane& lane_;
    Slice* tail_ = nullptr;
    Session* session_ = nullptr;
    std::array<Debt, 3> debt_{};  // by source
    std::size_t late_bytes_ = 0;  // of replays, not encoded yet
    std::size_t pinned_bytes_ = 0;
};

}  // namespace carillon::hub
