// hub/testing_spread.h: for tests only: patterns in one word, and a client in this process: it reads
// references, as many as it is told, and does what the test wants with each.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/in_process.h"
#include "hub/testing_hub.h"

namespace carillon::hub::testing {

inline Pattern levels(std::string_view text) {
    auto parsed = Pattern::parse(Pattern::Kind::levels, text);
    ASSERT(parsed);
    return *std::move(parsed);
}
inline Pattern glob(std::string_view text) {
    auto parsed = Pattern::parse(Pattern::Kind::glob, text);
    ASSERT(parsed);
    return *std::move(parsed);
}

// What happens to who cannot keep up, in short.
inline OutboxPolicy policy_of(OutboxPolicy::OnFull on_full, std::uint32_t messages_max) {
    return {.messages_max = messages_max, .on_full = on_full};
}
inline OutboxPolicy waits(std::uint32_t messages_max) {
    return policy_of(OutboxPolicy::OnFull::wait, messages_max);
}

class Reader final : public Subscriber, public Door {
 public:
    static constexpr std::size_t unlimited = std::size_t{1} << 40;

    explicit Reader(TestHub& home, unsigned lane = 0, OutboxPolicy policy = {})
        : house(home), outbox(home.lane(lane), *this) {
        session =
            house.hub.open(house.app, house.lane(lane), outbox, *this, policy, format()).session;
    }
    ~Reader() { close(); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    // One format for all: one audience.
    static const InProcessFormat& format() {
        static const InProcessFormat it;
        return it;
    }

    void write(Outbox& box) override {
        ++writes;
        ASSERT(!box.empty() && !box.blocked());
        for (auto left = std::min(room, share); left != 0 && !box.empty(); --left) {
            ASSERT(box.front_count() != 0);  // whoever is not empty has something to read
            const auto delivery = box.front_delivery(0);
            const PublicationRef publication = box.front(0).publication;
            ASSERT(publication.get() == &delivery.publication);
            std::string line(delivery.channel);
            line += ':';
            line += publication->body();
            if (const auto offset = delivery.stamp.position.offset; offset != 0) {
                line += '@' + std::to_string(offset);
            }
            box.consume_front(1);
            --room;
            heard.push_back(line);
            references.push_back(publication);
            if (on_heard) on_heard(line);
        }
        if (room == 0 && !box.empty()) box.block();
    }
    std::size_t write_now(std::string_view) override {
        ASSERT(false);  // there are no bytes to write
        return 0;
    }
    void give_up() override { ++given_up; }
    void on_close(CloseReason why) override { goodbyes.push_back(why); }

    void close() {
        if (session != nullptr)
            house.hub.close(*std::exchange(session, nullptr), CloseReason::peer);
    }
    Joined join(std::string_view channel, const JoinOptions& options = {}) {
        return house.hub.subscribe(*session, channel, format(), options, house.now());
    }
    Joined join(const Pattern& pattern, const JoinOptions& options = {}) {
        return house.hub.subscribe(*session, pattern, format(), options, house.now());
    }
    Joined join_group(std::string_view channel, std::string_view group = "g") {
        return join(channel, {.group = group});
    }
    Outcome leave(std::string_view channel) {
        return house.hub.unsubscribe(*session, channel, house.now());
    }
    Outcome leave(const Pattern& pattern) {
        return house.hub.unsubscribe(*session, pattern, house.now());
    }
    // May read so many more.
    void read(std::size_t publications = unlimited) {
        room = publications;
        outbox.unblock();
    }
    std::vector<std::string> take() {
        references.clear();
        return std::exchange(heard, {});
    }

    TestHub& house;
    Outbox outbox;
    Session* session = nullptr;
    std::size_t room = unlimited;
    std::size_t share = unlimited;           // in one write
    std::vector<std::string> heard;          // channel:body, and @offset if it is kept
    std::vector<PublicationRef> references;  // to these
    std::function<void(const std::string& line)> on_heard;
    std::vector<CloseReason> goodbyes;
    int writes = 0;
    int given_up = 0;
};

inline Joined join(TestClient& client, const Pattern& pattern, const Encoder& format,
                   const JoinOptions& options = {}) {
    return client.house.hub.subscribe(*client.session, pattern, format, options,
                                      client.house.now());
}
inline Joined join(TestClient& client, const Pattern& pattern) {
    return join(client, pattern, client.house.lines);
}
inline Outcome leave(TestClient& client, const Pattern& pattern) {
    return client.house.hub.unsubscribe(*client.session, pattern, client.house.now());
}

}  // namespace carillon::hub::testing
