// protocol/shared_path.h: one path that several protocols claim, "/ws". Which of them a client
// speaks is decided by the WebSocket subprotocol it asks for, or else by what it says first: each
// claimant is asked in list order whether it speaks that. Until then the client is pinged, has no
// hub session and hears nothing; so a protocol whose server speaks first needs a path of its own.
//
// Where one protocol alone claims it, every client is that one's from the start.
//
// What nobody speaks is ignored, counted as `unclaimed`, and leaves the client undecided: one of the
// claimants (notiflux) ignores such text from its own clients too, and a client of another that
// began with rubbish can still connect.
//
// Bound: an undecided client costs a copy of its upgrade request, which the HTTP decoder keeps under
// limits::http_header_bytes_max (the body is left out), and its socket.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/count.h"
#include "protocol/protocol.h"

namespace carillon::protocol {

class SharedPath final : public Protocol {
 public:
    // The claimants are borrowed and outlive it. They have routed whatever else is theirs.
    // `decide_s`: how long a client may take to show what it speaks; 0: for ever.
    SharedPath(std::string path, std::vector<Protocol*> claimants, std::uint32_t decide_s = 0);

    std::string_view name() const override { return "shared"; }
    Result<void> routes(http::Router& router) override;
    std::unique_ptr<Session> open(const Opening& opening) override;
    std::string_view subprotocol(const http::Request& request) const override;
    void each_refusal(const RefusalVisitor& visit) const override;

 private:
    class Undecided;

    Protocol* claimant_by_subprotocol(const http::Request& request) const;
    Protocol* claimant_by_message(const Message& message) const;

    const std::string path_;
    const std::vector<Protocol*> claimants_;  // in the order in which they are asked
    const std::int64_t decide_ns_;
    base::SharedCount unclaimed_;  // messages
    base::SharedCount silent_;     // clients that were gone before they were decided
    base::SharedCount late_;       // clients that took too long to decide
};

}  // namespace carillon::protocol
