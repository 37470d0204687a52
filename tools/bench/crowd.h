// bench/crowd.h: N subscribers of one channel on one thread.
#pragma once

#include <deque>

#include "bench/client.h"

namespace bench {

class Crowd {
 public:
    Crowd(const Target& target, Poller& poller, std::size_t count, std::size_t frame_bytes);

    double open();  // connects, upgrades and joins everyone; seconds it took
    void keep_alive();

    // One more delivery is expected by everyone who listens; `complete` counts from zero.
    void expect_one();
    std::size_t complete() const { return tally_.complete; }
    std::size_t frame_bytes() const { return tally_.frame_bytes; }
    Client& operator[](std::size_t index) { return clients_[index]; }

 private:
    const Target& target_;
    Poller& poller_;
    Tally tally_;
    std::deque<Client> clients_;  // a deque: the poller keeps their addresses
    std::int64_t alive_ns_ = 0;
};

}  // namespace bench
