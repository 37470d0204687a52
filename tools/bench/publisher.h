// bench/publisher.h: a backend: one keep-alive HTTP connection that publishes to one channel. The floor is sent the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "bench/client.h"

namespace bench {

class Publisher final : public Source {
 public:
    Publisher(const Target& target, Poller& poller);
    ~Publisher();
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    // Prepares the next request, so that its signature's cost stays outside the window.
    void sign(std::string_view data);
    void publish();  // sends it, whether the last one is answered or not
    bool is_answered() const { return unanswered_ == 0; }
    void on_ready(std::uint32_t events) override;

 private:
    bool take_answer();

    const Target& target_;
    int fd_;
    std::string request_, response_;
    std::size_t unanswered_ = 0;
};

}  // namespace bench
