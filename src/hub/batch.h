// hub/batch.h: consecutive frames of one audience (or replies, or a replay), each with its end and its number
// in the lane's sequence. Appended to while open, immutable once offered, held by a plain count of
// its lane. Belongs to one lane, as does the pool; never locked.
//
// In a batch by reference a frame is a publication and has no bytes. Its "end" says what it costs
// while it waits, so that every bound on bytes is one on references too.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "hub/encoder.h"
#include "hub/group.h"
#include "hub/publication.h"

namespace carillon::hub {

// What a batch's frames are. Whether they may be dropped, and where they are counted, depends on it.
enum class Source : std::uint8_t {
    live,    // publications as they come: the outbox's policy applies to them
    reply,   // for one client; never dropped
    replay,  // publications a joiner missed; never dropped, or `recovered` would be wrong
};

struct Batch {
    struct Frame {
        std::uint64_t number;  // in the lane's sequence; 0 in a reply
        std::uint32_t end;     // where its bytes end
    };
    // A frame by reference.
    struct Reference {
        PublicationRef publication;
        Stamp stamp;
        std::uint32_t name_at;  // its channel's name, in `bytes`
        std::uint32_t name_bytes;
    };
    base::Buffer bytes;
    std::vector<Frame> frames;
    std::vector<Reference> references;  // one for each frame, if it is by reference
    Batch* next = nullptr;              // in an audience's chain, or the pool
    std::uint32_t holders = 0;          // slices, and the audience while it offers
    std::uint32_t charged = 0;          // what the pool counts for it
    Source source = Source::live;
    bool open = false;  // an audience's newest: who holds it may come to pin 64 KB
    bool by_reference = false;
    GroupRef group{};  // whose turn its holder had; null: none, or it has bytes

    std::uint32_t frame_count() const { return static_cast<std::uint32_t>(frames.size()); }
    std::uint32_t begin_of(std::uint32_t frame) const {
        return frame == 0 ? 0 : frames[frame - 1].end;
    }
    std::size_t size() const {
        if (!by_reference) return bytes.size();
        return frames.empty() ? 0 : frames.back().end;
    }
    // Appends the delivery's frame in this format, with its number; false: the format shows none.
    // One batch, one kind of format.
    bool append(const Encoder& format, const Delivery& delivery, std::uint64_t number);
    void append(Reference reference, std::string_view name, std::uint64_t number);
    Delivery delivery(std::uint32_t frame) const {  // by reference only
        const auto& reference = references[frame];
        return {*reference.publication,
                bytes.view(reference.name_at, reference.name_at + reference.name_bytes),
                reference.stamp};
    }
    std::string_view view(std::uint32_t first, std::uint32_t last) const {
        return bytes.view(begin_of(first), begin_of(last));
    }
    // The first frame that an entry with this `after` may hear; frame_count() if none.
    std::uint32_t first_after(std::uint64_t after) const;
    // For tests: its bytes, or by reference the body.
    std::string_view shown(std::uint32_t frame) const {
        return by_reference ? references[frame].publication->body() : view(frame, frame + 1);
    }
    void close_frame(std::uint64_t number) {
        frames.push_back({number, static_cast<std::uint32_t>(bytes.size())});
    }
};

class BatchPool {
 public:
    BatchPool() = default;
    BatchPool(const BatchPool&) = delete;
    BatchPool& operator=(const BatchPool&) = delete;
    ~BatchPool();

    // `bytes`: what is about to be written, as far as known. Comes with one holder.
    Batch* take(std::size_t bytes, bool by_reference = false);
    void hold(Batch& batch) { ++batch.holders; }
    void drop(Batch* batch);    // the last holder gives it back
    void charge(Batch& batch);  // after it grew
    void trim(Batch& batch);    // sealed and to be kept for a while: give back what it does not use
    std::size_t live_bytes() const { return live_bytes_; }
    std::size_t live_batches() const { return live_batches_; }
    std::size_t idle_bytes() const { return idle_bytes_; }

 private:
    static constexpr std::size_t small_bytes = 2 * 1024;
    static constexpr std::size_t idle_bytes_max =
        8 * 1024 * 1024;  // kept for re-use; the rest is freed
    struct Shelf {
        Batch* first = nullptr;
    };
    Shelf& shelf_for(std::size_t bytes) { return bytes <= small_bytes ? small_ : large_; }

    Shelf small_;
    Shelf large_;
    std::size_t live_bytes_ = 0;
    std::size_t live_batches_ = 0;
    std::size_t idle_bytes_ = 0;
};

}  // namespace carillon::hub
