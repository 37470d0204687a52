// http/cors.h: which pages of other origins may read our answers in a browser: which headers an
// answer to them carries, and what a preflight is told. Pure and immutable; any thread. Browsers
// enforce this, nobody else does: it guards people's credentials, never the server.
//
//   origin  := scheme "://" host [ ":" port ] | "null"      as a browser sends it
//   pattern := "*" | "any" | an origin in which one "*" stands for one or more characters
//
// Origins are compared without regard to case.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"
#include "http/response.h"

namespace carillon::http {

struct CorsPolicy {
    std::vector<std::string> origins{"*"};  // patterns; none: no page of another origin
    std::vector<std::string> methods{"GET", "POST", "OPTIONS"};
    std::vector<std::string> allowed_headers{"Authorization", "Content-Type", "X-Requested-With",
                                             "Accept", "X-Idempotency-Key"};
    bool credentials = true;  // cookies and the like; never where any origin may ask
};

// Whether the text is what the pattern says, in any case; its one "*" stands for something.
bool fits(std::string_view pattern, std::string_view text);

// At most one "*", and nothing behind the host: "https://a.example/" would never fit.
bool is_origin_pattern(std::string_view pattern);

// Whether this comes from a page of our own host, or from no page at all: the Origin against the
// Host of the same request. "null" (a file, a sandbox) is nobody's page.
bool is_from_own_page(const Request& request);

class Cors {
 public:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    explicit Cors(CorsPolicy policy);

    // What the answer to a request with this Origin carries; nothing for a malformed or foreign
    // one, and for none.
    Headers headers(std::string_view origin) const;

    // The answer to OPTIONS with Access-Control-Request-Method; nothing for all other requests.
    // Without headers(), which every answer gets.
    std::optional<Response> preflight(const Request& request) const;

 private:
    bool knows(std::string_view origin) const;

    const CorsPolicy policy_;
    const bool any_;  // origin may ask
};

}  // namespace carillon::http
