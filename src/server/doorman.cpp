#include "server/doorman.h"

#include "http/client_address.h"

namespace carillon::server {

Doorman::Doorman(const Config& config)
    : cors_(config.cors),
      api_path_(config.path_prefix + "/apps/"),
      api_(config.rate_limiter.enabled, config.rate_limiter.api),
      websocket_(config.rate_limiter.enabled, config.rate_limiter.websocket) {}

http::Doorman::Word Doorman::greet(const http::Request& request, const http::Match& match,
                                   Now now) {
    Word word{.instead = cors_.preflight(request),
              .headers = cors_.headers(request.header("Origin"))};
    if (word.instead) return word;
    if (match.kind == http::Match::Kind::upgrade) {
        websocket_.pass(request, now, word);
    } else if (request.path.starts_with(api_path_) ||
               (match.kind == http::Match::Kind::handler && request.method == "POST")) {
        api_.pass(request, now, word);
    }
    return word;
}

Doorman::Gate::Gate(bool enabled, const RateLimitConfig& config) : trust_hops_(config.trust_hops) {
    if (enabled) limiter_.emplace(config.requests_max, config.window_s);
}

void Doorman::Gate::pass(const http::Request& request, Now now, Word& word) {
    if (!limiter_) return;
    const auto verdict =
        limiter_->check(http::client_address(request.peer, request, trust_hops_), now);
    for (auto& header : http::rate_limit_headers(verdict)) {
        word.headers.push_back(std::move(header));
    }
    if (!verdict.allowed) word.instead = http::too_many_requests(verdict);
}

}  // namespace carillon::server
