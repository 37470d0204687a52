// bench/publisher.h: a backend: one keep-alive HTTP connection that publishes to one channel. The floor is sent the same bytes.
#pragma once

#include <string>

#include "bench/client.h"

namespace bench {

class Publisher final : public Source {
 public:
    Publisher(const Target& target, Poller& poller, std::size_t data_bytes);
    ~Publisher();
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    void
    sign();  // prepares the next request, so that its signature's cost stays outside the window
    void publish();  // sends it
    bool is_answered() const { return is_answered_; }
    void on_ready(std::uint32_t events) override;

 private:
    const Target& target_;
    int fd_;
    std::string body_, request_, response_;
    bool is_answered_ = true;
};

}  // namespace bench
