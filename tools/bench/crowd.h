// bench/crowd.h: N subscribers of the same channels on one thread.
#pragma once

#include <deque>

#include "bench/client.h"

namespace bench {

class Crowd {
 public:
    // `senders` come first, speak Pusher and hear nothing.
    Crowd(const Target& target, Poller& poller, std::size_t senders, std::size_t receivers,
          std::size_t frame_bytes);

    void listen(Ear& ear) { tally_.ear = &ear; }
    double open();  // connects, upgrades and joins everyone; seconds it took
    void keep_alive();
    void ping();  // everyone, and waits for all pongs
    void expect_pongs() { tally_.pongs = 0; }
    std::size_t pongs() const { return tally_.pongs; }

    // So many more deliveries are expected by everyone who listens; `complete` counts from zero.
    void expect(std::uint64_t deliveries);
    std::size_t complete() const { return tally_.complete; }
    std::uint64_t bytes_read() const { return tally_.bytes; }  // by all, since they are open
    // What one delivery to each receiver comes to, and how much of it one hears on average.
    std::uint64_t delivery_bytes() const;
    std::size_t frame_bytes() const { return delivery_bytes() / receivers_; }
    Client& operator[](std::size_t index) { return clients_[index]; }
    std::size_t size() const { return clients_.size(); }

 private:
    const Target& target_;
    Poller& poller_;
    const std::size_t receivers_;
    Tally tally_;
    std::deque<Client> clients_;  // a deque: the poller keeps their addresses
    std::int64_t alive_ns_ = 0;
};

}  // namespace bench
