// bench/crowd.h: N subscribers of the same channels on one thread.
#pragma once

#include <deque>

#include "bench/client.h"

namespace bench {

class Crowd {
 public:
    Crowd(const Target& target, Poller& poller, std::size_t count, std::size_t frame_bytes);

    double open();  // connects, upgrades and joins everyone; seconds it took
    void keep_alive();

    // So many more deliveries are expected by everyone who listens; `complete` counts from zero.
    void expect(std::uint64_t deliveries);
    std::size_t complete() const { return tally_.complete; }
    std::uint64_t bytes_read() const { return tally_.bytes; }  // by all, since they are open
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
