// bench/recovery_server.h: hub, edge and memory history on one loop of its own thread, speaking three words over WebSocket. No
// built-in protocol recovers yet, and the figure is the core's, not a protocol's.
//
//   join C                  heard from now on
//   recover C epoch offset  heard from there on, if that can be
//   leave C
//
// The first two are answered `= epoch offset recovery`; a delivery is `offset body`.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace bench {

class RecoveryServer {
 public:
    explicit RecoveryServer(unsigned core);  // runs when this returns
    ~RecoveryServer();
    RecoveryServer(const RecoveryServer&) = delete;
    RecoveryServer& operator=(const RecoveryServer&) = delete;

    std::uint16_t port() const;
    void publish(std::string_view channel, std::string_view body);  // any thread

 private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

void pin_this_thread(unsigned core);

}  // namespace bench
