// The model's deliveries: what was taken, offered, sent, dropped; and whether the books agree.
#include <algorithm>
#include <cstring>
#include <set>

#include "hub/testing_model.h"

namespace carillon::hub::testing {

namespace {
std::string call_text(int format, const Stamped& publication) {
    return std::to_string(format) + " " + publication.name + " " +
           std::to_string(publication.unix_ms) + " " +
           std::to_string(static_cast<int>(publication.kind)) + " " + publication.member;
}
std::string call_text(const EncoderCall& call) {
    return std::to_string(call.format) + " " + call.name + " " + std::to_string(call.unix_ms) +
           " " + std::to_string(static_cast<int>(call.kind)) + " " + call.member;
}
}  // namespace

// ---- take ----

void Model::took(unsigned index, std::uint64_t items, const std::vector<EncoderCall>& calls) {
    auto& lane = lanes_[index];
    if (items > lane.inbox.size()) return fail("took more than there was");
    std::vector<std::string> expected;
    TakenChannels channels;
    for (; items != 0; --items) {
        const auto item = std::move(lane.inbox.front());
        lane.inbox.pop_front();
        lane.reserved -= item.publication->inbox_bytes;
        if (item.to == nullptr) {
            channels[{item.publication->unix_ms, item.publication->name}] =
                item.publication->channel;
            took_for_channel(index, item, expected);
        } else if (!item.to->open) {
            ++lane.left;
        } else {
            expected.push_back(call_text(item.to->format->id(), *item.publication));
            item.to->self.batch.push_back(item.publication);
        }
    }
    std::vector<std::string> made;
    made.reserve(calls.size());
    for (const auto& call : calls) made.push_back(call_text(call));
    std::sort(expected.begin(), expected.end());
    std::sort(made.begin(), made.end());
    expect(made == expected, "not encoded exactly once per lane and format that may hear it");
    note_batches(index, channels, calls);
}

void Model::took_for_channel(unsigned index, const ModelItem& item,
                             std::vector<std::string>& expected_calls) {
    auto& lane = lanes_[index];
    const auto& publication = *item.publication;
    std::set<int> formats;
    for (auto* membership : item.matched) {
        if (membership->left) {
            ++lane.left;
        } else if (publication.exclude && publication.exclude == membership->client->id) {
            ++lane.filtered;
            ++sightings_.stepped_over;
        } else {
            formats.insert(membership->format->id());
            if (membership->format->shows(publication.kind)) {
                membership->batch.push_back(&publication);
            } else {
                ++lane.filtered;
            }
        }
    }
    for (const auto format : formats) expected_calls.push_back(call_text(format, publication));
}

// A batch that begins although the one before it was not flushed: that one was full.
void Model::note_batches(unsigned index, const TakenChannels& channels,
                         const std::vector<EncoderCall>& calls) {
    for (const auto& call : calls) {
        const auto at = channels.find({call.unix_ms, call.name});
        if (at == channels.end() || call.batch_after == call.batch_before) continue;
        auto& bytes = lanes_[index].batch_bytes[{at->second, call.format}];
        // The hub goes by the item's bytes, which are a little more than a lean frame's. (Else the
        // channel was left by all and joined anew: another audience.)
        const bool full = bytes + call.batch_after + 100 > limits::batch_bytes_max;
        if (call.batch_before == 0 && bytes != 0 && full) ++sightings_.sealed_at_64_kib;
        bytes = call.batch_after;
    }
}

// ---- offer ----

bool Model::same(const ModelClient& client, const Owed& owed, const SeenFrame& seen,
                 bool is_reply) const {
    if (!seen.intact || seen.head.size != owed.bytes) return false;
    if (owed.publication == nullptr) {
        return is_reply && seen.head.kind == reply_kind &&
               seen.head.unix_ms == static_cast<std::int64_t>(owed.reply);
    }
    const auto& publication = *owed.publication;
    const auto* format = owed.membership != nullptr ? owed.membership->format : client.format;
    return !is_reply && seen.head.kind == static_cast<std::uint8_t>(publication.kind) &&
           seen.head.format == format->id() && seen.head.unix_ms == publication.unix_ms &&
           seen.head.offset == publication.offset && seen.name == publication.name &&
           seen.member == publication.member && seen.head.body_bytes == publication.body_bytes;
}

bool Model::starts_with_owed(const ModelClient& client, const SeenFrames& outbox) const {
    if (outbox.size() < client.owed.size()) return false;
    for (std::size_t i = 0; i < client.owed.size(); ++i) {
        if (!same(client, client.owed[i], outbox[i].first, outbox[i].second)) return false;
    }
    return true;
}

// What stands behind the frames that were owed must be the oldest not yet offered of some channel.
void Model::absorb(ModelClient& client, const SeenFrames& outbox) {
    expect(starts_with_owed(client, outbox), "the outbox lost, changed or reordered a frame",
           &client);
    if (failed()) return;
    std::vector<Membership*> sources = client.memberships;
    sources.push_back(&client.self);
    for (std::size_t i = client.owed.size(); i < outbox.size(); ++i) {
        const auto& [seen, is_reply] = outbox[i];
        bool found = false;
        for (auto* source : sources) {
            if (source->batch.empty()) continue;
            const auto* next = source->batch.front();
            const auto bytes = source->format->frame_bytes(next->name.size(), next->member.size(),
                                                           next->body_bytes);
            const Owed owed{next, source == &client.self ? nullptr : source, 0, bytes, 0};
            if (!same(client, owed, seen, is_reply)) continue;
            client.owed.push_back(owed);
            source->batch.pop_front();
            found = true;
            break;
        }
        if (!found) return expect(false, "was offered what is not its next frame", &client);
    }
}

void Model::at_door(ModelClient& client, const SeenFrames& outbox) {
    expect(!client.gone, "a write to a closed client", &client);
    expect(!client.blocked, "a write to a blocked client", &client);
    absorb(client, outbox);
}

void Model::written_at_once(ModelClient& client, std::string_view frames) {
    expect(client.owed.empty(), "written past what waits", &client);
    SeenFrames seen;
    while (frames.size() >= sizeof(FrameHead)) {
        std::uint32_t size = 0;
        std::memcpy(&size, frames.data(), sizeof size);
        seen.emplace_back(read_frame(frames.substr(0, size), false), false);
        frames.remove_prefix(std::min<std::size_t>(size, frames.size()));
    }
    expect(frames.empty(), "written in pieces of frames", &client);
    at_door(client, seen);
    ++sightings_.direct_writes;
}

// ---- write ----

void Model::sent(ModelClient& client, std::string_view bytes) {
    client.wrote = true;
    client.stream.append(bytes);
    std::string_view rest = client.stream;
    while (rest.size() >= sizeof(std::uint32_t) && !failed()) {
        std::uint32_t size = 0;
        std::memcpy(&size, rest.data(), sizeof size);
        if (size == 0 || size > rest.size()) break;
        deliver(client, rest.substr(0, size));
        rest.remove_prefix(size);
    }
    client.stream.erase(0, client.stream.size() - rest.size());
    if (client.stream.empty() || failed()) return;
    expect(!client.owed.empty(), "sent what nobody owed", &client);
    if (!failed()) client.owed.front().sent = client.stream.size();
    ++sightings_.committed;
}

void Model::deliver(ModelClient& client, std::string_view frame) {
    const auto seen = read_frame(frame, true);
    expect(seen.intact, "a broken frame arrived", &client);
    expect(!client.owed.empty(), "sent what nobody owed", &client);
    if (failed()) return;
    const auto owed = client.owed.front();
    client.owed.pop_front();
    expect(same(client, owed, seen, seen.head.kind == reply_kind), "not the oldest frame", &client);
    if (owed.publication == nullptr) {
        return expect(owed.reply == ++client.replies_heard, "a reply is missing", &client);
    }
    ++lanes_[client.lane].delivered;
    ++sightings_.delivered;
    if (owed.membership == nullptr) return;
    expect(owed.membership->heard < owed.publication->sequence,
           "a channel's publications out of order, doubled, or from before the join", &client);
    owed.membership->heard = owed.publication->sequence;
}

// ---- the policy ----

std::size_t Model::debt(const ModelClient& client) const {
    std::size_t bytes = 0;
    for (const auto& owed : client.owed) {
        if (owed.publication != nullptr) bytes += owed.bytes - owed.sent;
    }
    return bytes;
}

bool Model::over(const ModelClient& client) const {
    std::size_t messages = 0;
    for (const auto& owed : client.owed) messages += owed.publication != nullptr ? 1 : 0;
    return messages > client.policy.messages_max || debt(client) > client.policy.bytes_max;
}

void Model::drop_uncommitted(ModelClient& client, DropReason reason, std::size_t at_most) {
    for (std::size_t i = client.owed.size(); i != 0 && at_most != 0; --i) {
        const auto& owed = client.owed[i - 1];
        if (owed.publication == nullptr || owed.sent != 0) continue;
        client.owed.erase(client.owed.begin() + static_cast<std::ptrdiff_t>(i - 1));
        ++lanes_[client.lane].dropped[static_cast<std::size_t>(reason)];
        --at_most;
    }
}

void Model::apply_policy(ModelClient& client) {
    if (!client.open || !over(client)) return;
    if (client.policy.on_full == OutboxPolicy::OnFull::close) {
        ++sightings_.closed_by_policy;
        return doom(client, CloseReason::slow);
    }
    for (auto before = client.owed.size() + 1; over(client) && client.owed.size() < before;) {
        before = client.owed.size();
        drop_uncommitted(client, DropReason::newest, 1);
        sightings_.dropped_newest += before - client.owed.size();
    }
}

void Model::doom(ModelClient& client, CloseReason why) {
    client.open = false;
    client.why = why;
    leave_all(client);
    drop_uncommitted(client, why == CloseReason::memory ? DropReason::memory : DropReason::closed,
                     client.owed.size());
    lanes_[client.lane].doomed.push_back(&client);
}

void Model::after_step(ModelClient& client, const SeenFrames& outbox, bool closing, bool exactly) {
    const bool judged = client.wrote;
    client.wrote = false;
    // Visited, though its socket takes nothing.
    const bool judged_unseen = !judged && client.blocked && over(client) &&
                               (!starts_with_owed(client, outbox) || closing == client.open);
    if (judged || judged_unseen) apply_policy(client);
    if (judged && exactly) {
        expect(outbox.size() == client.owed.size(), "not what the policy leaves", &client);
    }
    absorb(client, outbox);
    expect(client.self.batch.empty(), "was not given what was sent to it alone", &client);
    expect(closing != client.open, "closing, or not, against its policy", &client);
}

void Model::said_goodbye(ModelClient& client, CloseReason why) {
    auto& doomed = lanes_[client.lane].doomed;
    if (why == CloseReason::memory && client.open) {
        ++sightings_.closed_for_memory;
        expect(debt(client) != 0, "closed for memory but owed nothing", &client);
        expect(debt(client) <= worst_debt_left_, "not the worst debtor", &client);
        worst_debt_left_ = debt(client);
        doom(client, why);
    }
    while (!doomed.empty() && doomed.front()->gone) doomed.pop_front();
    expect(!doomed.empty() && doomed.front() == &client, "an unexpected goodbye", &client);
    expect(why == client.why, "the wrong reason", &client);
    expect(++client.goodbyes == 1, "a second goodbye", &client);
    if (!doomed.empty()) doomed.pop_front();
}

// ---- the books ----

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
        for (const auto& owed : client.owed) in_outboxes += owed.publication != nullptr ? 1 : 0;
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
        const bool droppable =
            client.policy.on_full == OutboxPolicy::OnFull::close ||
            std::any_of(client.owed.begin(), client.owed.end(), [](const Owed& owed) {
                return owed.publication != nullptr && owed.sent == 0;
            });
        expect(!client.open || !droppable || !over(client), "over its policy at rest", &client);
    }
}

}  // namespace carillon::hub::testing
