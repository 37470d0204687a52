// soak/backend.h: one keep-alive HTTP connection that publishes: the next request when the last was
// answered with 200.
#pragma once

#include <vector>

#include "bench/wire.h"
#include "soak/publication.h"
#include "soak/stream.h"

namespace soak {

class Client;

class Backend final : public Stream {
 public:
    Backend(bench::Poller& poller, std::uint16_t port, Ledger& ledger, double per_second);

    bool is_due(std::int64_t now_ns) const { return is_ready_ && now_ns >= next_ns_; }
    bool is_settled() const { return is_ready_; }
    std::uint64_t published() const { return published_; }
    // `excluded` is not to hear it; may be null.
    void publish(const std::vector<std::size_t>& channels, std::size_t padding, Client* excluded,
                 std::int64_t now_ns);

 private:
    void on_connected() override { is_ready_ = true; }
    std::string_view on_bytes(std::string_view bytes) override;
    void on_end(std::string_view incomplete, bool is_reset) override;

    const bench::App app_;
    Ledger& ledger_;
    Voice voice_;
    std::int64_t period_ns_;
    std::int64_t next_ns_ = 0;
    std::uint64_t stamp_ = 0;
    std::uint64_t published_ = 0;
    bool is_ready_ = false;
};

}  // namespace soak
