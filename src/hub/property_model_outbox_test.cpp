// The model's queues: what becomes frames at the front, what a policy drops, which notices stand
// for it, and what is cut when a session ends.
#include <algorithm>

#include "hub/testing_model.h"

namespace carillon::hub::testing {

// ---- the front ----

// What is late becomes frames, or nothing: a replay a page at a time.
void Model::open_front(ModelClient& client) {
    auto& owed = client.owed;
    if (owed.empty() || !owed.front().late) return;
    while (!owed.empty() && owed.front().late) {
        if (!owed.front().gap()) {
            encode_page(client);
        } else if (owed.front().shown) {
            owed.front().late = false;
        } else {
            ++sightings_.gaps_hidden;
            owed.pop_front();
        }
    }
    if (owed.empty()) ++sightings_.opened_to_nothing;
}

void Model::encode_page(ModelClient& client) {
    auto& owed = client.owed;
    const auto replay = owed.front().replay;
    std::size_t page = 0;
    std::size_t i = 0;
    while (i < owed.size() && owed[i].late && owed[i].replay == replay &&
           page < limits::batch_bytes_max) {
        if (owed[i].shown) {
            owed[i].late = false;
            page += owed[i++].bytes;
            continue;
        }
        ++lanes_[client.lane].filtered;
        excuse(owed[i]);
        owed.erase(owed.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (i < owed.size() && owed[i].replay == replay) ++sightings_.pages;
}

// ---- the policy ----

bool Model::over(const ModelClient& client) const {
    const auto& owed = client.owed;
    const auto live =
        std::count_if(owed.begin(), owed.end(), [](const Owed& o) { return o.live(); });
    return static_cast<std::size_t>(live) > client.policy.messages_max ||
           live_debt(client) > client.policy.bytes_max;
}

// That it did not come is no fault of the stream.
void Model::excuse(const Owed& owed) {
    if (owed.membership == nullptr) return;
    if (owed.publication->numbered) owed.membership->excused.insert(owed.publication->offset);
    if (owed.publication->kind != Kind::message) {
        owed.membership->present.reset();
    }
}

void Model::drop(ModelClient& client, std::size_t index, DropReason reason) {
    const auto at = client.owed.begin() + static_cast<std::ptrdiff_t>(index);
    excuse(*at);
    client.owed.erase(at);
    ++lanes_[client.lane].dropped[static_cast<std::size_t>(reason)];
}

namespace {
bool droppable(const Owed& owed) { return owed.live() && owed.sent == 0; }
}  // namespace

std::size_t Model::drop_newest(ModelClient& client) {
    std::size_t dropped = 0;
    for (auto i = client.owed.size(); i != 0 && over(client); --i) {
        if (!droppable(client.owed[i - 1])) continue;
        drop(client, i - 1, DropReason::newest);
        ++dropped;
    }
    sightings_.dropped_newest += dropped;
    return dropped;
}

// `hole`: where the first of them stood.
std::size_t Model::drop_oldest(ModelClient& client, std::size_t& hole) {
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < client.owed.size() && over(client);) {
        if (!droppable(client.owed[i])) {
            ++i;
            continue;
        }
        if (dropped++ == 0) hole = i;
        drop(client, i, DropReason::oldest);
    }
    sightings_.dropped_oldest += dropped;
    return dropped;
}

void Model::apply_policy(ModelClient& client) {
    if (!client.open || !over(client)) return;
    std::size_t dropped = 0;
    std::size_t hole = 0;
    switch (client.policy.on_full) {
        case OutboxPolicy::OnFull::close:
            ++sightings_.closed_by_policy;
            return doom(client, CloseReason::slow);
        case OutboxPolicy::OnFull::drop_newest:
            dropped = drop_newest(client);
            hole = client.owed.size();
            break;
        case OutboxPolicy::OnFull::drop_oldest:
            dropped = drop_oldest(client, hole);
            break;
    }
    if (dropped != 0 && client.policy.gap_notice) note_gap(client, hole, dropped);
}

// One notice for one hole: side by side they are one, unless the first is on its way already.
void Model::note_gap(ModelClient& client, std::size_t at, std::size_t dropped) {
    auto& owed = client.owed;
    const bool shown = client.format->shows(Kind::gap, 0);
    const auto bytes_of = [&](std::uint64_t n) {
        return client.format->frame_bytes(0, 0, std::to_string(n).size());
    };
    if (at != 0 && owed[at - 1].gap() && owed[at - 1].late) {
        ++sightings_.gaps_merged;
        auto& before = owed[at - 1];
        before.dropped += dropped;
        before.bytes = bytes_of(before.dropped);
        return;
    }
    if (std::any_of(owed.begin(), owed.end(), [](const Owed& o) { return o.gap(); })) {
        ++sightings_.several_gaps;
    }
    owed.insert(owed.begin() + static_cast<std::ptrdiff_t>(at),
                {.dropped = dropped, .late = true, .shown = shown, .bytes = bytes_of(dropped)});
}

// At the end of a session: all but a committed frame, and what is a reply.
void Model::drop_everything(ModelClient& client, DropReason reason) {
    bool replays = false;
    for (auto i = client.owed.size(); i != 0; --i) {
        const auto& owed = client.owed[i - 1];
        if (owed.gap() && owed.late) {
            client.owed.erase(client.owed.begin() + static_cast<std::ptrdiff_t>(i - 1));
        } else if (owed.publication != nullptr && owed.sent == 0) {
            replays = replays || owed.replay != 0;
            drop(client, i - 1, reason);
        }
    }
    if (replays) ++sightings_.cut_replays;
}

// ---- after a step ----

void Model::after_step(ModelClient& client, const SeenOutbox& outbox, bool closing, bool exactly) {
    const bool judged = client.wrote;
    client.wrote = false;
    // Visited: of what stood there nothing is shown, so its door was not asked.
    if (!client.blocked && outbox.empty) open_front(client);
    // Visited, though its socket takes nothing.
    const Owed* lacking = nullptr;
    bool judged_unseen = false;
    if (!judged && client.blocked && over(client)) {
        matching(client, outbox, lacking);
        judged_unseen = lacking != nullptr || closing == client.open;
    }
    if (judged || judged_unseen) apply_policy(client);
    if (judged && exactly) {
        const auto visible = std::count_if(client.owed.begin(), client.owed.end(),
                                           [](const Owed& o) { return o.visible(); });
        expect(outbox.frames.size() <= static_cast<std::size_t>(visible),
               "more than the policy leaves", &client);
    }
    absorb(client, outbox);
    expect(client.self.batch.empty(), "was not given what was sent to it alone", &client);
    expect(closing != client.open, "closing, or not, against its policy", &client);
    check_sizes(client, outbox);
}

void Model::check_sizes(const ModelClient& client, const SeenOutbox& outbox) {
    if (failed()) return;
    std::size_t replies = 0;
    for (const auto& owed : client.owed) {
        if (owed.publication == nullptr && !owed.late) replies += owed.bytes - owed.sent;
    }
    expect(outbox.messages == messages(client), "how many publications wait", &client);
    expect(outbox.bytes == debt(client), "what waits is encoded too early, too late or miscounted",
           &client);
    expect(outbox.reply_bytes == replies, "the bytes of replies and notices that wait", &client);
    expect(outbox.empty == client.owed.empty(), "an empty queue that is none, or the reverse",
           &client);
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

}  // namespace carillon::hub::testing
