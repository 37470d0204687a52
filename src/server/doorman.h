// server/doorman.h: what stands before every client route: which pages may read the answers
// (http/cors.h), and how often one address may ask (http/rate_limiter.h), both as configured. One
// for all loops. The admin port has none.
//
// Limited are requests to the API (what lies under /apps/) and upgrades. Health checks, the page
// and /usage are not, and neither is a preflight: a browser asks it on its own, and answering it
// costs less than counting it.
#pragma once

#include <optional>
#include <string>

#include "http/cors.h"
#include "http/rate_limiter.h"
#include "http/router.h"
#include "server/config.h"

namespace carillon::server {

class Doorman final : public http::Doorman {
 public:
    explicit Doorman(const Config& config);

    Word greet(const http::Request& request, const http::Match& match, Now now) override;

    // For the metrics; null where there is no limit.
    const http::RateLimiter* api_limiter() const { return api_.limiter(); }
    const http::RateLimiter* websocket_limiter() const { return websocket_.limiter(); }

 private:
    // The limit of one kind of question, if there is one.
    class Gate {
     public:
        Gate(bool enabled, const RateLimitConfig& config);
        // Counts the question; adds to the headers, and refuses what is too much.
        void pass(const http::Request& request, Now now, Word& word);
        const http::RateLimiter* limiter() const { return limiter_ ? &*limiter_ : nullptr; }

     private:
        std::optional<http::RateLimiter> limiter_;
        const std::uint32_t trust_hops_;
    };

    const http::Cors cors_;
    const std::string api_path_;  // "/apps/" below the prefix
    Gate api_;
    Gate websocket_;
};

}  // namespace carillon::server
