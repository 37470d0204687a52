// hub/testing_threads_record.h: for tests only: what is written down while a hub runs on real
// threads, to be judged when all is over (property_threads_streams_test.cpp). Each part has one
// writer at a time: a publisher, a client's lane, or whoever holds the channel's lock; so no lock
// of the test's own hides a race of the hub's.
//   frame := Head fill checksum(4)
// A publication's body says who made which attempt; all else about it is in the publisher's list.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "hub/encoder.h"
#include "hub/outcome.h"
#include "hub/ports.h"

namespace carillon::hub::threads {

inline constexpr unsigned lanes = 3;
inline constexpr unsigned outside_publishers = 2;
inline constexpr unsigned publishers = outside_publishers + lanes;  // a lane's clients speak as one

struct Place {
    std::string_view name;
    bool kept;
    bool observed;  // someone on each lane hears it from the first moment to the last
    bool presence;
};
inline constexpr std::array<Place, 8> places = {{{"news", false, true, false},
                                                 {"room", false, true, true},
                                                 {"lonely", false, false, false},
                                                 {"lonely-room", false, false, true},
                                                 {"kept-news", true, true, false},
                                                 {"kept-room", true, true, true},
                                                 {"kept-lonely", true, false, false},
                                                 {"kept-rare", true, false, true}}};
inline constexpr unsigned channels = places.size();
inline constexpr std::uint8_t no_channel = 255;

inline std::uint8_t channel_named(std::string_view name) {
    for (std::uint8_t i = 0; i < channels; ++i) {
        if (places[i].name == name) return i;
    }
    return no_channel;
}
inline std::string member_named(unsigned number) { return "u" + std::to_string(number); }
inline unsigned number_of(std::string_view member) {
    return static_cast<unsigned>(std::stoul(std::string(member.substr(1))));
}

enum class Tag : std::uint8_t {
    message,  // as hub::Kind
    joined,
    left,
    gap,
    join_reply,
    leave_reply,
    leave_all_reply,
    bye,  // nothing is published to this client any more
    other_reply,
};

// A frame as the client sees it: a publication, or a reply (whose fields are in brackets).
struct Head {
    std::uint32_t size = 0;  // of the frame
    Tag tag{};
    std::uint8_t channel = no_channel;
    bool shows_members = true;
    Recovery recovery{};       // [join]
    std::uint32_t who = 0;     // publisher or member; [join: member + 1, 0: not present]
    std::uint32_t number = 0;  // attempt; gap: how many; [join: how many are replayed]
    std::int64_t unix_ms = 0;  // of the stamp
    Position position{};       // of the stamp; [join: the answer's]
    Position asked{};          // [join]
    std::uint64_t roster = 0;  // [join: a bit for each member]
};
std::string frame_of(Head head, std::size_t fill_bytes);

struct Format final : Encoder {
    Format(bool shows, std::size_t f) : shows_members(shows), fatness(f) {}
    bool encode(const Delivery& delivery, base::Buffer& out) const override;
    const bool shows_members;
    const std::size_t fatness;  // times the body
};

// What one client was sent, and what it did. Its lane writes.
struct Stream {
    void take(std::string_view bytes);

    unsigned lane = 0;
    std::uint64_t session = 0;
    bool observer = false;
    bool may_be_dropped = false;
    bool notices = false;
    std::vector<Head> heard;
    std::uint64_t publications = 0;
    std::string rest;  // of a frame, so far
    bool broken = false;
    std::vector<CloseReason> goodbyes;
    bool ended = false;  // Hub::end was called while it was open
    bool said_bye_itself = false;
    unsigned rests = 0;  // the number of the last rest at which it was there and read all
};

// The name of a publication.
struct Said {
    std::uint32_t publisher = 0;
    std::uint32_t attempt = 0;
    friend bool operator==(const Said&, const Said&) = default;
};
struct Attempt {
    std::uint64_t exclude = 0;
    std::uint64_t to = 0;       // for one session
    std::uint8_t channels = 0;  // a bit for each
    bool accepted = false;
    std::uint64_t matched = 0;
};

// A kept channel from the first publication until nothing of it remains.
struct Life {
    struct Entry {
        Said said;
        Stamp stamp;
    };
    std::uint8_t channel;
    std::vector<Entry> entries;
    unsigned calls = 0;
};

struct HostNote {
    HostEvent::Kind kind;
    unsigned member;
};

PublicationRef make_publication(Said said, std::size_t fill_bytes, SessionId origin,
                                SessionId exclude);
Said said_in(const Publication& publication);

// Keeps the newest `room` of each kept channel, and lets go of what is older than a moment.
class Record final : public History, public HostEvents {
 public:
    explicit Record(std::size_t r) : room(r) {}
    Keeps keeps(const App&, std::string_view channel) const override {
        return channel.starts_with("kept") ? Keeps::here : Keeps::nothing;
    }
    std::unique_ptr<ChannelHistory> open(const App& app, std::string_view channel,
                                         std::uint64_t epoch) override;
    void swept(Now) override {}
    bool wants(HostEvent::Kind kind, const App&) const override {
        return kind < HostEvent::Kind::count_changed;
    }
    void record(const HostEvent& event) override;

    const std::size_t room;
    std::atomic<std::int64_t> forget_before_ns{0};

    std::array<std::vector<Attempt>, publishers> attempts;
    std::array<std::vector<std::unique_ptr<Stream>>, lanes> streams;
    std::array<std::vector<HostNote>, channels> host_notes;  // under the channel's lock
    // Of channels that are not among the places: races run there.
    std::atomic<unsigned> members_added{0};
    std::atomic<unsigned> members_removed{0};
    // The list under its mutex, a life under its channel's.
    std::vector<std::unique_ptr<Life>> lives;

 private:
    std::mutex lives_mutex_;
};

// What was seen to happen: a property of something that never happens proves nothing.
struct Sightings {
    void note(const Stream& stream, std::uint64_t holes_in_it, std::uint64_t gaps_in_it);
    std::string text() const;

    std::uint64_t rounds = 0;
    std::array<std::uint64_t, recoveries> recovered{};  // by answer
    std::uint64_t replayed = 0;
    std::uint64_t heard = 0;
    std::uint64_t holes = 0;
    std::uint64_t gaps = 0;
    std::uint64_t refused = 0;
    std::array<std::uint64_t, close_reasons> goodbyes{};  // by why
    std::uint64_t member_events = 0;
    std::uint64_t refused_at_a_limit = 0;
};

}  // namespace carillon::hub::threads
