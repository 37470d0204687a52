// hub/testing_frames.h: for tests only: frames that can be found and checked in a stream of bytes.
//   frame := size(4) kind(1) format(1) name_bytes(1) member_bytes(1) unix_ms(8) epoch(8) offset(8)
//            body_bytes(4) unused(4) name member body padding checksum(4)
// `size` counts all of it. A test gives every call to the hub a time of its own, so (time, kind,
// name, member) says which publication a frame is of. A reply is a frame too: its time is its
// number. The body of a gap's notice is a number.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "hub/encoder.h"

namespace carillon::hub::testing {

inline constexpr std::uint8_t reply_kind = 9;

struct FrameHead {
    std::uint32_t size = 0;
    std::uint8_t kind = 0;
    std::uint8_t format = 0;
    std::uint8_t name_bytes = 0;
    std::uint8_t member_bytes = 0;
    std::int64_t unix_ms = 0;
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;
    std::uint32_t body_bytes = 0;
    std::uint32_t unused = 0;
};
inline constexpr std::size_t checksum_bytes = 4;

inline std::uint32_t checksum_of(std::string_view bytes) {
    std::uint64_t sum = 0x9e3779b97f4a7c15ULL;
    while (!bytes.empty()) {
        std::uint64_t word = 0;
        const auto n = bytes.size() < 8 ? bytes.size() : 8;
        std::memcpy(&word, bytes.data(), n);
        sum = (sum ^ word) * 0xff51afd7ed558ccdULL;
        sum ^= sum >> 29;
        bytes.remove_prefix(n);
    }
    return static_cast<std::uint32_t>(sum);
}

// `glance`: as long as it would be, but nobody reads the body.
inline void append_frame(base::Buffer& out, FrameHead head, std::string_view name,
                         std::string_view member, std::string_view body, std::size_t padding,
                         bool glance = false) {
    head.name_bytes = static_cast<std::uint8_t>(name.size());
    head.member_bytes = static_cast<std::uint8_t>(member.size());
    head.body_bytes = static_cast<std::uint32_t>(body.size());
    const auto bytes = sizeof head + name.size() + member.size() + body.size() + padding;
    head.size = static_cast<std::uint32_t>(bytes + checksum_bytes);
    const auto begin = out.size();
    out.append({reinterpret_cast<const char*>(&head), sizeof head});
    out.append(name);
    out.append(member);
    if (glance) {
        const auto rest = head.size - (out.size() - begin);
        out.prepare(rest);
        return out.commit(rest);
    }
    out.append(body);
    std::memset(out.prepare(padding), '.', padding);
    out.commit(padding);
    const auto sum = checksum_of(out.view(begin, out.size()));
    out.append({reinterpret_cast<const char*>(&sum), sizeof sum});
}

// One frame as it was read. A copy: a replay's frames are made only to be looked at.
struct SeenFrame {
    FrameHead head;
    std::string name;
    std::string member;
    std::string body;     // of the notice of a gap
    bool intact = false;  // complete, and its checksum is right (where it was asked for)
};

// `bytes` is one frame, as far as its first four bytes say.
inline SeenFrame read_frame(std::string_view bytes, bool check_sum) {
    SeenFrame seen;
    if (bytes.size() < sizeof seen.head + checksum_bytes) return seen;
    std::memcpy(&seen.head, bytes.data(), sizeof seen.head);
    if (seen.head.size != bytes.size()) return seen;
    if (sizeof seen.head + seen.head.name_bytes + seen.head.member_bytes > bytes.size()) {
        return seen;
    }
    seen.name = bytes.substr(sizeof seen.head, seen.head.name_bytes);
    seen.member = bytes.substr(sizeof seen.head + seen.head.name_bytes, seen.head.member_bytes);
    if (seen.head.kind == static_cast<std::uint8_t>(Kind::gap)) {
        seen.body = bytes.substr(sizeof seen.head, seen.head.body_bytes);
    }
    seen.intact = true;
    if (check_sum) {
        std::uint32_t sum = 0;
        std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
        seen.intact = sum == checksum_of(bytes.substr(0, bytes.size() - sizeof sum));
    }
    return seen;
}

// What a format was asked to encode.
struct EncoderCall {
    std::uint8_t format;
    std::int64_t unix_ms;
    Kind kind;
    std::string name;
    std::string member;
    std::size_t batch_before;  // bytes in the batch, before and after
    std::size_t batch_after;
};

struct EncoderCalls {
    bool noted = false;   // while a lane takes
    bool glance = false;  // while a test looks into an outbox
    std::vector<EncoderCall> all;
};

// What a format shows.
struct Shows {
    bool members = true;
    bool gaps = true;
    bool rarely = false;  // of the messages one in four
};

class FrameFormat final : public Encoder {
 public:
    // `fat`: its frames are three times the body, so that a batch's size is not what its items say.
    FrameFormat(std::uint8_t id, Shows shows, bool fat, EncoderCalls& calls)
        : id_(id), shows_(shows), fat_(fat), calls_(calls) {}

    std::uint8_t id() const { return id_; }
    bool shows(Kind kind, std::int64_t unix_ms) const {
        switch (kind) {
            case Kind::message:
                return !shows_.rarely || unix_ms % 4 == 0;
            case Kind::gap:
                return shows_.gaps;
            default:
                return shows_.members;
        }
    }
    std::size_t frame_bytes(std::size_t name, std::size_t member, std::size_t body) const {
        return sizeof(FrameHead) + name + member + body + padding_of(body) + checksum_bytes;
    }
    bool encode(const Delivery& delivery, base::Buffer& out) const override {
        const auto& publication = delivery.publication;
        const auto& stamp = delivery.stamp;
        const auto before = out.size();
        if (shows(publication.kind(), stamp.unix_ms)) {
            FrameHead head;
            head.kind = static_cast<std::uint8_t>(publication.kind());
            head.format = id_;
            head.unix_ms = stamp.unix_ms;
            head.epoch = stamp.position.epoch;
            head.offset = stamp.position.offset;
            append_frame(out, head, delivery.channel, publication.member(), publication.body(),
                         padding_of(publication.body().size()), calls_.glance);
        }
        if (calls_.noted) {
            calls_.all.push_back({id_, stamp.unix_ms, publication.kind(),
                                  std::string(delivery.channel), std::string(publication.member()),
                                  before, out.size()});
        }
        return out.size() != before;
    }

 private:
    std::size_t padding_of(std::size_t body) const { return fat_ ? 2 * body : 0; }

    std::uint8_t id_;
    Shows shows_;
    bool fat_;
    EncoderCalls& calls_;
};

}  // namespace carillon::hub::testing
