// The model's deliveries: what was taken, offered and sent, and whether it arrived as it must.
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
            const auto& format = *item.to->format;
            expected.push_back(call_text(format.id(), *item.publication));
            if (format.shows(Kind::message, item.publication->unix_ms)) {
                item.to->self.batch.push_back(item.publication);
            } else {
                ++lane.filtered;
            }
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
            if (publication.numbered) membership->excused.insert(publication.offset);
        } else {
            formats.insert(membership->format->id());
            if (membership->format->shows(publication.kind, publication.unix_ms)) {
                membership->batch.push_back(&publication);
                continue;
            }
            ++lane.filtered;
            if (publication.numbered) membership->excused.insert(publication.offset);
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
    const auto& head = seen.head;
    if (owed.gap()) {
        return is_reply && head.kind == static_cast<std::uint8_t>(Kind::gap) &&
               head.format == client.format->id() && seen.body == std::to_string(owed.dropped);
    }
    if (owed.publication == nullptr) {
        return is_reply && head.kind == reply_kind &&
               head.unix_ms == static_cast<std::int64_t>(owed.reply);
    }
    const auto& publication = *owed.publication;
    const auto* format = owed.membership != nullptr ? owed.membership->format : client.format;
    const auto epoch = publication.life != nullptr ? publication.life->epoch.value_or(0) : 0;
    return !is_reply && head.kind == static_cast<std::uint8_t>(publication.kind) &&
           head.format == format->id() && head.unix_ms == publication.unix_ms &&
           head.epoch == epoch && head.offset == publication.offset &&
           seen.name == publication.name && seen.member == publication.member &&
           head.body_bytes == publication.body_bytes;
}

namespace {
std::string text_of(const SeenFrame& seen) {
    if (!seen.intact) return "a broken frame";
    if (seen.head.kind == reply_kind) return "reply " + std::to_string(seen.head.unix_ms);
    if (seen.head.kind == static_cast<std::uint8_t>(Kind::gap)) {
        return "the notice of a gap of " + seen.body;
    }
    return seen.name + seen.member + "@" + std::to_string(seen.head.offset) + " of " +
           std::to_string(seen.head.unix_ms);
}

std::string text_of(const Owed& lacking, const std::string& instead) {
    const auto but = " (instead: " + instead + ")";
    if (lacking.gap()) {
        return std::to_string(lacking.dropped) +
               " were dropped here; the notice of it is missing or wrong" + but;
    }
    if (lacking.publication == nullptr) {
        return "reply " + std::to_string(lacking.reply) + " was lost, or moved" + but;
    }
    const auto which = lacking.publication->name + lacking.publication->member + "@" +
                       std::to_string(lacking.publication->offset);
    if (lacking.replay == 0) return "the outbox lost, changed or moved " + which + but;
    if (!lacking.membership->recovered) return "the newest were asked for, but not " + which + but;
    return "recovered, but " + which + " never came" + but;
}
}  // namespace

std::size_t Model::matching(const ModelClient& client, const SeenOutbox& outbox,
                            const Owed*& lacking) const {
    lacking = nullptr;
    std::size_t matched = 0;
    for (const auto& owed : client.owed) {
        if (!owed.visible()) continue;
        const bool found =
            matched < outbox.frames.size() &&
            same(client, owed, outbox.frames[matched].first, outbox.frames[matched].second);
        if (!found) {
            lacking = &owed;
            break;
        }
        ++matched;
    }
    return matched;
}

// In the words of the promise that was broken. A frame that the reader was spared, or its format
// hides, must not come.
std::string Model::difference(const ModelClient& client, const Owed* lacking,
                              const SeenFrame* seen) const {
    const auto instead = seen != nullptr ? text_of(*seen) : std::string("nothing");
    for (const auto& owed : client.owed) {
        if (owed.replay == 0 || owed.shown || seen == nullptr || !seen->intact) continue;
        if (owed.publication->name == seen->name && owed.publication->offset == seen->head.offset) {
            return "is replayed what excludes it: " + instead;
        }
    }
    if (lacking != nullptr) return text_of(*lacking, instead);
    return "was offered what is not its next frame: " + instead;
}

// What stands behind the frames that were owed must be the oldest not yet offered of some channel.
void Model::absorb(ModelClient& client, const SeenOutbox& outbox) {
    const auto& frames = outbox.frames;
    const Owed* lacking = nullptr;
    const auto matched = matching(client, outbox, lacking);
    if (lacking != nullptr) {
        const auto* seen = matched < frames.size() ? &frames[matched].first : nullptr;
        return expect(false, difference(client, lacking, seen), client);
    }
    for (std::size_t i = matched; i < frames.size(); ++i) {
        const auto& [seen, is_reply] = frames[i];
        if (absorb_one(client, seen, is_reply)) continue;
        return expect(false, difference(client, nullptr, &seen), client);
    }
}

bool Model::absorb_one(ModelClient& client, const SeenFrame& seen, bool is_reply) {
    std::vector<Membership*> sources = client.memberships;
    sources.push_back(&client.self);
    for (auto* source : sources) {
        if (source->batch.empty()) continue;
        const auto* next = source->batch.front();
        const Owed owed{.publication = next,
                        .membership = source == &client.self ? nullptr : source,
                        .bytes = source->format->frame_bytes(next->name.size(), next->member.size(),
                                                             next->body_bytes)};
        if (!same(client, owed, seen, is_reply)) continue;
        if (!client.owed.empty() && client.owed.back().replay != 0) {
            ++sightings_.live_behind_a_replay;
        }
        client.owed.push_back(owed);
        source->batch.pop_front();
        return true;
    }
    return false;
}

void Model::at_door(ModelClient& client, const SeenOutbox& outbox) {
    expect(!client.gone, "a write to a closed client", &client);
    expect(!client.blocked, "a write to a blocked client", &client);
    open_front(client);
    absorb(client, outbox);
}

void Model::written_at_once(ModelClient& client, std::string_view frames) {
    expect(client.owed.empty(), "written past what waits", &client);
    SeenOutbox seen;
    while (frames.size() >= sizeof(FrameHead)) {
        std::uint32_t size = 0;
        std::memcpy(&size, frames.data(), sizeof size);
        seen.frames.emplace_back(read_frame(frames.substr(0, size), false), false);
        frames.remove_prefix(std::min<std::size_t>(size, frames.size()));
    }
    expect(frames.empty(), "written in pieces of frames", &client);
    at_door(client, seen);
    ++sightings_.direct_writes;
}

// ---- write ----

void Model::sent(ModelClient& client, std::string_view bytes) {
    client.wrote = true;
    client.committed = 0;
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
    if (!client.stream.empty() && !failed()) {
        expect(!client.owed.empty(), "sent what nobody owed", &client);
        if (failed()) return;
        auto& first = client.owed.front();
        first.sent = client.stream.size();
        ++sightings_.committed;
        if (first.replay != 0) ++sightings_.committed_replays;
        if (first.gap()) ++sightings_.committed_gaps;
        if (bytes.size() == 1) {
            ++sightings_.single_bytes;
            if (first.replay != 0) ++sightings_.single_bytes_of_replays;
            if (first.gap()) ++sightings_.single_bytes_of_gaps;
        }
    }
    open_front(client);
}

void Model::committed(ModelClient& client, std::size_t bytes) {
    client.wrote = true;
    client.blocked = true;
    client.committed = bytes;
    ++sightings_.records;
    const auto frames = on_their_way(client);
    if (frames > 1) ++sightings_.records_of_several_frames;
    if (client.owed.front().sent != 0) ++sightings_.records_from_the_middle_of_a_frame;
    for (std::size_t i = 0; i < frames; ++i) {
        if (client.owed[i].replay != 0) ++sightings_.replayed_in_a_record;
        if (client.owed[i].gap()) ++sightings_.gaps_in_a_record;
    }
}

void Model::deliver(ModelClient& client, std::string_view frame) {
    const auto seen = read_frame(frame, true);
    expect(seen.intact, "a broken frame arrived", &client);
    expect(!client.owed.empty(), "sent what nobody owed", &client);
    if (failed()) return;
    const auto owed = client.owed.front();
    client.owed.pop_front();
    const bool is_reply = owed.publication == nullptr;
    if (owed.late || !same(client, owed, seen, is_reply)) {
        return expect(false, text_of(owed, text_of(seen)), client);
    }
    if (owed.gap()) {
        ++sightings_.gaps_heard;
        return;
    }
    if (is_reply)
        return expect(owed.reply == ++client.replies_heard, "a reply is missing", &client);
    ++lanes_[client.lane].delivered;
    ++sightings_.delivered;
    if (owed.membership != nullptr) arrived(*owed.membership, *owed.publication);
}

// Judged by what arrives alone: in order, once, and nothing is missing but what need not come.
void Model::arrived(Membership& membership, const Stamped& publication) {
    auto& client = *membership.client;
    auto& channel = *membership.channel;
    expect(membership.heard < publication.sequence,
           "a channel's publications out of order, doubled, or from before the join", &client);
    membership.heard = publication.sequence;
    if (publication.kind != Kind::message) {
        if (!membership.present || draining_) return;
        const auto& who = publication.member;
        if (publication.kind == Kind::joined) {
            expect(membership.present->insert(who).second, who + " joined twice", client);
        } else {
            expect(membership.present->erase(who) == 1, who + " left twice", client);
        }
        return;
    }
    if (channel.keeps && !publication.numbered) ++sightings_.passing;
    if (!publication.numbered) return;
    client.saw[&channel] = {publication.life->epoch.value_or(0), publication.offset};
    channel.positions.push_back(client.saw[&channel]);
    while (++membership.complete < publication.offset) {
        if (membership.excused.erase(membership.complete) != 0) continue;
        expect(false,
               std::string(membership.recovered ? "recovered, but " : "") + channel.name + "@" +
                   std::to_string(membership.complete) + " never came",
               client);
    }
    expect(membership.complete == publication.offset, "an offset came twice", &client);
}

}  // namespace carillon::hub::testing
