// server/testing_speakers.h: for tests only: how a client and a backend of each protocol say what the
// conformance suite wants said. One small adapter per protocol; the suite knows none by name.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "edge/testing_client.h"

namespace carillon::server::testing {

using edge::testing::Client;
using edge::testing::Frame;
using edge::testing::Opcode;

class Speaker {
 public:
    Speaker() = default;
    Speaker(const Speaker&) = delete;
    Speaker& operator=(const Speaker&) = delete;
    virtual ~Speaker() = default;

    virtual std::string_view protocol() const = 0;  // protocol::Protocol::name()
    virtual std::string_view path() const = 0;      // where its clients upgrade
    // Right after the upgrade: until it may join.
    virtual void introduce(Client& client) const = 0;
    // Joins, and sees that it has.
    virtual void join(Client& client, std::string_view channel) const = 0;
    // Wishes to join what it may not, and is told so, or not, in the protocol's way. It goes on.
    virtual void join_in_vain(Client& client, std::string_view channel) const = 0;
    virtual void leave(Client& client, std::string_view channel) const = 0;
    // The text that a delivery brings; what is no delivery fails the test.
    virtual std::string text_in(const Frame& frame) const = 0;
    // A backend's request that publishes this text, which is digits: a number where there are
    // numbers. Its answer is a 200.
    virtual std::string publish_request(std::string_view channel, std::string_view text) const = 0;

    // What it does with a client that cannot keep up: closes it, or lets it miss something.
    virtual bool closes_the_slow() const = 0;
    // A name it refuses for its length alone.
    virtual std::size_t too_long_a_name() const = 0;
};

inline void PrintTo(const Speaker* speaker, std::ostream* out) { *out << speaker->protocol(); }

// All that there are.
std::span<const Speaker* const> speakers();

// The server has read whatever this client said, and whatever it answered is here.
void see_all_is_read(Client& client);

}  // namespace carillon::server::testing
