// soak/crowd.h: all clients and both backends, and what they do next: chosen at random from a seed,
// one act at a time. One client in fifty is slow: it hears the firehoses, and stops reading for a
// while. Another reads single bytes.
#pragma once

#include <deque>
#include <random>

#include "soak/backend.h"
#include "soak/client.h"

namespace soak {

struct Size {
    std::size_t clients;
    std::size_t acts;  // per second, of all together
};

class Crowd {
 public:
    Crowd(bench::Poller& poller, std::uint16_t port, Ledger& ledger, const Size& size,
          std::uint64_t seed);

    void start_acting();  // after a pause: what was not done meanwhile is not made up for
    void act();           // what is due by now
    void read_on();       // nobody stands still
    void ping_all();
    void leave_all();

    // Nothing is on its way because of something that a client did.
    bool is_settled() const;
    std::string describe_unsettled() const;

    const std::deque<Client>& clients() const { return clients_; }
    std::deque<Client>& clients() { return clients_; }
    std::int64_t sockets() const;  // the backends' too

 private:
    void act_once();
    void connect(std::size_t number);
    void act_as_reader(Client& client, bool reads_bytes);
    void act_as_slow(Client& client, std::size_t number);
    void subscribe_somewhere(Client& client);
    void publish_somewhere(Client& client);
    void publish_news(std::int64_t now_ns);
    Client* someone_open();
    std::size_t below(std::size_t bound) { return random_() % bound; }
    bool chance(std::size_t percent) { return below(100) < percent; }

    Backend news_;                // anywhere, to one channel or several, sometimes past one client
    Backend firehose_;            // large, and often
    std::deque<Client> clients_;  // a deque: the poller keeps their addresses
    std::vector<std::uint64_t>
        reads_on_at_;  // for each slow client: when the firehose has said so much
    std::mt19937_64 random_;
    std::int64_t period_ns_;
    std::int64_t next_ns_ = 0;
    std::size_t started_ = 0;  // the first so many have lived
};

}  // namespace soak
