// bench/poller.h: epoll, level-triggered, one thread. Sources outlive it or the process.
#pragma once

#include <cstdint>

namespace bench {

class Source {
 public:
    virtual void on_ready(std::uint32_t events) = 0;

 protected:
    ~Source() = default;
};

class Poller {
 public:
    Poller();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    void add(int fd, Source& source, std::uint32_t events);
    void change(int fd, Source& source, std::uint32_t events);
    void wait(std::int64_t timeout_ns);  // serves what is ready, once

 private:
    int fd_;
};

}  // namespace bench
