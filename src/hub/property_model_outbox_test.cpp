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

std::size_t Model::on_their_way(const ModelClient& client) {
    auto left = client.committed;
    std::size_t count = 0;
    for (const auto& owed : client.owed) {
        if (owed.late || (left == 0 && owed.sent == 0)) break;
        left -= std::min(left, owed.bytes - owed.sent);
        ++count;
    }
    return count;
}

std::size_t Model::drop_newest(ModelClient& client) {
    std::size_t dropped = 0;
    const auto kept = on_their_way(client);
    for (auto i = client.owed.size(); i > kept && over(client); --i) {
        if (!client.owed[i - 1].live()) continue;
        drop(client, i - 1, DropReason::newest);
        ++dropped;
    }
    sightings_.dropped_newest += dropped;
    if (client.committed != 0 && dropped != 0) ++sightings_.dropped_newest_behind_a_record;
    return dropped;
}

// `hole`: where the first of them stood.
std::size_t Model::drop_oldest(ModelClient& client, std::size_t& hole) {
    std::size_t dropped = 0;
    for (auto i = on_their_way(client); i < client.owed.size() && over(client);) {
        if (!client.owed[i].live()) {
            ++i;
            continue;
        }
        if (dropped++ == 0) hole = i;
        drop(client, i, DropReason::oldest);
    }
    sightings_.dropped_oldest += dropped;
    if (client.committed != 0 && dropped != 0) ++sightings_.dropped_oldest_behind_a_record;
    return dropped;
}

void Model::apply_policy(ModelClient& client) {
    if (!client.open || !over(client)) return;
    std::size_t dropped = 0;
    std::size_t hole = 0;
    switch (client.policy.on_full) {
        case OutboxPolicy::OnFull::close:
            ++sightings_.closed_by_policy;
            if (client.committed != 0) ++sightings_.closed_by_policy_behind_a_record;
            return doom(client, CloseReason::slow);
        case OutboxPolicy::OnFull::wait:  // of nobody here
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
    if (client.committed != 0 && at == on_their_way(client)) ++sightings_.gaps_behind_a_record;
    owed.insert(owed.begin() + static_cast<std::ptrdiff_t>(at),
                {.dropped = dropped, .late = true, .shown = shown, .bytes = bytes_of(dropped)});
}

// At the end of a session: all but what is on its way, and what is a reply.
void Model::drop_everything(ModelClient& client, DropReason reason) {
    bool replays = false;
    const auto kept = on_their_way(client);
    if (client.committed != 0 && client.owed.size() > kept) ++sightings_.ended_behind_a_record;
    for (auto i = client.owed.size(); i > kept; --i) {
        const auto& owed = client.owed[i - 1];
        if (owed.gap() && owed.late) {
            client.owed.erase(client.owed.begin() + static_cast<std::ptrdiff_t>(i - 1));
        } else if (owed.publication != nullptr) {
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
    expect(outbox.messages == messages(client), "how many publications wait", &client);
    expect(outbox.bytes == debt(client), "what waits is encoded too early, too late or miscounted",
           &client);
    expect(outbox.reply_bytes == reply_debt(client), "the bytes of replies and notices that wait",
           &client);
    expect(outbox.empty == client.owed.empty(), "an empty queue that is none, or the reverse",
           &client);
}

void Model::said_goodbye(ModelClient& client, CloseReason why) {
    auto& doomed = lanes_[client.lane].doomed;
    if (why == CloseReason::memory && client.open) {
        let_go_of_those_before(&client);
        const auto owed = whole_debt(client);
        foreclosed(client);
        doom(client, why);
        expect(whole_debt(client) <= owed / 2, "a goodbye behind most of what it owed", &client);
    }
    client.hit = true;
    while (!doomed.empty() && doomed.front()->gone) doomed.pop_front();
    expect(!doomed.empty() && doomed.front() == &client, "an unexpected goodbye", &client);
    expect(why == client.why, "the wrong reason", &client);
    expect(++client.goodbyes == 1, "a second goodbye", &client);
    if (!doomed.empty()) doomed.pop_front();
}

// ---- the lane's memory ----

void Model::foreclosed(const ModelClient& client) {
    ++sightings_.closed_for_memory;
    const auto owed = whole_debt(client);
    expect(owed != 0, "closed for memory but owed nothing", &client);
    least_debt_ = std::min(least_debt_, owed);
}

void Model::gave_up(ModelClient& client, std::vector<ModelClient*> ended) {
    std::erase(ended, &client);
    std::erase(lanes_[client.lane].doomed, &client);
    foreclosed(client);
    client.hit = true;
    given_up_.push_back({&client, std::move(ended)});
}

// Null: all that are left.
void Model::let_go_of_those_before(const ModelClient* client) {
    while (!given_up_.empty()) {
        const auto& ended = given_up_.front().ended_before;
        if (client != nullptr && std::find(ended.begin(), ended.end(), client) != ended.end()) {
            return;
        }
        let_go(*given_up_.front().client);
        given_up_.pop_front();
    }
}

void Model::let_go(ModelClient& client) {
    ++sightings_.given_up;
    if (client.open) {
        ++sightings_.given_up_for_replies;
        const auto owed = whole_debt(client);
        doom(client, CloseReason::memory);
        lanes_[client.lane].doomed.pop_back();
        expect(whole_debt(client) > owed / 2, "given up, though most of it could go", &client);
    }
    lanes_[client.lane].left += messages(client);
    client.owed.clear();
}

}  // namespace carillon::hub::testing
