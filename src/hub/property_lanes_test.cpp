// A schedule's lanes: one step at a time, compared with the model after each.
#include <algorithm>
#include <cstdio>

#include "base/assert.h"
#include "hub/testing_play.h"

namespace carillon::hub::testing {

Play::Play(std::uint64_t seed, Sightings& sightings, bool aloud)
    : random_(seed),
      scene_(random_),
      aloud_(aloud),
      sightings_(sightings),
      model_(lanes,
             {scene_.limits.inbox_bytes_max, scene_.app_limits, scene_.history_room,
              scene_.limits.replay_bytes_max},
             sightings),
      loud_(1, {}, false, calls_),
      quiet_(2, {.members = false, .gaps = false}, false, calls_),
      fat_(3, {}, true, calls_),
      rare_(4, {.members = false, .rarely = true}, false, calls_) {
    history_.room = scene_.history_room;
    history_.trims = &trims_;
    for (int i = 0; i < 2; ++i) {
        apps_.push_back(make_app("app" + std::to_string(i), scene_.app_limits));
    }
    hub_ = std::make_unique<Hub>(
        HubConfig{.lanes = lanes,
                  .lane_limits = scene_.limits,
                  .random =
                      [seed](unsigned lane) {
                          return std::make_unique<base::SeededRandom>(seed * 100 + lane);
                      }},
        Ports{.history = &history_, .host_events = &host_events_});
    for (unsigned i = 0; i < lanes; ++i) hub_->lane(i).attach(runs_[i].wake);
}

Play::~Play() {
    for (auto& client : clients_) {
        if (client->session != nullptr) hub_->close(*client->session, CloseReason::peer);
    }
    clients_.clear();
}

const std::string& Play::run() {
    for (std::size_t i = 0; i < scene_.clients; ++i) {
        if (auto* client = open_client()) join(*client, channel_name());
    }
    for (std::size_t i = 0; i < scene_.steps && !model_.failed(); ++i) {
        if (random_.below(5) < 2) {
            operate();
            check();
        } else {
            run_a_lane();
        }
        if (random_.below(100) == 0) come_to_rest();
    }
    if (!scene_.leaves_things_undone && !model_.failed()) finish();
    return model_.failure();
}

// ---- lanes ----

bool Play::runnable(unsigned index) {
    auto& run = runs_[index];
    return run.phase != Phase::idle || run.wake.woken || run.due ||
           hub_->lane(index).next_deadline_ns() <= steady_ns_;
}

void Play::run_a_lane() {
    const auto index = static_cast<unsigned>(random_.below(lanes));
    if (!runnable(index)) return;
    const auto steps = 1 + random_.below(6);
    for (std::uint64_t i = 0; i < steps && runnable(index) && !model_.failed(); ++i) {
        step(index);
        check(index);
    }
}

void Play::step(unsigned index) {
    auto& run = runs_[index];
    switch (run.phase) {
        case Phase::idle:
            run.wake.take();
            run.phase = Phase::taking;
            run.left = 1 + random_.below(3);
            [[fallthrough]];
        case Phase::taking:
            take(index, scene_.bulk ? 1 + random_.below(8) : 1);
            if (--run.left == 0) {
                tick(index);
                run.phase = Phase::flushing;
                run.left = 1 + random_.below(scene_.crowded ? 5 : 12);
            }
            return;
        case Phase::flushing:
            flush(index, scene_.bulk ? 1 + random_.below(10) : 1);
            if (!run.more || --run.left == 0) run.phase = Phase::reaping;
            return;
        case Phase::reaping:
            return reap(index);
    }
}

void Play::take(unsigned index, std::size_t items) {
    Lane& lane = hub_->lane(index);
    const auto before = lane.taken_number();
    calls_.all.clear();
    calls_.noted = true;
    lane.take(items);
    calls_.noted = false;
    const auto taken = lane.taken_number() - before;
    say("lane " + std::to_string(index) + " takes " + std::to_string(taken));
    model_.expect(taken <= items, "took more than it was told");
    model_.took(index, taken, calls_.all);
    observe(index, false);
}

void Play::tick(unsigned index) {
    const auto at = now();
    hub_->lane(index).tick(at);
    model_.ticked(index, at);
}

void Play::flush(unsigned index, std::size_t visits) {
    say("lane " + std::to_string(index) + " flushes " + std::to_string(visits));
    runs_[index].more = hub_->lane(index).flush(visits);
    model_.flushing(index);
    observe(index, visits == 1);
}

void Play::reap(unsigned index) {
    auto& run = runs_[index];
    Lane& lane = hub_->lane(index);
    if (run.more) ++sightings_.walks_cut_short;
    const auto at = now();
    const bool crowded = lane.batch_pool().live_bytes() > scene_.limits.batch_bytes_max;
    const auto closed_before = sightings_.closed_for_memory;
    say("lane " + std::to_string(index) + " reaps");
    lane.reap(at);
    model_.reaped(index, at);
    model_.expect(crowded || closed_before == sightings_.closed_for_memory,
                  "closed for memory without need");
    for (auto& client : clients_) {
        if (client->given_up && client->session != nullptr) close(*client, CloseReason::peer);
    }
    observe(index, false);
    run.due = lane.has_work();
    run.phase = Phase::idle;
    run.more = false;
    for (auto& client : clients_) {
        if (client->model->lane == index) client->last_left.clear();
    }
}

void Play::observe(unsigned index, bool exactly) {
    for (auto& client : clients_) {
        if (client->model->lane != index || client->session == nullptr) continue;
        model_.after_step(*client->model, seen_in(*client), client->session->closing(), exactly);
    }
}

void Play::check(unsigned observed) {
    std::erase_if(clients_, [](const auto& client) { return client->session == nullptr; });
    for (unsigned i = 0; i < lanes && !model_.failed(); ++i) {
        model_.check_books(i, hub_->lane(i).snapshot());
    }
    // A lane's step was observed, and touches no other's clients: they are looked at now and then.
    const bool all = observed == lanes || ++looks_ % 4 == 0;
    for (auto& client : clients_) {
        if (model_.failed()) return;
        if (!all || client->model->lane == observed) continue;
        model_.after_step(*client->model, seen_in(*client), client->session->closing(), true);
    }
    model_.expect(host_events_.log == model_.host_log(), "host events");
    model_.expect(history_.stamps == model_.history_log(), "history");
}

void Play::come_to_rest() {
    say("until all rest");
    resting_ = true;
    for (int idle = 0, guard = 0; idle < 2 && !model_.failed(); ++guard) {
        model_.expect(guard < 100'000, "the lanes never rest");
        bool ran = false;
        for (unsigned i = 0; i < lanes; ++i) {
            while (runnable(i) && !model_.failed()) {
                step(i);
                ran = true;
                if (scene_.steps % 7 == 0) check(i);
                if (++guard > 100'000) break;
            }
        }
        idle = ran ? 0 : idle + 1;
        steady_ns_ += 2 * base::ns_per_ms;
    }
    check();
    if (!model_.failed()) model_.check_rest();
    resting_ = false;
}

void Play::finish() {
    come_to_rest();
    for (auto& client : clients_) {
        client->share = unlimited;
        unblock(*client, unlimited);
    }
    come_to_rest();
    if (!model_.failed()) model_.check_complete();
    for (auto& client : clients_) close(*client, CloseReason::peer);
    come_to_rest();
    model_.expect(hub_->channel_count() == model_.channels_alive(), "channels remain");
    history_.forget_before_ns = base::never_ns;
    hub_->sweep(ChannelTable::stripe_count, now());
    check_nothing_remains();
    check_counts();
}

void Play::check_nothing_remains() {
    model_.expect(hub_->channel_count() == 0, "channels remain when nothing is kept");
    for (unsigned i = 0; i < lanes; ++i) {
        const Lane& lane = hub_->lane(i);
        model_.expect(lane.session_count() == 0, "sessions remain");
        model_.expect(lane.slice_pool().live() == 0, "slices remain");
        model_.expect(lane.batch_pool().live_batches() == 0, "batches remain");
        model_.expect(lane.batch_pool().live_bytes() == 0, "bytes of batches remain");
        model_.expect(hub_->lane(i).inbox().reserved_bytes() == 0, "inbox bytes remain");
        const auto books = lane.snapshot();
        model_.expect(books.pending_inbox + books.pending_batch + books.pending_outbox == 0,
                      "something is pending for nobody");
    }
    for (const auto& app : apps_) {
        model_.expect(hub_->connections(app) == 0, "connections remain");
    }
}

// What the hub counts for its metrics.
void Play::check_counts() {
    for (std::size_t i = 0; i < outcomes; ++i) {
        model_.expect(hub_->refused(static_cast<Outcome>(i)).get() == refused_[i],
                      "the count of what was refused");
    }
    for (std::size_t i = 0; i < recoveries; ++i) {
        model_.expect(hub_->recovered(static_cast<Recovery>(i)).get() == recovered_[i],
                      "the count of recoveries");
    }
}

}  // namespace carillon::hub::testing
