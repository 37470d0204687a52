// http/rate_limiter.h: how often each client may ask: at most so many times within a window that
// begins with its first question. Who asks more is refused until the window ends, and refusals do
// not move that end.
//
// One for all loops, so its table is cut into stripes with a lock each: a request holds one for as
// long as a map takes to find its entry. No publication to a subscriber comes by here. The number
// of clients is bounded (limits::rate_limit_addresses_max): where one more does not fit, the one
// whose window is the oldest is forgotten and may begin anew. So a crowd can make us forget others,
// but whoever owns so many addresses has that many allowances anyway, and nobody is locked out.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/count.h"
#include "base/limits.h"
#include "base/time.h"
#include "http/client_address.h"
#include "http/response.h"

namespace carillon::http {

class RateLimiter {
 public:
    struct Verdict {
        bool allowed = true;
        std::uint32_t limit = 0;
        std::uint32_t remaining = 0;
        std::uint32_t reset_s = 0;  // until the window ends; at least 1
    };

    // `requests_max` and `window_s` are at least 1.
    RateLimiter(std::uint32_t requests_max, std::uint32_t window_s,
                std::size_t clients_max = limits::rate_limit_addresses_max);

    // Any thread. Counts one question of whoever has this address (client_key).
    Verdict check(std::string_view address, Now now);

    // Any thread.
    std::uint64_t checks() const { return checks_.get(); }
    std::uint64_t triggered() const { return triggered_.get(); }  // answered with a refusal
    std::uint64_t forgotten() const { return forgotten_.get(); }  // before their windows' end
    std::size_t clients() const;

 private:
    static constexpr std::size_t stripe_count = 64;

    struct Window {
        std::uint32_t asked = 0;
        std::int64_t ends_ns = 0;
    };
    struct alignas(64) Stripe {
        void forget_oldest();

        mutable std::mutex mutex;
        std::unordered_map<ClientKey, Window, ClientKeyHash> windows;
        std::deque<ClientKey> oldest_first;  // the same keys; all windows are equally long
    };

    Window& window_of(Stripe& stripe, const ClientKey& key, Now now);

    const std::uint32_t requests_max_;
    const std::int64_t window_ns_;
    const std::size_t stripe_clients_max_;
    std::array<Stripe, stripe_count> stripes_;
    base::SharedCount checks_;
    base::SharedCount triggered_;
    base::SharedCount forgotten_;
};

// X-RateLimit-Limit, -Remaining and -Reset.
std::vector<std::pair<std::string, std::string>> rate_limit_headers(
    const RateLimiter::Verdict& verdict);

// 429, with Retry-After; rate_limit_headers() come beside it.
Response too_many_requests(const RateLimiter::Verdict& verdict);

}  // namespace carillon::http
