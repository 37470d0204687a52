#include "http/rate_limiter.h"

#include <algorithm>

#include "base/assert.h"

namespace carillon::http {

RateLimiter::RateLimiter(std::uint32_t requests_max, std::uint32_t window_s,
                         std::size_t clients_max)
    : requests_max_(requests_max),
      window_ns_(std::int64_t{window_s} * base::ns_per_s),
      stripe_clients_max_(std::max<std::size_t>(clients_max / stripe_count, 1)) {
    ASSERT(requests_max >= 1 && window_s >= 1);
}

RateLimiter::Verdict RateLimiter::check(std::string_view address, Now now) {
    checks_.add();
    const auto key = client_key(address);
    auto& stripe = stripes_[ClientKeyHash{}(key) % stripe_count];
    const std::lock_guard lock(stripe.mutex);
    auto& window = window_of(stripe, key, now);
    const bool allowed = window.asked < requests_max_;
    if (allowed) {
        ++window.asked;
    } else {
        triggered_.add();
    }
    const auto left_ns = std::max<std::int64_t>(window.ends_ns - now.steady_ns, 1);
    return {allowed, requests_max_, requests_max_ - window.asked,
            static_cast<std::uint32_t>((left_ns - 1) / base::ns_per_s + 1)};
}

// What has ended stands in front, so that each client is visited once more than it begins.
RateLimiter::Window& RateLimiter::window_of(Stripe& stripe, const ClientKey& key, Now now) {
    auto& windows = stripe.windows;
    while (!windows.empty() && windows[stripe.oldest_first.front()].ends_ns <= now.steady_ns) {
        stripe.forget_oldest();
    }
    const auto found = windows.find(key);
    if (found != windows.end()) return found->second;
    if (windows.size() == stripe_clients_max_) {
        stripe.forget_oldest();
        forgotten_.add();
    }
    stripe.oldest_first.push_back(key);
    return windows[key] = {0, now.steady_ns + window_ns_};
}

void RateLimiter::Stripe::forget_oldest() {
    windows.erase(oldest_first.front());
    oldest_first.pop_front();
}

std::size_t RateLimiter::clients() const {
    std::size_t count = 0;
    for (const auto& stripe : stripes_) {
        const std::lock_guard lock(stripe.mutex);
        count += stripe.windows.size();
    }
    return count;
}

std::vector<std::pair<std::string, std::string>> rate_limit_headers(
    const RateLimiter::Verdict& verdict) {
    return {{"X-RateLimit-Limit", std::to_string(verdict.limit)},
            {"X-RateLimit-Remaining", std::to_string(verdict.remaining)},
            {"X-RateLimit-Reset", std::to_string(verdict.reset_s)}};
}

Response too_many_requests(const RateLimiter::Verdict& verdict) {
    auto response = json(429, R"({"error":"Too Many Requests",)"
                              R"("message":"Rate limit exceeded. Please try again later."})");
    response.headers.emplace_back("Retry-After", std::to_string(verdict.reset_s));
    return response;
}

}  // namespace carillon::http
