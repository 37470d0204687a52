// The model's sums: whether the books agree with it, pair by pair; and what must hold when nothing
// is left to do.
#include <algorithm>

#include "hub/testing_model.h"

namespace carillon::hub::testing {

std::size_t Model::messages(const ModelClient& client) const {
    return static_cast<std::size_t>(
        std::count_if(client.owed.begin(), client.owed.end(),
                      [](const Owed& owed) { return owed.publication != nullptr; }));
}

// The unsent bytes of frames that are publications.
std::size_t Model::debt(const ModelClient& client) const {
    std::size_t bytes = 0;
    for (const auto& owed : client.owed) {
        if (owed.publication != nullptr && !owed.late) bytes += owed.bytes - owed.sent;
    }
    return bytes;
}

std::size_t Model::reply_debt(const ModelClient& client) const {
    std::size_t bytes = 0;
    for (const auto& owed : client.owed) {
        if (owed.publication == nullptr && !owed.late) bytes += owed.bytes - owed.sent;
    }
    return bytes;
}

std::size_t Model::live_debt(const ModelClient& client) const {
    std::size_t bytes = 0;
    for (const auto& owed : client.owed) {
        if (owed.live()) bytes += owed.bytes - owed.sent;
    }
    return bytes;
}

void Model::check_books(unsigned index, const BooksSnapshot& books) {
    const auto& lane = lanes_[index];
    std::uint64_t in_inbox = 0;
    for (const auto& item : lane.inbox) {
        in_inbox += item.to != nullptr ? 1 : item.matched.size();
    }
    std::uint64_t in_batches = 0;
    std::uint64_t in_outboxes = 0;
    for (const auto& client : clients_) {
        if (client.lane != index || client.gone) continue;
        for (const auto* membership : client.memberships) in_batches += membership->batch.size();
        in_outboxes += messages(client);
    }
    expect(books.accounted() == books.matched, "the books do not balance");
    expect(books.matched == lane.matched, "matched");
    expect(books.delivered == lane.delivered, "delivered");
    expect(books.filtered == lane.filtered, "filtered");
    expect(books.left == lane.left, "left");
    expect(books.dropped == lane.dropped, "dropped");
    expect(books.pending_inbox == in_inbox, "pending in the inbox");
    expect(books.pending_batch == in_batches, "pending in batches");
    expect(books.pending_outbox == in_outboxes, "pending in outboxes");
}

void Model::check_rest() {
    for (const auto& lane : lanes_) {
        expect(lane.inbox.empty(), "a lane sleeps over its inbox");
        expect(lane.unsettled.empty(), "a lane sleeps over a departure");
        expect(lane.doomed.empty(), "a lane sleeps over a goodbye");
    }
    for (const auto& client : clients_) {
        if (client.gone) continue;
        for (const auto* membership : client.memberships) {
            expect(membership->batch.empty(), "a frame was never offered", &client);
        }
        expect(client.blocked || client.owed.empty(), "a frame was never sent", &client);
        const auto kept = static_cast<std::ptrdiff_t>(on_their_way(client));
        const bool droppable = client.policy.on_full == OutboxPolicy::OnFull::close ||
                               std::any_of(client.owed.begin() + kept, client.owed.end(),
                                           [](const Owed& owed) { return owed.live(); });
        expect(!client.open || !droppable || !over(client), "over its policy at rest", &client);
    }
}

// Every stream goes on to its channel's last offset, but for what need not come.
void Model::check_complete() {
    for (const auto& client : clients_) {
        if (client.gone) continue;
        expect(client.owed.empty(), "a frame was never sent", &client);
        for (auto* membership : client.memberships) {
            const auto& channel = *membership->channel;
            if (!channel.keeps) continue;
            while (membership->complete++ < channel.offset) {
                if (membership->excused.contains(membership->complete)) continue;
                expect(false,
                       std::string(membership->recovered ? "recovered, but " : "") + channel.name +
                           "@" + std::to_string(membership->complete) + " never came",
                       client);
                return;
            }
        }
    }
}

}  // namespace carillon::hub::testing
