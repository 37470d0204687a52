#include "soak/reckoning.h"

#include <algorithm>

#include "bench/clock.h"
#include "soak/difference.h"

namespace soak {
namespace {

// For a whole reckoning. Shorter than what the server waits for a backend's next request.
constexpr std::int64_t kPatienceNs = 40'000'000'000;
constexpr std::int64_t kTurnNs = 20'000'000;

// What the clients know together.
struct Census {
    std::int64_t open = 0;
    std::array<std::int64_t, kLanes> sessions{}, subscriptions{};
    std::array<std::int64_t, kChannels> subscribers{};
    std::array<Members, kChannels> members;

    explicit Census(const Crowd& crowd) {
        for (const auto& client : crowd.clients()) {
            if (!client.is_open()) continue;
            open++;
            sessions[client.lane()]++;
            for (const auto& [channel, hearing] : client.hearings()) {
                subscriptions[client.lane()]++;
                subscribers[channel]++;
                if (is_presence(channel)) members[channel].set(client.user());
            }
        }
    }
    std::int64_t channels() const {
        return std::ssize(subscribers) - std::ranges::count(subscribers, 0);
    }
};

// Keeps the first difference of one attempt.
struct Comparison {
    std::string where, difference;

    void equal(std::string_view our_name, std::int64_t ours, std::string_view name,
               std::int64_t theirs) {
        between(our_name, ours, 0, "", name, theirs);
    }
    void between(std::string_view our_name, std::int64_t ours, std::uint64_t doubtful,
                 std::string_view doubt, std::string_view name, std::int64_t theirs) {
        const bool fits = theirs >= ours && theirs <= ours + static_cast<std::int64_t>(doubtful);
        if (fits || !difference.empty()) return;
        difference = text(where, our_name, ' ', ours);
        if (!doubt.empty()) difference += text(" (and ", doubtful, ' ', doubt, ')');
        difference += text(", but ", name, ' ', theirs);
    }
};

void compare_lane(Comparison& compare, const Scrape& books, std::size_t lane, const Ledger& ledger,
                  const Census& census) {
    const auto read = [&](std::string_view name) { return books.lane(name, lane); };
    const auto delivered = read("carillon_delivered_total");
    compare.where = text("lane ", lane, ": ");
    compare.equal("should be pending", 0, "carillon_pending", read("carillon_pending"));
    compare.equal("frames received by its clients",
                  static_cast<std::int64_t>(ledger.received[lane]), "carillon_delivered_total",
                  delivered);
    compare.equal("delivered + filtered + left + dropped",
                  delivered + read("carillon_filtered_total") + read("carillon_left_total") +
                      read("carillon_dropped_total"),
                  "carillon_matched_total", read("carillon_matched_total"));
    compare.equal("clients greeted and not gone", census.sessions[lane], "carillon_sessions",
                  read("carillon_sessions"));
    compare.equal("channels joined by its clients", census.subscriptions[lane],
                  "carillon_subscriptions", read("carillon_subscriptions"));
    // With nothing on its way, nothing is held for anybody.
    for (const auto* name :
         {"carillon_inbox_reserved_bytes", "carillon_batch_live_bytes", "carillon_slices_live"})
        compare.equal("should be held", 0, name, read(name));
}

void compare_totals(Comparison& compare, const Scrape& books, const Ledger& ledger,
                    const Census& census) {
    compare.where.clear();
    compare.between("publishes answered with 200 and client events accepted",
                    static_cast<std::int64_t>(ledger.published()), ledger.doubtful_events,
                    "in doubt", "carillon_published_total", books.sum("carillon_published_total"));
    compare.equal("channels with somebody in them", census.channels(), "carillon_channels",
                  books.sum("carillon_channels"));
    compare.equal("lives ended", static_cast<std::int64_t>(ledger.lives) - census.open,
                  "carillon_closes_total", books.sum("carillon_closes_total"));
    // Whoever half-closed, or did not read for too long, was not told.
    compare.between("lives ended with Close 4100", static_cast<std::int64_t>(ledger.closed_slow),
                    ledger.ended_bare, "without any", "carillon_closes_total{reason=\"slow\"}",
                    books.sum("carillon_closes_total", "reason=\"slow\""));
}

}  // namespace

Reckoning::Reckoning(bench::Poller& poller, Crowd& crowd, Ledger& ledger, const Server& server)
    : poller_(poller),
      crowd_(crowd),
      ledger_(ledger),
      server_(server),
      metrics_(server.metrics_port),
      scrape_(metrics_.scrape()) {}

void Reckoning::glance() {
    scrape_ = metrics_.scrape();
    for (std::size_t lane = 0; lane < scrape_.lanes(); lane++) {
        const auto difference = scrape_.lane("carillon_conservation_difference", lane);
        if (difference != 0)
            differ("lane ", lane, ": carillon_conservation_difference is ", difference,
                   " (matched ", scrape_.lane("carillon_matched_total", lane), ')');
    }
}

void Reckoning::reckon() {
    const auto end = bench::now_ns() + kPatienceNs;
    crowd_.read_on();
    settle(end);
    while (true) {
        crowd_.ping_all();
        settle(end);
        glance();
        const auto found = difference();
        if (found.empty()) break;
        if (bench::now_ns() > end - kPatienceNs / 2) differ(found);
        poller_.wait(kTurnNs);
    }
    other_descriptors_ = descriptors_of(server_.pid).others;
    check_heard();
}

void Reckoning::settle(std::int64_t end) {
    while (!crowd_.is_settled()) {
        if (bench::now_ns() > end)
            differ("long after everyone stopped, ", crowd_.describe_unsettled());
        poller_.wait(kTurnNs);
    }
}

// The first that is found; empty: none.
std::string Reckoning::difference() const {
    const Census census(crowd_);
    Comparison compare;
    for (std::size_t lane = 0; lane < scrape_.lanes(); lane++)
        compare_lane(compare, scrape_, lane, ledger_, census);
    compare_totals(compare, scrape_, ledger_, census);
    const auto sockets = crowd_.sockets();
    const auto descriptors = descriptors_of(server_.pid);
    compare.equal("our sockets, with the one of this scrape", sockets + 1, "carillon_connections",
                  scrape_.sum("carillon_connections"));
    compare.equal("our sockets, with the one of this scrape", sockets + 1,
                  "the server's, says the kernel,", descriptors.connections);
    if (other_descriptors_ != 0)
        compare.equal("the server's other descriptors were", other_descriptors_, "they are",
                      descriptors.others);
    return compare.difference;
}

// The sums agree; now each subscriber for itself, and then a new beginning.
void Reckoning::check_heard() {
    const Census census(crowd_);
    ledger_.settled = ledger_.stamp;
    for (auto& client : crowd_.clients()) {
        client.check_complete(census.members);
        client.start_anew();
    }
    for (auto& channel : ledger_.said) channel.clear();
}

}  // namespace soak
