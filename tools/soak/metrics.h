// soak/metrics.h: what the server says of itself at its metrics port, and the kernel of the server.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace soak {

// name{labels} -> value, as printed.
class Scrape {
 public:
    explicit Scrape(std::string_view page);

    // Of all series of this name whose labels contain `label`. A name that is not there ends the
    // run: it was renamed.
    std::int64_t sum(std::string_view name, std::string_view label = {}) const;
    std::int64_t lane(std::string_view name, std::size_t lane) const;
    std::size_t lanes() const;

 private:
    std::map<std::string, std::int64_t, std::less<>> values_;
};

class Metrics {
 public:
    explicit Metrics(std::uint16_t port);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    Scrape scrape();

 private:
    int fd_;  // kept alive: the server counts it among its connections, always
};

// What the kernel says that a process has open.
struct Descriptors {
    std::int64_t connections = 0;  // TCP sockets that do not listen
    std::int64_t others = 0;
};
Descriptors descriptors_of(pid_t pid);
std::int64_t resident_kb(pid_t pid);

}  // namespace soak
