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
    if (finish_record()) {
        while (send_front(budget)) continue;
    }
    if (room == 0 && !outbox.blocked()) {
        model->blocked = true;
        outbox.block();
    }
    play.read_on(*this);
}

namespace {
const void* address_of_front(const Outbox& outbox) {
    iovec piece{};
    return outbox.gather({&piece, 1}, 1) != 0 ? piece.iov_base : nullptr;
}
}  // namespace

void Client::begin_record(std::string_view offered) {
    record = offered.substr(0, 1 + play.pick(play.pick(3) == 0 ? 16'384 : 300));
    play.say("  " + std::to_string(record.size()) + " are on their way to " +
             std::to_string(model->index));
    play.model().committed(*model, record.size());
    outbox.block(record.size());
}

bool Client::finish_record() {
    if (record.empty()) return true;
    std::string again(record.size(), '\0');
    again.resize(outbox.copy_front(again));
    play.model().expect(again == record, "other bytes are offered than those on their way", model);
    if (play.model().failed()) return false;
    if (std::exchange(record_at, address_of_front(outbox)) != address_of_front(outbox)) {
        ++play.sightings().records_moved;
    }
    if (room == 0 || (!play.resting() && play.pick(3) == 0)) {
        ++play.sightings().records_blocked_again;
        play.model().committed(*model, record.size());
        outbox.block(record.size());
        return false;
    }
    play.say("  a record of " + std::to_string(record.size()) + " goes to " +
             std::to_string(model->index));
    room -= std::min(room, record.size());
    outbox.consume(record.size());
    play.model().sent(*model, std::exchange(record, {}));
    return !play.model().failed();
}

bool Client::send_front(std::size_t& budget) {
    if (outbox.empty() || budget == 0 || room == 0) return false;
    if (encrypts && !play.resting() && play.pick(4) == 0) {
        std::string offered(16'384, '\0');
        offered.resize(outbox.copy_front(offered));
        begin_record(offered);
        record_at = address_of_front(outbox);
        return false;
    }
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
    auto taken = std::min({room, share, frames.size()});
    if (encrypts && play.pick(2) == 0) taken = std::min(taken, play.pick(frames.size()));
    play.say("  writes " + std::to_string(taken) + " at once to " + std::to_string(model->index));
    room -= taken;
    play.model().sent(*model, frames.substr(0, taken));
    if (taken == frames.size()) return taken;
    if (encrypts && play.pick(3) != 0) {
        ++play.sightings().records_at_once;
        begin_record(frames.substr(taken));
        record_at = frames.data() + taken;
    } else {
        model->blocked = true;
        outbox.block();
    }
    return taken;
}

void Client::give_up() { play.give_up(*this); }

void Client::on_close(CloseReason why) {
    play.say("  goodbye to " + std::to_string(model->index));
    play.model().said_goodbye(*model, why);
    if (play.pick(2) == 0) play.reply(*this);
    if (play.pick(3) == 0) play.close(*this, why);
}

void Play::read_on(Client& client) {
    if (resting_ || random_.below(6) != 0) return;
    ++sightings_.read_on_in_a_write;
    // Whose front became nothing in this flush was not written to: that is not known yet.
    for (auto& other : clients_) {
        if (!other->model->blocked && other->outbox.empty()) model_.open_front(*other->model);
    }
    operate_as(client, random_.below(24));
}

}  // namespace carillon::hub::testing
