// A schedule's clients: what their sockets take, and what they do when they are written to.
#include <algorithm>

#include "base/assert.h"
#include "hub/testing_play.h"

namespace carillon::hub::testing {

SeenOutbox Play::seen_in(const Client& client) {
    SeenOutbox all;
    const auto& outbox = client.outbox;
    all.frames.reserve(outbox.messages() + 4);
    calls_.glance = true;
    outbox.each_frame([&](std::string_view bytes, bool is_reply) {
        all.frames.emplace_back(read_frame(bytes, false), is_reply);
    });
    calls_.glance = false;
    all.empty = outbox.empty();
    all.messages = outbox.messages();
    all.bytes = outbox.bytes();
    all.reply_bytes = outbox.reply_bytes();
    return all;
}

// As edge does: until the socket takes no more or its share is used up.
void Client::write(Outbox& box) {
    ASSERT(&box == &outbox && !box.empty());
    play.model().at_door(*model, play.seen_in(*this));
    auto budget = std::min(share, 1 + play.pick(200'000));
    while (send_front(budget)) continue;
    if (room == 0) {
        model->blocked = true;
        outbox.block();
    }
    play.read_on(*this);
}

bool Client::send_front(std::size_t& budget) {
    if (outbox.empty() || budget == 0 || room == 0) return false;
    std::array<iovec, 8> pieces{};
    // A socket may take a whole frame and no byte of the next.
    const bool one = !play.resting() && !model->owed.empty() && play.pick(12) == 0;
    const auto at_most =
        one ? model->owed.front().bytes - model->owed.front().sent : 1 + play.pick(200'000);
    const auto used = outbox.gather({pieces.data(), 1 + play.pick(pieces.size())},
                                    std::min({room, budget, at_most}));
    std::string bytes;
    for (std::size_t i = 0; i < used; ++i) {
        bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    }
    play.say("  writes " + std::to_string(bytes.size()) + " to " + std::to_string(model->index));
    play.model().expect(!bytes.empty(), "a queue that is not empty has nothing for its door",
                        model);
    if (bytes.empty()) return false;
    outbox.consume(bytes.size());
    room -= bytes.size();
    budget -= bytes.size();
    if (one) room = 0;
    play.model().sent(*model, bytes);
    return !play.model().failed();
}

std::size_t Client::write_now(std::string_view frames) {
    ASSERT(outbox.empty() && !outbox.blocked());
    play.model().written_at_once(*model, frames);
    const auto taken = std::min({room, share, frames.size()});
    play.say("  writes " + std::to_string(taken) + " at once to " + std::to_string(model->index));
    room -= taken;
    play.model().sent(*model, frames.substr(0, taken));
    if (taken < frames.size()) {
        model->blocked = true;
        outbox.block();
    }
    return taken;
}

void Client::on_close(CloseReason why) {
    play.say("  goodbye to " + std::to_string(model->index));
    play.model().said_goodbye(*model, why);
    if (play.pick(2) == 0) play.reply(*this);
    if (play.pick(3) == 0) play.close(*this, why);
}

void Play::read_on(Client& client) {
    if (resting_ || random_.below(6) != 0) return;
    ++sightings_.read_on_in_a_write;
    operate_as(client, random_.below(24));
}

}  // namespace carillon::hub::testing
