// carillon/listen.h: a server in your program. Its clients (Pusher, Turbine, notiflux; a page at "/")
// and the broker's subscribers share topics: what one publishes, the other hears.
//
//   auto broker = carillon::Builder().with(carillon::Listen{.port = 6001}).start();
//
// Clients' own rules stay: who may subscribe to "private-…" and publish to it is decided by their
// protocol. Your program may hear and publish everything, except that patterns do not open the names
// a protocol reserves. Messages are read by clients as JSON. Its journal is the one of its configuration.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "carillon/broker.h"

namespace carillon {

struct CARILLON_API Listen {
    std::string host = "127.0.0.1";
    std::uint16_t port = 6001;  // 0: any that is free; see bound
    unsigned threads = 1;       // that serve clients, beside the broker's own
    // The server's configuration (JSON), for everything else; host, port and threads above win.
    // Empty: the demo's apps and keys, on loopback only.
    std::string config_file{};
    // Which of the configured apps the broker speaks for. Empty: the first.
    std::string app{};
    // Told the port once it is bound.
    std::shared_ptr<std::uint16_t> bound{};

    void install(Builder& builder);
};

}  // namespace carillon
