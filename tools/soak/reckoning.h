// soak/reckoning.h: the pause in which both books are compared. Everyone stands still; every
// client's ping is answered, and with it all that the server had sent before was read; then each
// number that both sides know must be the same in one scrape.
//
// Some of the server's numbers settle a moment after the client saw the end of its connection, so
// the comparison is repeated until all agree. A delivery that was lost or made twice never agrees,
// and is reported when patience ends.
#pragma once

#include "soak/crowd.h"
#include "soak/metrics.h"

namespace soak {

struct Server {
    std::uint16_t port = 0;
    std::uint16_t metrics_port = 0;
    pid_t pid = 0;
};

class Reckoning {
 public:
    Reckoning(bench::Poller& poller, Crowd& crowd, Ledger& ledger, const Server& server);

    void glance();  // under load: the one sum that holds at every moment
    void reckon();
    const Scrape& books() const { return scrape_; }  // as last seen

 private:
    void settle(std::int64_t end);
    std::string difference() const;
    void check_heard();

    bench::Poller& poller_;
    Crowd& crowd_;
    Ledger& ledger_;
    Server server_;
    Metrics metrics_;
    Scrape scrape_;
    std::int64_t other_descriptors_ = 0;  // at the last reckoning; 0: there was none
};

}  // namespace soak
